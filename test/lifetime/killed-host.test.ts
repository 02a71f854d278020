/**
 * A host that is killed at a random moment leaves nothing: no process, not even a defunct one, and no file that
 * the next host does not remove.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { pluginFile, root, temporaryFolder } from '../support/index.js';
import { compiled, FIXTURE, hasProcesses, PARENT } from '../support/processes.js';

/** The number of kills. TENON_TEST_KILLS=100 is the long run. */
const KILLS = Number(process.env['TENON_TEST_KILLS'] ?? 10);
/** Milliseconds within which a host is killed: before, during and after its starts. */
const LATEST = 1500;
const text = JSON.stringify;
const entry = pathToFileURL(join(root, 'dist', 'index.js')).href;

interface Folders {
  readonly cacheDir: string;
  readonly stateDir: string;
  readonly TMPDIR: string;
}

/** A program with plugins in all tiers and transports, which work, hang, start processes, and crash. */
const busy = ({ cacheDir, stateDir }: Folders, parent: string, fixture: string): string => `
  import * as tenon from ${text(entry)};
  const host = new tenon.PluginHost(${text({ cacheDir, stateDir })});
  setInterval(() => {}, 1000);
  const start = async (file, options) => {
    const plugin = await host.load(file, options);
    return plugin.new();
  };
  const ways = host.capabilities.transports.map((transport) => ({ isolation: 'process', transport }));
  await Promise.all(ways.map(async (way, i) => {
    const family = await start(i === 0 ? ${text(parent)} : ${text(pluginFile('wordcount'))}, way);
    await family.call(Buffer.from('x'));
    if (i === 0) await family.call(Buffer.from('away'));
    const boxed = await start(${text(pluginFile('gzip'))}, { ...way, sandbox: true, limits: { memory: 1 << 28 } });
    boxed.call(Buffer.alloc(8 << 20)).catch(() => {});
  }));
  (await start(${text(pluginFile('echo'))}, { isolation: 'thread' })).call(Buffer.alloc(8 << 20)).catch(() => {});
  const shaky = await start(${text(fixture)}, { isolation: 'process', restart: { max: 1000, backoff: { initial: 1 } } });
  for (;;) await shaky.call(Buffer.from('ds')).catch(() => new Promise((resolve) => setTimeout(resolve, 1)));`;

/** A program that loads one plugin and ends in an orderly way. */
const calm = ({ cacheDir, stateDir }: Folders): string => `
  import * as tenon from ${text(entry)};
  const host = new tenon.PluginHost(${text({ cacheDir, stateDir })});
  await host.load(${text(pluginFile('echo'))}, { isolation: 'process' });
  await host.close();`;

async function run(command: readonly string[], { TMPDIR }: Folders) {
  const [program = '', ...rest] = command;
  const child = spawn(program, rest, {
    env: { ...process.env, NODE_OPTIONS: '', TMPDIR },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (some: string) => {
    stdout += some;
  });
  child.stderr.setEncoding('utf8').on('data', (some: string) => {
    stderr += some;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describe.runIf(hasProcesses)('a host', () => {
  test(`that is killed at ${KILLS} random moments leaves nothing`, {
    timeout: 60_000 + KILLS * 10_000,
  }, async () => {
    const folder = temporaryFolder();
    const survivors = join(folder, 'survivors');
    execFileSync('cc', ['-o', survivors, join(root, 'test', 'support', 'survivors.c')]);
    const folders = {
      ...{ cacheDir: join(folder, 'cache'), stateDir: join(folder, 'state'), TMPDIR: join(folder, 'tmp') },
    };
    mkdirSync(folders.TMPDIR);
    const node = (program: string) => [process.execPath, '--input-type=module', '-e', program];
    const program = node(busy(folders, compiled(PARENT), compiled(FIXTURE)));
    let processes = 0;
    for (let i = 0; i < KILLS; i++) {
      const moment = i === 0 ? LATEST : Math.floor(Math.random() * LATEST);
      const { code, stdout, stderr } = await run([survivors, String(moment), ...program], folders);
      expect({ code, moment, stderr }).toMatchObject({ code: 0 });
      processes += Number.parseInt(stdout, 10);
    }
    // Not only hosts that had not started anything yet.
    expect(processes).toBeGreaterThan(KILLS);
    expect(await run(node(calm(folders)), folders)).toMatchObject({ code: 0 });
    const leftovers = (path: string) =>
      readdirSync(path).filter((name) => /^(p\d|host-.*\.(json|sock)$)/.test(name));
    expect([leftovers(folders.cacheDir), leftovers(folders.stateDir)]).toEqual([[], []]);
    expect(readdirSync(folders.TMPDIR)).toEqual([]);
  });
});
