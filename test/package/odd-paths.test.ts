/** Folders whose names have spaces, quotes, letters outside of ASCII, and characters that URLs and shells treat specially. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildDir, extension, pluginFile, root, temporaryFolder } from '../support/index.js';
import { node, packBuilt, projectWith } from './support.js';

const ODD = "ödd #1 100%41 it's";
const { archive } = packBuilt('odd-paths');
const MAIN = join('node_modules', 'tenon', 'dist', 'cli', 'main.js');

/** Loads the plugin in each tier, with private copies in a folder for temporary files that is odd, too. */
const PROGRAM = `
  import { PluginHost } from 'tenon';
  const [file, folder] = process.argv.slice(1);
  const host = new PluginHost({ paths: [folder], stateDir: folder + '/state' });
  const seen = {};
  for (const isolation of host.capabilities.isolation) {
    const plugin = await host.load(file, { isolation });
    const instance = await plugin.new();
    seen[isolation] = String(await instance.call(Buffer.from('hello')));
    await plugin.close();
  }
  seen.discovered = (await host.discover()).plugins.length;
  await host.close();
  console.log(JSON.stringify(seen));`;

/** A project in an odd folder, with an installed tenon and a plugin in another odd folder. */
function oddProject() {
  const made = projectWith(archive);
  const folder = join(temporaryFolder(), ODD);
  renameSync(made, folder);
  const release = join(folder, 'node_modules', 'tenon', 'build', 'Release');
  cpSync(join(buildDir, 'Release'), release, { recursive: true });
  const plugins = join(folder, `plugins ${ODD}`);
  mkdirSync(plugins);
  const file = join(plugins, `echo ${ODD}${extension}`);
  cpSync(pluginFile('echo'), file);
  return { folder, plugins, file };
}

describe.skipIf(process.platform !== 'linux')(`in a folder called ${ODD}`, () => {
  test('an installed tenon loads plugins in every tier', () => {
    const { folder, plugins, file } = oddProject();
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = plugins;
    try {
      const ran = node(folder, '--input-type=module', '-e', PROGRAM, file, plugins);
      expect(ran).toMatchObject({ status: 0, stderr: '' });
      const tiers = { inline: 'hello', thread: 'hello', process: 'hello' };
      expect(JSON.parse(ran.stdout)).toEqual({ ...tiers, discovered: 1 });
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
  });

  test('the command inspects and checks, and prints lines that a shell takes as they are', () => {
    const { folder, file } = oddProject();
    expect(node(folder, MAIN, 'inspect', file)).toMatchObject({ status: 0, stderr: '' });
    expect(node(folder, MAIN, 'check', file, '--filter', 'abi/load')).toMatchObject({
      status: 0,
      stderr: '',
    });
    const made = node(folder, MAIN, 'new', 'plug', '--folder', `new ${ODD}`);
    expect(made).toMatchObject({ status: 0, stderr: '' });
    const [, command = ''] = /^Now: (cd .*?) && npm/m.exec(made.stdout) ?? [];
    const shell = spawnSync('/bin/sh', ['-c', `${command} && pwd`], { cwd: folder, encoding: 'utf8' });
    expect(shell).toMatchObject({ status: 0, stdout: `${join(folder, `new ${ODD}`)}\n` });
  });
});

test('the scripts of the checkout import files by their URLs, because a path may contain # or %', () => {
  const scripts = ['build-platforms.mjs', 'lib/compiled.mjs', 'docs.mjs', 'test-platforms.mjs'];
  for (const name of scripts) {
    const text = readFileSync(join(root, 'scripts', name), 'utf8').replaceAll(/\s+/g, ' ');
    const paths = [...text.matchAll(/\bimport\( ?([^'"][^)]*)/g)].map(([, argument = '']) => argument);
    expect(
      paths.filter((argument) => !argument.startsWith('pathToFileURL(')),
      name,
    ).toEqual([]);
  }
});
