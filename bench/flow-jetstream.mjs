/**
 * Measures a flow through JetStream: a host stores frames of 1 000 events in a real nats-server on loopback, and 1, 2 and
 * 3 other hosts share a consumer and read them at the same time. The time is from the first pull until the sinks of the
 * readers have all events. Run it alone with `node bench/flow-jetstream.mjs [DIST_FOLDER]`.
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { findNatsServer } from '../scripts/lib/nats.mjs';
import { quantile } from './rounds.mjs';

const FRAME = 1000;
const READERS = [1, 2, 3];

/**
 * @typedef {{name: string, eventsPerSecond: number}} JetStreamRow
 * @typedef {{rows: JetStreamRow[], skipped: string[]}} JetStreamResult
 */

/**
 * @param {{dist: string, rounds: number, count: number}} options
 * @returns {Promise<JetStreamResult>}
 */
export async function jetStreamRows({ dist, rounds, count }) {
  const program = findNatsServer();
  if (program === undefined)
    return { rows: [], skipped: ['JetStream: there is no nats-server, and no Go to build it'] };
  const { World, flow, FrameBuilder } = await import(pathToFileURL(join(dist, 'flow', 'index.js')).href);
  const frames = framesOf(FrameBuilder, count);
  const rows = [];
  for (const readers of READERS) {
    const times = [];
    for (let round = 0; round < rounds; round++)
      times.push(await moveOnce({ program, dist, World, flow, frames, count, readers }));
    const name = `JetStream, ${readers} ${readers === 1 ? 'host reads' : 'hosts read'}`;
    rows.push({ name, eventsPerSecond: (count * 1000) / quantile(times, 0.5) });
  }
  return { rows, skipped: [] };
}

/** The figure with a limit. @param {readonly JetStreamRow[]} rows */
export function jetStreamFigures(rows) {
  const most = rows.at(-1);
  if (most === undefined) return [];
  const found = most.eventsPerSecond / 1e6;
  const what = 'flow: JetStream, frames of 1 000 events, 3 hosts read, end to end';
  return [{ what, found, limit: 0.3, unit: 'M events/s', least: true }];
}

/** Makes the frames of all events before anything is measured. @param {any} FrameBuilder @param {number} count */
function framesOf(FrameBuilder, count) {
  const frames = [];
  for (let from = 0; from < count; from += FRAME) {
    const builder = new FrameBuilder();
    for (let i = from; i < Math.min(count, from + FRAME); i++)
      builder.add(
        `{"time":"2026-01-01T00:00:00.000Z","level":"info","id":${i},"message":"request ${i} was served"}`,
        { position: BigInt(i + 1) },
      );
    frames.push(builder.build({ state: from + FRAME < count ? 'more' : 'done' }));
  }
  return frames;
}

/**
 * Moves all frames once. Returns the milliseconds.
 *
 * @param {{program: string, dist: string, World: any, flow: any, frames: any[], count: number, readers: number}} what
 */
async function moveOnce({ program, dist, World, flow, frames, count, readers }) {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-jetstream-'));
  const server = await startServer(program, folder);
  const hosts = [];
  try {
    const connection = await connect({ servers: server.address });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'events', subjects: ['events'] });
    const reader = fileURLToPath(new URL('flow-jetstream-reader.mjs', import.meta.url));
    for (let i = 0; i < readers; i++) hosts.push(fork(reader, [dist, server.address]));
    await Promise.all(hosts.map((host) => once(host, 'message')));
    const all = allRead(hosts, count);
    const source = class {
      #next = 0;
      connect() {
        return { replays: true };
      }
      pull() {
        return frames[this.#next++];
      }
    };
    const world = new World({ state: join(folder, 'state') });
    world
      .define('in', { plugin: source })
      .define('out', { plugin: 'jetstream', config: { servers: server.address, subject: 'events' } });
    const start = performance.now();
    await world.deploy(flow('store').from('in').to('out'));
    await all;
    const ms = performance.now() - start;
    await world.close();
    await connection.close();
    return ms;
  } finally {
    for (const host of hosts) host.kill('SIGKILL');
    server.child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Waits until the hosts have read so many events.
 *
 * @param {import('node:child_process').ChildProcess[]} hosts @param {number} count
 */
function allRead(hosts, count) {
  const read = hosts.map(() => 0);
  return new Promise((resolve, reject) => {
    for (const [index, host] of hosts.entries()) {
      host.on('exit', () => reject(new Error('A host that reads from JetStream has ended.')));
      host.on('message', (events) => {
        read[index] = Number(events);
        if (read.reduce((sum, one) => sum + one, 0) >= count) resolve(undefined);
      });
    }
  });
}

/** Starts a server on a free port. @param {string} program @param {string} folder */
async function startServer(program, folder) {
  const args = ['-a', '127.0.0.1', '-p', '-1', '-js', '-sd', folder];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  for await (const part of child.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += part;
    const port = /Listening for client connections on 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
    if (port === undefined || !text.includes('Server is ready')) continue;
    child.stderr.resume();
    return { child, address: `127.0.0.1:${port}` };
  }
  throw new Error(`nats-server does not start: ${text}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [dist = fileURLToPath(new URL('../dist', import.meta.url))] = process.argv.slice(2);
  console.log(JSON.stringify(await jetStreamRows({ dist, rounds: 3, count: 1_000_000 }), null, 2));
}
