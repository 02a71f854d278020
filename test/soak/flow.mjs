/** A long flow: see scripts/flow-long.mjs. Ends with an exit code: 0 if no event was lost and no memory grew. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jsonLines, PIECE } from '../../bench/flow-input.mjs';
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

/** Returns the memory of this process without garbage, and of those of the plugins, by name. */
async function sample(host) {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const plugins = host.stats().plugins.map(({ name, pid }) => [name, residentMb(pid)]);
  return Object.fromEntries([['host', residentMb(process.pid)], ...plugins]);
}

/** Samples the memory from the warm state, a tenth of the way, to the end. */
async function watch(host, running) {
  const samples = [];
  for (let next = events / 10; next < events; next += (events * 0.9) / SAMPLES) {
    while (running.metrics().delivered < next && running.state !== 'ended') await delay(20);
    if (running.state === 'ended') break;
    const found = await sample(host);
    samples.push(found);
    const shown = Object.entries(found).map(([name, mb]) => `${name} ${mb.toFixed(1)} MB`);
    console.log(`${(running.metrics().delivered / 1e6).toFixed(1)} M events: ${shown.join(', ')}`);
  }
  return samples;
}

/** Returns what grew. The warm state is the most of the first samples, because memory is reused and not returned. */
function growths(samples) {
  const early = samples.slice(0, 3);
  return Object.keys(samples[0] ?? {}).map((name) => {
    const warm = Math.max(...early.map((one) => one[name]));
    return { name, mb: Math.max(...samples.slice(3).map((one) => one[name])) - warm };
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
  process.exitCode = fine && samples.length > 3 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
