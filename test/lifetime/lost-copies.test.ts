/** The private copies of loaded plugins disappear: it costs a copy, and never blames a plugin. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyFolder } from '../../src/admission/copy-folder.js';
import { lockFile } from '../../src/admission/file-lock.js';
import { type LoadOptions, type Plugin, PluginHost } from '../../src/index.js';
import {
  answering,
  compile,
  faultFile,
  pluginFile,
  runNode,
  temporaryFolder,
  withAddon,
  withRunner,
} from '../support/index.js';

const TIERS: readonly LoadOptions[] = [
  { isolation: 'inline' },
  ...(withAddon ? [{ isolation: 'thread' } as const] : []),
  ...(withRunner && withAddon ? [{ isolation: 'process', transport: 'shared-memory' } as const] : []),
  ...(withRunner ? [{ isolation: 'process', transport: 'pipe' } as const] : []),
];

const answer = async (plugin: Plugin) => {
  const instance = await plugin.new();
  return String(await instance.call(Buffer.from('same')));
};

/** Removes a part of the cache: a single copy, the folder of the process, or everything. */
const REMOVALS: Readonly<Record<string, (cache: string) => void>> = {
  'all copies are removed': (cache) => {
    for (const file of readdirSync(cache, { recursive: true }).map(String))
      if (file.endsWith('.so')) rmSync(join(cache, file));
  },
  'the folder of the process is removed': (cache) => {
    for (const name of readdirSync(cache)) rmSync(join(cache, name), { recursive: true });
  },
  'the whole folder is removed': (cache) => rmSync(cache, { recursive: true }),
  'the folder is replaced by an empty one': (cache) => {
    renameSync(cache, `${cache}-old`);
    mkdirSync(cache, { mode: 0o700 });
  },
};

const cases = TIERS.flatMap((options) =>
  Object.keys(REMOVALS).map((what) => ({
    what,
    options,
    tier: `${options.isolation} ${options.transport ?? ''}`,
  })),
);

describe.runIf(process.platform === 'linux').each(cases)('$tier: when $what', ({ what, options }) => {
  test('the next load makes them again', async () => {
    const folder = temporaryFolder();
    const cacheDir = join(folder, 'cache');
    await using host = new PluginHost({ cacheDir, stateDir: join(folder, 'state') });
    const plugin = await host.load(pluginFile('echo'), options);
    expect(await answer(plugin)).toBe('same');
    REMOVALS[what]?.(cacheDir);
    expect(await answer(await host.load(pluginFile('echo'), options))).toBe('same');
    expect(await answer(plugin)).toBe('same');
    expect(await host.quarantine.list()).toEqual([]);
  });

  test.runIf(options.isolation === 'process')('a restarted process finds them again', async () => {
    const folder = temporaryFolder();
    const cacheDir = join(folder, 'cache');
    await using host = new PluginHost({ cacheDir, stateDir: join(folder, 'state') });
    const plugin = await host.load(pluginFile('echo'), { ...options, whenDown: 'wait' });
    const instance = await plugin.new();
    for (let round = 0; round < 3; round++) {
      REMOVALS[what]?.(cacheDir);
      rmSync(`${cacheDir}-old`, { recursive: true, force: true });
      process.kill(plugin.process?.pid ?? 0, 'SIGKILL');
      await new Promise((resolve) => plugin.once('exit', resolve));
      expect(String(await instance.call(Buffer.from('same')))).toBe('same');
    }
    expect(await host.quarantine.list()).toEqual([]);
  });
});

