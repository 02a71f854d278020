/**
 * The flow at the end of the main job: the text files pass, as one stream of bytes, from the source `blaster` through
 * the stage `lines` and a filter in JavaScript into the sink `blackhole`, which measures the time of each event.
 */
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filterFrame, flow, World } from '../../dist/flow/index.js';
import { PluginHost } from '../../dist/index.js';
import { countLines } from './count.mjs';
import { readText } from './files.mjs';
import { count, megabytes } from './show.mjs';

/** Enough for a measurement that takes less than a second. */
const MOST_BYTES = 8 * 1024 * 1024;
const PIECE = 64 * 1024;
/** Less than usual, so that there are many frames and many times. */
const IN_FLIGHT = { rows: 5000, bytes: 128 * 1024 };
const NEEDLE = Buffer.from('the');

/** Writes files one after another to `path`. Counts their lines and those with the needle, in JavaScript. */
function concatenate(files, path) {
  const expected = { files: 0, bytes: 0, lines: 0, found: 0 };
  const out = openSync(path, 'w');
  for (const file of files) {
    const bytes = expected.bytes + file.size <= MOST_BYTES ? readText(file.path) : null;
    if (bytes === null || bytes.length === 0) continue;
    const whole = bytes.at(-1) === 10 ? bytes : Buffer.concat([bytes, Buffer.from('\n')]);
    writeSync(out, whole);
    expected.files += 1;
    expected.bytes += whole.length;
    expected.lines += countLines(whole);
    expected.found += linesWith(whole, NEEDLE);
  }
  closeSync(out);
  return expected;
}

/** Counts the lines that contain a needle. */
function linesWith(bytes, needle) {
  let found = 0;
  for (let at = bytes.indexOf(needle); at >= 0; found++) {
    const end = bytes.indexOf(10, at);
    at = end < 0 ? -1 : bytes.indexOf(needle, end);
  }
  return found;
}

const withNeedle = (frame) =>
  filterFrame(frame, (row) => {
    const { buffer, byteOffset, length } = frame.row(row);
    return Buffer.from(buffer, byteOffset, length).includes(NEEDLE);
  });

/** Runs the flow. Returns its metrics when it has ended. */
async function run(host, folder, isolation) {
  const world = new World({ host, state: join(folder, 'state'), load: { isolation } });
  const config = { path: join(folder, 'files'), piece: PIECE };
  world.define('files', { plugin: 'blaster', config, preprocessors: ['lines'] });
  world.define('blackhole', { plugin: 'blackhole' });
  const files = flow('files').from('files', { inFlight: IN_FLIGHT });
  const running = await world.deploy(files.pipe(withNeedle).to('blackhole'));
  await running.ended;
  await world.close();
  return running.metrics();
}

/**
 * Runs a flow over some of the files, and prints what became of the events and the times that they took.
 *
 * @returns {Promise<boolean>} false if the counts are wrong
 */
export async function runFlow({ plugins, isolation }, { files }, print) {
  const connectors = join(plugins, 'flow');
  if (!existsSync(connectors)) {
    print('', `flow: SKIPPED, ${connectors} does not exist`);
    return true;
  }
  const folder = mkdtempSync(join(tmpdir(), 'tenon-flow-'));
  const host = new PluginHost({ paths: [connectors] });
  const tables = [];
  host.on('log', ({ message }) => tables.push(message));
  try {
    const expected = concatenate(files, join(folder, 'files'));
    print('', `Flow of ${count(expected.files)} files, ${megabytes(expected.bytes)}:`);
    print('  blaster (C) -> lines (C) -> a filter in JavaScript -> blackhole (C)');
    const { in: lines, delivered, filtered, inFlight } = await run(host, folder, isolation);
    await host.close();
    const isRight = lines === expected.lines && delivered === expected.found && inFlight === 0;
    const found = `${count(delivered)} with "${NEEDLE}" delivered, ${count(filtered)} filtered`;
    print(
      `  ${count(lines)} lines, ${found}, ${isRight ? 'verified by a count in JavaScript' : 'WRONG COUNTS'}`,
    );
    if (tables.length === 0) print('  The times are missing: without the native addon, plugins cannot log.');
    for (const table of tables) print(...table.split('\n').map((line) => `  ${line}`));
    return isRight;
  } finally {
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
