/** One attack of a plugin or a runner, and what the host may suffer from it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import type { RunnerSettings } from '../../src/tiers/process/runner-process.js';
import { root } from '../support/index.js';
import { until } from '../tiers/process/puppet.js';
import { type Actor, actor, instance, openFiles, start } from '../tiers/process/support.js';
import { LoopWatch, MOST_LATE_MS, Stopwatch } from './watch.js';

/** The timeout of a call in milliseconds. */
export const TIMEOUT = 300;
/** The longest result in bytes. */
export const RESULT = 16 << 20;
/**
 * The memory that one runner may make its host hold, in bytes: the shared memory, the captured output, and one
 * result for each call; see docs/tiers.md.
 */
const MOST_MEMORY = (288 + 64 + 32) * 2 ** 20 + 2 * RESULT;

const folder = mkdtempSync(join(tmpdir(), 'tenon-hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let plugin: string | undefined;

/** Compiles the hostile plugin. */
export function attacker(): string {
  if (plugin !== undefined) return plugin;
  plugin = join(folder, 'attacker.so');
  const includes = ['include', 'native'].map((name) => `-I${join(root, name)}`);
  const sources = [join(root, 'test/hostile/attacker.cc'), join(root, 'native/channel/bell.cc')];
  const flags = ['-std=c++17', '-O1', '-shared', '-fPIC', '-fvisibility=hidden', '-pthread'];
  execFileSync('c++', [...flags, ...includes, ...sources, '-o', plugin]);
  return plugin;
}

type Settings = Partial<RunnerSettings>;

/** Settings for a plugin that is confined as far as the system can. */
export const confined: Settings = { sandbox: true, timeout: TIMEOUT, limits: { result: RESULT } };

/** Expects that only TenonErrors are thrown, and returns the error, if any. */
export async function failure(work: () => Promise<unknown> | unknown): Promise<TenonError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(TenonError);
    return error as TenonError;
  }
}

/** Makes a synchronous call. It must end soon after its timeout. */
export async function callSync(watch: LoopWatch, { act }: Actor, input: Buffer): Promise<TenonError | null> {
  const stopwatch = new Stopwatch();
  const found = await failure(() => watch.except(() => act.callSync(input)));
  expect(stopwatch.ms).toBeLessThan(TIMEOUT + MOST_LATE_MS);
  return found;
}

/** Makes an asynchronous call. It must end soon after its timeout. */
export async function call({ act }: Actor, input: Buffer): Promise<TenonError | null> {
  const stopwatch = new Stopwatch();
  const found = await failure(() => act.call(input));
  expect(stopwatch.ms).toBeLessThan(TIMEOUT + 2 * MOST_LATE_MS);
  return found;
}

/**
 * Starts a hostile process and does `work` with it. Afterwards the host must hold no more memory than documented,
 * its event loop must not have been late, the process must end, and another plugin must work.
 */
export async function endure(
  file: string,
  settings: Settings,
  work: (actor: Actor, watch: LoopWatch) => Promise<void>,
): Promise<void> {
  const files = openFiles();
  const before = process.memoryUsage().rss;
  let most = before;
  let watch: LoopWatch | undefined;
  const meter = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  try {
    const begun = await actor(file, { ...confined, ...settings });
    watch = new LoopWatch();
    await work(begun, watch);
    most = Math.max(most, process.memoryUsage().rss);
    await begun.runner.stop(0);
    await until(() => begun.exits.length === 1);
  } catch (error) {
    if (!(error instanceof TenonError)) throw error;
  } finally {
    clearInterval(meter);
  }
  if (watch !== undefined) expect(watch.end()).toBeLessThan(MOST_LATE_MS);
  expect(most - before).toBeLessThan(MOST_MEMORY);
  await until(() => openFiles() <= files + 1);
}

/** Expects that a well-behaved plugin works. */
export async function expectUnharmed(file: string): Promise<void> {
  const { runner } = await start(file);
  const { say } = await instance(runner);
  expect(say('hello')).toBe('hello');
  await runner.stop(1000);
}
