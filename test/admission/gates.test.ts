import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GATES, PluginHost } from '../../src/index.js';
import { answering, compile, folderWith, pluginFile, temporaryFolder } from '../support/index.js';

const refusal = async (host: PluginHost, path: string) => {
  const outcome = await host.load(path).then(
    () => 'admitted' as const,
    (error: { code: string; gate: string; path: string; message: string }) => error,
  );
  if (outcome === 'admitted') throw new Error(`${path} was admitted`);
  return outcome;
};

test('the manifest of an admitted plugin lists all gates in order, each with its duration', async () => {
  await using host = new PluginHost();
  const { manifest } = await host.load(pluginFile('wordcount'));
  expect(manifest.gates.map(({ gate }) => gate)).toEqual(GATES);
  expect(manifest.gates.every(({ ms }) => ms >= 0 && ms < 60_000)).toBe(true);
});

describe('a file that is not a plugin is refused before any of its code runs', () => {
  test.each([
    ['a missing file', (folder: string) => join(folder, 'none.so'), 'find', 'ERR_TENON_NOT_FOUND'],
    ['a directory', (folder: string) => folder, 'find', 'ERR_TENON_UNREADABLE'],
    ['a dangling link', (folder: string) => link(folder, 'nowhere'), 'find', 'ERR_TENON_NOT_FOUND'],
    ['a link to itself', (folder: string) => link(folder, 'x.so'), 'find', 'ERR_TENON_NOT_FOUND'],
    ['a FIFO', (folder: string) => fifo(folder), 'find', 'ERR_TENON_UNREADABLE'],
    ['an empty file', (folder: string) => file(folder, ''), 'inspect', 'ERR_TENON_NOT_A_LIBRARY'],
    [
      'plain text',
      (folder: string) => file(folder, 'hello\n'.repeat(1000)),
      'inspect',
      'ERR_TENON_NOT_A_LIBRARY',
    ],
    ['a truncated plugin', (folder: string) => truncated(folder), 'inspect', 'ERR_TENON_NOT_A_LIBRARY'],
    [
      'a library that is not a plugin',
      (folder: string) => compile(folder, 'x', 'int x;'),
      'inspect',
      'ERR_TENON_MISSING_SYMBOL',
    ],
  ])('%s', async (_, make, gate, code) => {
    await using host = new PluginHost();
    const path = make(temporaryFolder());
    const error = await refusal(host, path);
    expect([error.gate, error.code]).toEqual([gate, code]);
    expect(error.path).toBe(path);
    expect(error.message).toContain(path);
  });

  const file = (folder: string, text: string) => {
    writeFileSync(join(folder, 'x.so'), text);
    return join(folder, 'x.so');
  };
  const link = (folder: string, target: string) => {
    symlinkSync(target, join(folder, 'x.so'));
    return join(folder, 'x.so');
  };
  const fifo = (folder: string) => {
    execFileSync('mkfifo', [join(folder, 'x.so')]);
    return join(folder, 'x.so');
  };
  const truncated = (folder: string) => {
    cpSync(pluginFile('wordcount'), join(folder, 'x.so'));
    truncateSync(join(folder, 'x.so'), 700);
    return join(folder, 'x.so');
  };
});

test('a plugin without a descriptor is admitted unless the host requires one', async () => {
  const path = compile(
    temporaryFolder(),
    'bare',
    answering('bare', 'x').replace('TENON_STATELESS_PLUGIN("bare", "1.0.0", answer);', '') +
      `static const tenon_plugin table = {sizeof table, 0, get_version, get_name, tenon_new_nothing, tenon_drop_nothing, answer, NULL};
       const char *get_version(void) { return "1.0.0"; }
       const char *get_name(void) { return "bare"; }
       const tenon_plugin *get_plugin(void) { return &table; }`,
  );
  await using lenient = new PluginHost();
  const { manifest } = await lenient.load(path);
  expect(manifest).toMatchObject({ name: 'bare', version: null, described: false, abi: '1.0.0' });
  await using strict = new PluginHost({ descriptor: 'required' });
  expect(await refusal(strict, path)).toMatchObject({ gate: 'inspect', code: 'ERR_TENON_BAD_DESCRIPTOR' });
});

test('a refused plugin leaves no copy in the cache folder', async () => {
  const folder = temporaryFolder();
  const cacheDir = join(folder, 'cache');
  const path = compile(folder, 'copied', answering('copied', 'x'));
  await using host = new PluginHost({ cacheDir, trust: { digests: ['00'.repeat(32)] } });
  await refusal(host, path);
  const left = readdirSync(cacheDir, { recursive: true }).map(String);
  expect(left.filter((name) => name.endsWith('.so') || name.endsWith('.tmp'))).toEqual([]);
});

test('paths of plugins and cache folders may contain spaces and non-ASCII characters', async () => {
  const folder = join(temporaryFolder(), 'with space & ünïcode');
  mkdirSync(folder);
  const path = compile(folder, 'spaced out', answering('spaced', 'x'));
  await using host = new PluginHost({ cacheDir: join(folder, 'my cache') });
  expect((await host.load(path)).name).toBe('spaced');
});

test('a world-writable plugin is refused unless the trust policy allows it', async () => {
  const folder = folderWith(pluginFile('wordcount'));
  const path = join(folder, 'wordcount.so');
  chmodSync(path, 0o666);
  await using host = new PluginHost();
  expect(await refusal(host, path)).toMatchObject({ gate: 'trust', code: 'ERR_TENON_UNTRUSTED' });
  await using lenient = new PluginHost({ trust: { othersMayWrite: true } });
  expect((await lenient.load(path)).name).toBe('wordcount');
});

test('the verdict of a probe is written to the file that the options name', async () => {
  const folder = temporaryFolder();
  const verdicts = join(folder, 'verdicts.json');
  await using host = new PluginHost({ verdicts, probe: { mode: 'always' } });
  await host.load(pluginFile('wordcount'));
  expect(existsSync(verdicts)).toBe(true);
});
