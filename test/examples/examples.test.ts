/** The example plugins of the package, both prebuilt and compiled on first use. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exampleConnectors, examplePlugins } from '../../src/examples/index.js';
import { PluginHost } from '../../src/index.js';
import { pluginsDir, root, temporaryFolder } from '../support/index.js';

test('a checkout uses the example plugins of its build', async () => {
  if (process.env['TENON_BUILD'] !== undefined) return;
  expect(await examplePlugins()).toBe(pluginsDir);
  expect(await exampleConnectors()).toBe(join(pluginsDir, 'flow'));
});

/** Creates a folder in which the package is installed without its native parts. */
function bare(): { folder: string; cache: string } {
  const folder = temporaryFolder();
  const installed = join(folder, 'node_modules', 'tenon');
  mkdirSync(installed, { recursive: true });
  for (const part of ['package.json', 'dist', 'include', 'plugins-c'])
    cpSync(join(root, part), join(installed, part), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  return { folder, cache: join(folder, 'cache') };
}

/** Runs a program in the folder, in its own Node.js process. */
function run(folder: string, env: Record<string, string>, code: string) {
  return spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: folder,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
}

const LOAD = `
  const { examplePlugins } = await import('tenon/examples');
  const { PluginHost } = await import('tenon');
  const folders = await Promise.all([examplePlugins(), examplePlugins()]);
  const host = new PluginHost({ paths: [folders[0]] });
  const { plugins, refused } = await host.discover();
  console.log(folders[0] === folders[1], refused.length, plugins.map(({ name }) => name).sort().join());
  await host.close();`;

test('example plugins that were not built are compiled once and are all admitted', async () => {
  const { folder, cache } = bare();
  const env = { TENON_CACHE_DIR: cache };
  for (const _ of [1, 2]) {
    const ended = run(folder, env, LOAD);
    expect(ended).toMatchObject({
      status: 0,
      stderr: '',
      stdout: 'true 0 echo,math,metronome,text,wordcount\n',
    });
  }
  expect(readdirSync(cache).filter((name) => name.startsWith('examples-'))).toHaveLength(1);
}, 60_000);

test('connectors that were not built are compiled into a folder of their own', () => {
  const { folder, cache } = bare();
  const ended = run(
    folder,
    { TENON_CACHE_DIR: cache },
    LOAD.replaceAll('examplePlugins', 'exampleConnectors'),
  );
  expect(ended).toMatchObject({
    ...{ status: 0, stderr: '' },
    stdout: 'true 0 blackhole,blaster,file,length-prefixed,lines,metronome-source,tail,tcp-sink,tcp-source\n',
  });
  expect(readdirSync(cache)).toEqual([expect.stringMatching(/^examples-.*-flow$/)]);
}, 120_000);

test('a missing compiler is an error that says what to install', async () => {
  const { folder, cache } = bare();
  const env = { TENON_CACHE_DIR: cache, CC: join(folder, 'no-compiler') };
  const ended = run(
    folder,
    env,
    `await (await import('tenon/examples')).examplePlugins().catch(({ code, message }) => console.log(code, message));`,
  );
  expect(ended.stdout).toMatch(
    /^ERR_TENON_UNSUPPORTED Cannot compile the example plugin echo: .*Install a C compiler/,
  );
  expect(readdirSync(cache)).toEqual([]);
});

test('the example plugin wordcount counts words', async () => {
  await using host = new PluginHost({ paths: [await examplePlugins()] });
  const counter = await (await host.load('wordcount')).new();
  expect(counter.callSync(Buffer.from('a plugin in a tenon\n')).readBigUInt64LE(8)).toBe(5n);
});
