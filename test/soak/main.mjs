/** The soak: see scripts/soak.mjs. Ends with an exit code: 0 if nothing grew and nothing unexpected happened. */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { Journal } from './journal.mjs';
import { pauseRound, round, workerRound } from './lanes.mjs';
import { descendants, held, openFiles } from './resources.mjs';
import { growth } from './verdict.mjs';

const [file, minutes] = [process.argv[2], Number(process.argv[3])];
const journal = new Journal();
const runners = new Set();
const began = performance.now();
const end = began + minutes * 60_000;
/** The time between two samples, in which everything is in use. */
const PHASE_MS = Math.min(20_000, (minutes * 60_000) / 6);
/** The longest time until nothing runs any more. */
const REST_MS = 20_000;

process.on('warning', (warning) => journal.warned(warning));
process.on('unhandledRejection', (error) =>
  journal.complain(`unhandled rejection: ${error?.stack ?? error}`),
);
process.on('uncaughtException', (error) => journal.complain(`uncaught exception: ${error?.stack ?? error}`));

/** Pauses this process for a moment from outside, as a debugger or a container would. */
async function pauseThisProcess() {
  await delay(1000 + Math.random() * 2000);
  const script = `kill -STOP ${process.pid}; sleep 0.${1 + Math.floor(Math.random() * 4)}; kill -CONT ${process.pid}`;
  await new Promise((resolve) => spawn('sh', ['-c', script], { stdio: 'ignore' }).once('close', resolve));
  journal.count('pauses of the host');
}

const LANES = [
  ...['inline', 'thread', 'process', 'process', 'pipe'].map(
    (tier) => () => round(tier, file, journal, runners),
  ),
  () => workerRound(file, journal),
  () => pauseRound(runners, journal),
  pauseThisProcess,
  async () => {
    await delay(200);
    globalThis.gc();
  },
];

/** Runs all lanes until a time. */
async function phase(until) {
  const lane = async (work) => {
    while (performance.now() < until) await work();
  };
  await Promise.all(LANES.map(lane));
}

/** Waits until no process is left, and collects garbage. */
async function rest() {
  for (const start = performance.now(); performance.now() - start < REST_MS; await delay(100)) {
    globalThis.gc();
    if (descendants().length === 0) break;
  }
  for (let i = 0; i < 5; i++) {
    await delay(200);
    globalThis.gc();
  }
}

function report(samples) {
  const problems = [
    ...growth(samples),
    ...[...journal.unexpected].map(([what, n]) => `${n} times unexpected: ${what}`),
  ];
  console.log(journal.summary());
  const more = [...openFiles()].filter(([target, n]) => n > (filesAtFirst?.get(target) ?? 0));
  console.log(`files open that were not at first: ${JSON.stringify(Object.fromEntries(more))}`);
  if (problems.length > 0) console.log(`processes: ${JSON.stringify(descendants())}`);
  for (const problem of problems) console.error(problem);
  console.log(problems.length === 0 ? 'nothing grew, and nothing unexpected happened' : 'the soak failed');
  return problems.length === 0 ? 0 : 1;
}

// If it hangs, that is a failure too.
setTimeout(
  () => {
    console.error('the soak does not end: something hangs');
    process.exit(report([]) || 1);
  },
  minutes * 60_000 + 10 * REST_MS,
).unref();

const samples = [];
let filesAtFirst;
// The first phase warms up: pools and caches have their size afterwards.
while (performance.now() < end) {
  await phase(Math.min(end, performance.now() + PHASE_MS));
  await rest();
  const sample = held();
  samples.push(sample);
  filesAtFirst ??= openFiles();
  console.log(`${Math.round((performance.now() - began) / 1000)} s ${JSON.stringify(sample)}`);
}
process.exit(report(samples));