test.runIf(process.platform === 'linux' && withRunner)(
  'when copy and original are gone, calls fail until the original is back, and the digest is not blamed',
  async () => {
    const folder = temporaryFolder();
    const cacheDir = join(folder, 'cache');
    const path = compile(folder, 'lost', answering('lost', 'found'));
    await using host = new PluginHost({ cacheDir, stateDir: join(folder, 'state') });
    const plugin = await host.load(path, {
      isolation: 'process',
      restart: { max: 1, backoff: { initial: 1, max: 5 } },
    });
    const instance = await plugin.new();
    const states: string[] = [];
    plugin.on('state', ({ to }) => states.push(to));
    renameSync(path, `${path}.away`);
    rmSync(cacheDir, { recursive: true });
    process.kill(plugin.process?.pid ?? 0, 'SIGKILL');
    await expect
      .poll(() => states.filter((state) => state === 'starting').length, { timeout: 20_000 })
      .toBeGreaterThan(4);
    await expect(instance.call(Buffer.alloc(0))).rejects.toMatchObject({
      code: 'ERR_TENON_CRASHED',
      message: expect.stringContaining('Cannot make a private copy'),
    });
    expect(states).not.toContain('failed');
    renameSync(`${path}.away`, path);
    await expect.poll(() => plugin.state, { timeout: 20_000 }).toBe('running');
    await expect
      .poll(() => instance.call(Buffer.alloc(0)).then(String, () => ''), { timeout: 20_000 })
      .toBe('found');
    expect(await host.quarantine.list()).toEqual([]);
  },
);

test.runIf(process.platform === 'linux' && withRunner)(
  'a plugin that really crashes too often is still blamed',
  async () => {
    await using host = new PluginHost();
    const failing = host.load(faultFile('constructor-segfault'), { isolation: 'process' });
    await expect(failing).rejects.toMatchObject({ code: 'ERR_TENON_PROBE_CRASHED' });
  },
);

test.runIf(process.platform === 'linux')(
  'the folder of copies is locked while its process runs',
  async () => {
    const folder = await copyFolder(join(temporaryFolder(), 'cache'));
    const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      expect(lockFile(descriptor, 'exclusive')).toBe(false);
      expect(lockFile(descriptor, 'shared')).toBe(true);
    } finally {
      closeSync(descriptor);
    }
  },
);

/** Starts a program in a PID namespace of its own. In a container or a chroot this may be impossible. */
const inNamespace = (...command: string[]) =>
  spawnSync('unshare', ['--fork', '--pid', '--mount-proc', ...command], { encoding: 'utf8' });
const canUnshare = inNamespace('true').status === 0;

test.runIf(process.platform === 'linux' && canUnshare)(
  'a process of another PID namespace removes the folders of ended processes only',
  async () => {
    const cache = join(temporaryFolder(), 'cache');
    const own = await copyFolder(cache);
    const entry = new URL('../../dist/index.js', import.meta.url).href;
    const program = `const { PluginHost } = await import(${JSON.stringify(entry)});
      const host = new PluginHost({ cacheDir: ${JSON.stringify(cache)} });
      await host.load(${JSON.stringify(pluginFile('echo'))}); process.kill(process.pid, 'SIGKILL');`;
    // The first process of a namespace cannot kill itself, so a shell starts it.
    const command = `'${process.execPath}' --input-type=module -e "$1"; true`;
    const killed = () => inNamespace('sh', '-c', command, 'sh', program);
    killed();
    expect(readdirSync(cache)).toHaveLength(2);
    killed();
    // The first folder was left by a process that was killed.
    expect(readdirSync(cache)).toHaveLength(2);
    expect(readdirSync(cache).map((name) => join(cache, name))).toContain(own);
  },
);

describe.runIf(process.platform === 'linux')('a default folder that another user made first', () => {
  test('is not used, and the next process finds the one that was made instead', async () => {
    const TMPDIR = temporaryFolder();
    const squatted = join(TMPDIR, `tenon-${process.getuid?.()}`);
    mkdirSync(squatted, { mode: 0o777 });
    spawnSync('chmod', ['777', squatted]);
    for (let round = 0; round < 2; round++) {
      const run = await runNode(
        `const host = new tenon.PluginHost();
         console.log((await host.load(plugins + '/echo' + extension)).name);
         await host.close();`,
        { env: { TMPDIR, TENON_CACHE_DIR: '' } },
      );
      expect(run).toMatchObject({ code: 0, stdout: 'echo\n' });
      expect(readdirSync(TMPDIR).filter((name) => name.startsWith('tenon-'))).toHaveLength(2);
      expect(readdirSync(squatted)).toEqual([]);
    }
  });
});
