/**
 * A bundled program works if tenon is external. If tenon is part of the bundle, the import fails with the
 * reason.
 */
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Format } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { buildDir, pluginFile, root } from '../support/index.js';
import { node, packBuilt, projectWith } from './support.js';

const { archive } = packBuilt('bundles');
const FORMATS = ['esm', 'cjs'] as const;
const plugin = JSON.stringify(pluginFile('echo'));

const PROGRAM = `
  import { PluginHost } from 'tenon';
  async function main() {
    const host = new PluginHost();
    const instance = await (await host.load(${plugin})).new();
    const { addon, addonProblem } = host.capabilities;
    console.log(JSON.stringify({ answer: String(instance.callSync(Buffer.from('hello'))), addon, addonProblem }));
    await host.close();
  }
  main();`;

/**
 * Bundles the program into a folder two levels below the project. Returns the relative path of the bundle.
 */
async function bundle(folder: string, format: Format, external: string[]): Promise<string> {
  writeFileSync(join(folder, 'program.mjs'), PROGRAM);
  const outfile = join('web', 'out', format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
  await build({
    absWorkingDir: folder,
    entryPoints: ['program.mjs'],
    outfile,
    bundle: true,
    platform: 'node',
    format,
    external,
    logLevel: 'silent',
  });
  return outfile;
}

/** Copies the native files of this checkout into the installed tenon. */
function installNativeFiles(folder: string): void {
  const release = join(folder, 'node_modules', 'tenon', 'build', 'Release');
  cpSync(join(buildDir, 'Release'), release, { recursive: true });
}

describe.each(FORMATS)('a bundle in the format %s', (format) => {
  test('works if tenon is external', async () => {
    const folder = projectWith(archive);
    installNativeFiles(folder);
    const ran = node(folder, await bundle(folder, format, ['tenon']));
    expect(ran.stderr).toBe('');
    expect(JSON.parse(ran.stdout)).toEqual({ answer: 'hello', addon: true, addonProblem: null });
  });

  test('searches native files in the installed tenon and not near the bundle', async () => {
    const folder = projectWith(archive);
    placeForeignFiles(folder);
    const ran = node(folder, await bundle(folder, format, ['tenon']));
    const { addon, addonProblem } = JSON.parse(ran.stdout);
    expect(addon).toBe(false);
    expect(addonProblem).toContain('was installed from its sources');
  });

  test.each([
    ['nothing', () => undefined],
    ['a package of another name', (folder: string) => placePackage(folder, 'a-project')],
    ['a package called tenon', (folder: string) => placePackage(folder, 'tenon')],
    ['an addon called tenon.node', (folder: string) => placeForeignFiles(folder)],
    [
      'both, as in a checkout',
      (folder: string) => {
        placePackage(folder, 'tenon');
        placeForeignFiles(folder);
      },
    ],
  ])('fails to import tenon inside the bundle, with %s two folders above', async (_, prepare) => {
    const folder = projectWith(archive);
    installNativeFiles(folder);
    prepare(folder);
    const ran = node(folder, await bundle(folder, format, []));
    expect(ran).toMatchObject({ status: 1, stdout: '' });
    expect(ran.stderr).toContain('TenonError: tenon cannot run from inside');
    expect(ran.stderr).toContain("code: 'ERR_TENON_UNSUPPORTED'");
    expect(ran.stderr).toContain('it was bundled');
    expect(ran.stderr).toContain('--external:tenon');
  });
});

/** Writes the package.json of the project, which is two folders above its bundle. */
function placePackage(folder: string, name: string): void {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '9.9.9' }));
}

/** Copies a valid addon to a folder of the project that is not that of tenon. */
function placeForeignFiles(folder: string): void {
  mkdirSync(join(folder, 'build'));
  cpSync(join(buildDir, 'Release'), join(folder, 'build', 'Release'), { recursive: true });
}

test('require and import of tenon return the same module', () => {
  const folder = projectWith(archive);
  writeFileSync(
    join(folder, 'program.cjs'),
    `const required = require('tenon');
     const suite = require('tenon/check');
     import('tenon').then((imported) => console.log(
       required.PluginHost === imported.PluginHost, typeof required.PluginHost, typeof suite.check));`,
  );
  expect(node(folder, 'program.cjs')).toMatchObject({ stdout: 'true function function\n', stderr: '' });
});

test('no module of tenon has a top-level await, so that require can load it', () => {
  const scripts = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.js') && !/^(cli\/(main|worker)|admission\/probe-child)\.js$/.test(file),
  );
  const folder = projectWith(archive);
  const files = scripts.map((file) => join(folder, 'node_modules', 'tenon', 'dist', file));
  writeFileSync(join(folder, 'all.cjs'), `for (const file of ${JSON.stringify(files)}) require(file);`);
  expect(node(folder, 'all.cjs')).toMatchObject({ status: 0, stderr: '' });
});
