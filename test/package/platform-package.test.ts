/**
 * The package with compiled files of this platform, next to an installed tenon: it is found and used, and whatever is
 * wrong with it is said. `npm run test:install` does the same with package managers and a registry.
 */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeFiles, mainManifest, platformManifest } from '../../scripts/lib/packed.mjs';
import { PLATFORMS, packageOf } from '../../scripts/lib/platforms.mjs';
import { buildDir, pluginFile, root } from '../support/index.js';
import { node, packBuilt, projectWith } from './support.js';

const { archive } = packBuilt('platform-package');
const header = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
const libc = header.header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
const platform = PLATFORMS.find(
  (one) =>
    one.os === process.platform && one.cpu === process.arch && (one.libc === undefined || one.libc === libc),
);

const PROGRAM = `
  import { PluginHost } from 'tenon';
  const host = new PluginHost();
  const { addon, addonProblem, runnerProblem } = host.capabilities;
  const seen = { addon, addonProblem, runnerProblem };
  try {
    const plugin = await host.load(${JSON.stringify(pluginFile('echo'))}, { isolation: 'process' });
    const instance = await plugin.new();
    seen.answer = String(await instance.call(Buffer.from('hello')));
  } catch (error) {
    seen.problem = error.message;
  }
  await host.close();
  console.log(JSON.stringify(seen));`;

interface Seen {
  readonly addon: boolean;
  readonly addonProblem: string | null;
  readonly runnerProblem: string | null;
  readonly answer?: string;
  readonly problem?: string;
}

function see(folder: string, ...options: string[]): Seen {
  const ran = node(folder, ...options, '--input-type=module', '-e', PROGRAM);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(ran.stdout) as Seen;
}

