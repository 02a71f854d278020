/** A long flow: see scripts/flow-long.mjs. Ends with an exit code: 0 if no event was lost and no memory grew. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jsonLines, PIECE } from '../../bench/flow-input.mjs';
import { quantile } from '../../bench/rounds.mjs';
import { flow, World } from '../../dist/flow/index.js';
import { PluginHost } from '../../dist/index.js';

const LINES = 1_000_000;
const LIMIT_MB = 20;
const SAMPLES = 20;

const loops = Math.ceil(Number(process.argv[2]) / LINES);
const events = loops * LINES;

/** Returns the resident memory of a process in MB. */
function residentMb(pid) {
  const [, kb] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}

/** Returns the memory of this process without garbage, and of those of the plugins, by name. Nothing is in flight then. */
async function sample(host, running) {
  await running.pause();
  while (running.metrics().inFlight > 0) await delay(5);
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await delay(5);
  }
  const plugins = host.stats().plugins.map(({ name, pid }) => [name, residentMb(pid)]);
  const heap = process.memoryUsage().heapUsed / 2 ** 20;
  const found = Object.fromEntries([['host', residentMb(process.pid)], ['its heap', heap], ...plugins]);
  await running.resume();
  return found;
}

/** Samples the memory from the warm state, a tenth of the way, to the end. */
async function watch(host, running) {
  const samples = [];
  for (let next = events / 10; next < events; next += (events * 0.9) / SAMPLES) {
    while (running.metrics().delivered < next && running.state !== 'ended') await delay(20);
    if (running.state === 'ended') break;
    const found = await sample(host, running);
    samples.push(found);
    const shown = Object.entries(found).map(([name, mb]) => `${name} ${mb.toFixed(1)} MB`);
    console.log(`${(running.metrics().delivered / 1e6).toFixed(1)} M events: ${shown.join(', ')}`);
  }
  return samples;
}

/** Returns the growth from the first five samples to the last five. A median leaves out what malloc keeps for a while. */
function growths(samples) {
  return Object.keys(samples[0] ?? {}).map((name) => {
    const medianOf = (some) =>
      quantile(
        some.map((one) => one[name]),
        0.5,
      );
    return { name, mb: medianOf(samples.slice(-5)) - medianOf(samples.slice(0, 5)) };
  });
}

const folder = mkdtempSync(join(tmpdir(), 'tenon-flow-'));
try {
  const path = jsonLines(folder, LINES);
  const host = new PluginHost({ paths: [join(import.meta.dirname, '../../build/plugins/flow')] });
  const world = new World({ host, state: join(folder, 'state'), load: { isolation: 'process' } });
  world
    .define('in', { plugin: 'blaster', config: { path, piece: PIECE, loops }, preprocessors: ['lines'] })
    .define('out', { plugin: 'blackhole', config: { print: false } });
  const began = performance.now();
  const running = await world.deploy(flow('long').from('in').to('out'));
  const samples = await watch(host, running);
  const leftover = await running.ended;
  const seconds = (performance.now() - began) / 1000;
  const { delivered } = running.metrics();
  await world.close();
  await host.close();
  const found = growths(samples);
  console.log(
    `${delivered} events in ${seconds.toFixed(1)} s, ${(delivered / seconds / 1e6).toFixed(2)} M events/s`,
  );
  for (const { name, mb } of found)
    console.log(`${name}: grew by ${mb.toFixed(1)} MB from its warm state to the end`);
  const fine = delivered === events && leftover.length === 0 && found.every(({ mb }) => mb <= LIMIT_MB);
  console.log(fine ? 'no event was lost, and no memory grew' : `failed: the limit is ${LIMIT_MB} MB`);
  process.exitCode = fine && samples.length >= 10 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
