/** The concurrent work of the soak: plugins in every tier that are called, crash, pause, flood and are closed. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Batch, PluginHost } from '../../dist/index.js';

export const pick = (list) => list[Math.floor(Math.random() * list.length)];
const chance = (part) => Math.random() < part;

/** The first bytes of inputs that a tier may get: some only where the host survives them. */
const HARMLESS = 'e'.repeat(40) + 'm'.repeat(4) + 'l'.repeat(4) + 'f'.repeat(4);
const COMMANDS = {
  inline: `${HARMLESS}LLpc`,
  thread: `${HARMLESS}sssLLpc`,
  process: `${HARMLESS}sssLLwwwFFpc!xah`,
  pipe: `${HARMLESS}sssLLwwwFFpc!xah`,
};

const SURVIVING = { max: 100_000, within: 60_000, backoff: { initial: 5, max: 20 } };

/** Returns options of `load` for a tier, each time others. */
function optionsOf(tier) {
  if (tier === 'inline') return {};
  if (tier === 'thread') return { isolation: 'thread', timeout: 2000, whenFull: pick(['fail', 'wait']) };
  return {
    isolation: 'process',
    timeout: 2000,
    restart: SURVIVING,
    whenDown: pick(['fail', 'wait']),
    whenFull: pick(['fail', 'wait']),
    ...(tier === 'pipe' ? { transport: 'pipe' } : { profile: pick(['latency', 'balanced', 'efficient']) }),
    ...(chance(0.5) ? { sandbox: true } : {}),
    ...(chance(0.5) ? { limits: { files: 64 } } : {}),
  };
}

/** Makes one random call. Returns a promise that is never rejected. */
async function callOnce(tier, instance, journal) {
  const size = pick([1, 10, 100, 5000, 100_000, 2_000_000]);
  const input = Buffer.alloc(chance(0.9) ? Math.min(size, 100) : size, pick(COMMANDS[tier]));
  const blocking = chance(0.3) && !'hs'.includes(String.fromCharCode(input[0]));
  try {
    if (blocking) instance.callSync(input);
    else if (chance(0.15)) await instance.callMany(Batch.of([input, input]));
    else await instance.call(input, chance(0.1) ? { signal: AbortSignal.timeout(5) } : undefined);
    journal.count(`${tier} ok`);
  } catch (error) {
    journal.judge(tier, error);
  }
}

/** Uses a plugin for a while, and replaces its instances. Some are closed, some are left to the collector. */
async function use(tier, plugin, journal) {
  const instances = await Promise.all([1, 2, 3].map(() => plugin.new()));
  if (chance(0.5)) instances[0].on('message', () => journal.count(`${tier} message`));
  if (chance(0.5)) plugin.on('stdout', () => journal.count(`${tier} line`));
  const end = performance.now() + 300 + Math.random() * 1200;
  while (performance.now() < end) {
    const calls = Array.from({ length: 6 }, () => callOnce(tier, pick(instances), journal));
    await Promise.all(calls);
    await delay(1);
    if (!chance(0.3)) continue;
    const k = Math.floor(Math.random() * instances.length);
    const old = instances[k];
    instances[k] = await plugin.new({ config: k });
    old.removeAllListeners('message');
    if (chance(0.8)) await old.close();
  }
  await plugin.new('xx').then(
    () => journal.complain(`${tier}: a refused config made an instance`),
    (error) => journal.judge(tier, error),
  );
  return instances;
}

/** Checks that a plugin that was just loaded works, whatever happened before. */
async function verify(tier, host, file, journal) {
  const options = optionsOf(tier);
  const plugin = await host.load(
    file,
    options.timeout === undefined ? options : { ...options, timeout: 20_000 },
  );
  const instance = await plugin.new();
  const answer = await instance.call(Buffer.from('echo'));
  if (String(answer) !== 'echo') journal.complain(`${tier}: the answer was ${answer}`);
  await plugin.close();
}

/** One round of a lane: a host, a plugin, and an end in a random way while calls are in flight. */
export async function round(tier, file, journal, runners) {
  const host = new PluginHost();
  let plugin;
  try {
    plugin = await host.load(file, optionsOf(tier));
    runners.add(plugin);
    const instances = await use(tier, plugin, journal);
    const last = instances.map((instance) => callOnce(tier, instance, journal));
    if (chance(0.5)) await plugin.close();
    await verify(tier, host, file, journal);
    if (chance(0.5)) await host.close();
    await Promise.all(last);
  } catch (error) {
    journal.judge(tier, error);
  } finally {
    if (plugin !== undefined) runners.delete(plugin);
    await host.close().catch((error) => journal.judge(tier, error));
    journal.count(`${tier} hosts`);
  }
}

const ENDS = ['finish', 'leave', 'exit', 'throw', 'terminate'];

/** A worker that uses all tiers and ends in a random way. */
export async function workerRound(file, journal) {
  const end = pick(ENDS);
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
    workerData: { file, end },
    stderr: true,
  });
  worker.stderr.resume();
  const gone = new Promise((resolve) => worker.once('exit', resolve));
  worker.on('error', (error) => {
    if (end !== 'throw' || error.message !== 'as requested')
      journal.complain(`worker ${end}: ${error.stack}`);
  });
  const ready = new Promise((resolve) => {
    worker.on('message', (message) => {
      if (message === 'ready') resolve();
      else journal.complain(`worker ${end}: ${message}`);
    });
  });
  if (end === 'terminate') {
    // Not before: Node.js itself leaks the files that a terminated worker was just reading.
    await Promise.race([ready, gone]);
    await delay(Math.random() * 500);
    await worker.terminate();
  }
  await gone;
  journal.count(`worker ${end}`);
}

/** Returns the parent of a process, or undefined if it has ended. */
function parentOf(pid) {
  try {
    return Number(/^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}

/** Pauses a runner or its keeper for a moment. Both are descendants of this process. */
export async function pauseRound(runners, journal) {
  await delay(50);
  const pid = pick([...runners])?.process?.pid ?? null;
  const keeper = pid === null ? undefined : parentOf(pid);
  if (keeper === undefined || parentOf(keeper) !== process.pid) return;
  const paused = pick([pid, keeper]);
  try {
    process.kill(paused, 'SIGSTOP');
    await delay(20 + Math.random() * 200);
    process.kill(paused, 'SIGCONT');
    journal.count(paused === pid ? 'pauses of a runner' : 'pauses of a keeper');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