describe.skipIf(platform === undefined || process.platform !== 'linux')(
  'the package of this platform',
  () => {
    const here = platform as NonNullable<typeof platform>;
    const name = packageOf(here);

    const release = join(buildDir, 'Release');

    /**
     * A project with a published tenon and this build as the package of the platform. `stated`: what its package.json
     * says instead. Returns the folders of both.
     */
    function project(stated: { name?: string; version?: string } = {}): { folder: string; compiled: string } {
      const folder = projectWith(archive);
      publish(folder, { [name]: describeFiles(here, release) });
      const compiled = join(folder, 'node_modules', ...name.split('/'));
      mkdirSync(compiled, { recursive: true });
      for (const file of here.files) cpSync(join(release, file), join(compiled, file));
      const manifest = { ...platformManifest(here), ...stated };
      writeFileSync(join(compiled, 'package.json'), JSON.stringify(manifest));
      return { folder, compiled };
    }

    /** Makes the tenon of a project one that was published with the packages of `compiled`. */
    function publish(folder: string, compiled: object): void {
      writeFileSync(
        join(folder, 'node_modules', 'tenon', 'package.json'),
        JSON.stringify(mainManifest(compiled)),
      );
    }

    test('is used without a build', () => {
      const { folder } = project();
      expect(see(folder)).toEqual({ addon: true, addonProblem: null, runnerProblem: null, answer: 'hello' });
    });

    test('is reported, with the remedies, if it is not installed', () => {
      const { folder, compiled } = project();
      rmSync(compiled, { recursive: true });
      const { addon, addonProblem, problem } = see(folder);
      expect(addon).toBe(false);
      expect(addonProblem).toMatch(
        new RegExp(
          `^The package ${name}, .* is not installed.*--omit=optional.*npm install --no-save ${name}@`,
        ),
      );
      expect(addonProblem).toContain('npx tenon build');
      expect(problem).toContain(
        `The package ${name}, which has tenon-runner for this platform, is not installed`,
      );
    });

    test('is missed if node_modules comes from another platform', () => {
      const { folder, compiled } = project();
      const files = describeFiles(here, release);
      publish(folder, { [name]: files, '@tenon/win32-x64': files });
      renameSync(compiled, join(compiled, '..', 'win32-x64'));
      expect(see(folder).addonProblem).toContain(
        '@tenon/win32-x64 is installed instead: node_modules or its lock file comes from another machine',
      );
    });

    test('is not loaded if a file of it is only a part', () => {
      const { folder, compiled } = project();
      for (const file of ['tenon.node', 'tenon-runner']) truncateSync(join(compiled, file), 5000);
      const { addonProblem, problem } = see(folder);
      expect(addonProblem).toMatch(/tenon\.node has 5000 bytes, expected \d+, so the package .* is damaged/);
      expect(problem).toMatch(/tenon-runner has 5000 bytes, expected \d+/);
    });

    test('says how to mend programs that lost the permission to be executed', () => {
      const { folder, compiled } = project();
      const runner = join(compiled, 'tenon-runner');
      chmodSync(runner, 0o644);
      const { addon, runnerProblem, problem } = see(folder);
      expect(addon).toBe(true);
      expect(runnerProblem).toContain(`Run: chmod +x '${runner}'.`);
      expect(problem).toContain(`Run: chmod +x '${runner}'.`);
    });

    test('says if the file system forbids programs, which no mode mends', () => {
      const { folder, compiled } = project();
      const fake = join(folder, 'no-programs.cjs');
      // Like a mount with noexec: the mode permits it, and access(2) refuses it, which root cannot try otherwise.
      writeFileSync(
        fake,
        `const fs = require('node:fs');
         const { accessSync } = fs;
         fs.accessSync = (file, mode) => {
           if (mode === fs.constants.X_OK) throw new Error('EACCES');
           return accessSync(file, mode);
         };
         require('node:module').syncBuiltinESMExports();`,
      );
      const { runnerProblem } = see(folder, '--require', fake);
      expect(runnerProblem).toContain(
        `${join(compiled, 'tenon-runner')} cannot be executed, although its mode`,
      );
      expect(runnerProblem).not.toContain('chmod');
    });

    test.each([
      ['of another version', { version: '0.0.1' }, `${name} has the version 0.0.1, but tenon has`],
      ['of another name', { name: 'impostor' }, `has the package impostor, expected ${name}`],
    ])('is not loaded if it is %s', (_, stated, sentence) => {
      const { folder } = project(stated);
      const { addon, addonProblem, runnerProblem, problem } = see(folder);
      expect(addon).toBe(false);
      for (const text of [addonProblem, runnerProblem, problem]) {
        expect(text).toContain(sentence);
        expect(text).toContain(`npm install --no-save ${name}@`);
      }
    });

    test('is not loaded if a file of the same size has another content', () => {
      const { folder, compiled } = project();
      for (const file of ['tenon.node', 'tenon-runner']) {
        const bytes = readFileSync(join(compiled, file));
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
        writeFileSync(join(compiled, file), bytes);
      }
      const { addon, addonProblem, runnerProblem } = see(folder);
      expect(addon).toBe(false);
      expect(addonProblem).toMatch(
        /has the SHA-256 \w{64}, expected \w{64}, so the package .* set TENON_ADDON/,
      );
      expect(runnerProblem).toMatch(/has the SHA-256 .* set TENON_RUNNER/);
    });

    test.each([
      ['was never published', null, 'was installed from its sources and not from a registry'],
      ['was published without it', {}, 'tenon has no compiled files for'],
    ])('is not loaded, and not recommended, if tenon %s', (_, compiled, sentence) => {
      const { folder } = project();
      if (compiled !== null) publish(folder, compiled);
      else cpSync(join(root, 'package.json'), join(folder, 'node_modules', 'tenon', 'package.json'));
      const { addon, addonProblem, runnerProblem } = see(folder);
      expect(addon).toBe(false);
      for (const text of [addonProblem, runnerProblem]) {
        expect(text).toContain(sentence);
        expect(text).toContain('npx tenon build');
        expect(text).not.toContain('@tenon/');
      }
    });
  },
);

test('the published main package runs no scripts, and depends on the packages that were packed with it', () => {
  const compiled = { '@tenon/linux-x64-gnu': {}, '@tenon/darwin-arm64': {} };
  const { version, scripts, devDependencies, optionalDependencies } = mainManifest(compiled) as {
    version: string;
    scripts?: object;
    devDependencies?: object;
    optionalDependencies: Record<string, string>;
  };
  expect({ scripts, devDependencies }).toEqual({});
  expect(optionalDependencies).toEqual({ '@tenon/linux-x64-gnu': version, '@tenon/darwin-arm64': version });
  expect(PLATFORMS.map(packageOf)).toHaveLength(8);
  // They are not published yet, so the checkout depends on none.
  expect(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).not.toHaveProperty(
    'optionalDependencies',
  );
});
