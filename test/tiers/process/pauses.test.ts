/** Host, runner and keeper are stopped and continued at random moments: this changes nothing but the time. */
import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { Batch } from '../../../src/base/batch.js';
import { parentOf } from '../../../src/base/process-id.js';
import { pluginFile, withAddon } from '../../support/index.js';
import { type Actor, actor, hasProcesses, puppet, sleeper } from './support.js';

const TRANSPORTS = withAddon ? (['shared-memory', 'pipe'] as const) : (['pipe'] as const);

/** Stops and continues one of the processes at a time, and prints the seed first. All of them run at its end. */
const PAUSER = `
  const [seed, milliseconds, ...pids] = process.argv.slice(1).map(Number);
  let state = seed;
  const random = (below) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below;
  const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  const send = (pid, signal) => { try { process.kill(pid, signal); } catch {} };
  const end = Date.now() + milliseconds;
  while (Date.now() < end) {
    const chosen = random(4) === 0 ? pids : [pids[random(pids.length)]];
    for (const pid of chosen) send(pid, 'SIGSTOP');
    sleep(random(5) === 0 ? 150 + random(150) : random(30));
    for (const pid of chosen) send(pid, 'SIGCONT');
    sleep(random(40));
  }`;

/** Runs the program until its end. */
function pause(seed: number, milliseconds: number, pids: readonly number[]): Promise<void> {
  const given = [seed, milliseconds, ...pids].map(String);
  const child = spawn(process.execPath, ['-e', PAUSER, '--', ...given], { stdio: 'inherit' });
  return new Promise((resolve) => child.on('exit', () => resolve()));
}

/** Bytes that depend on their size. */
function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size, size % 251);
  for (let at = 0; at + 8 <= size; at += 4093) bytes.writeUInt32LE(at, at);
  return bytes;
}

function expectSame(results: Iterable<Uint8Array>, inputs: readonly Buffer[]): void {
  [...results].forEach((result, i) => {
    expect(inputs[i]?.equals(result)).toBe(true);
  });
}

/** Makes calls in all ways with inputs of all sizes until `isOver`, and checks the results. */
async function exercise({ act }: Actor, sizes: readonly number[], isOver: () => boolean): Promise<number> {
  const inputs = sizes.map(bytesOf);
  const small = inputs.filter(({ length }) => length <= 1 << 20);
  let count = 0;
  while (!isOver()) {
    for (const input of inputs) expect(act.callSync(input).equals(input)).toBe(true);
    const results = await Promise.all(inputs.map((input) => act.call(input)));
    results.forEach((result, i) => {
      expect(inputs[i]?.equals(result)).toBe(true);
    });
    expectSame(act.callManySync(Batch.of(small)), small);
    expectSame(await act.callMany(Batch.of(small)), small);
    count++;
  }
  return count;
}

describe.runIf(hasProcesses).each(TRANSPORTS)('over %s', (transport) => {
  test.each([1, 2, 3])('calls of every size survive pauses: seed %d', async (seed) => {
    const begun = await actor(pluginFile('echo'), { transport, whenFull: 'wait' });
    const { pid } = begun.runner;
    const keeper = parentOf(pid) ?? pid;
    let over = false;
    const paused = pause(seed, 2500, [process.pid, pid, keeper]).then(() => {
      over = true;
    });
    const sizes = [0, 1, 63, 64, 4096, 20_000, 300_000, 3 << 20, ...(seed === 1 ? [200 << 20] : [])];
    expect(await exercise(begun, sizes, () => over)).toBeGreaterThan(0);
    await paused;
    expect(begun.exits).toEqual([]);
    expect(begun.runner.alive).toBe(true);
  });

  test('a start survives pauses', async () => {
    let over = false;
    const paused = pause(4, 1500, [process.pid]).then(() => {
      over = true;
    });
    while (!over) {
      const { say, runner } = await actor(puppet(), { transport });
      expect(say('ehello')).toBe('hello');
      expect((await runner.stop(60_000)).reason).toBe('stopped');
    }
    await paused;
  });

  test('the timeout of a synchronous call does not count a pause of the host', async () => {
    const { act, runner } = await actor(sleeper(), { transport });
    const both = [process.pid, runner.pid].join(' ');
    // The call takes 4 s. For 3 s of them both processes are stopped.
    const stop = `sleep 0.1; kill -STOP ${both}; sleep 3; kill -CONT ${both}`;
    const child = spawn('sh', ['-c', stop], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    expect(act.callSync(Buffer.from('z4000'), { timeout: 2500 }).toString()).toBe('4000');
    await ended;
  });
});
