/**
 * `npm run demo:kills [-- --lines N --sink MS --host MS]`: a flow `tail → gzip → file` whose sink is killed every 200 ms
 * and whose host is killed every 2 s until all lines are through. Then it unpacks the result, and fails if a line is lost
 * or out of order, or if there are more duplicates than the guarantee allows.
 */
import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGunzip } from 'node:zlib';
import { build } from './build.mjs';
import { inRoot } from './lib/paths.mjs';
import { main, say } from './lib/steps.mjs';

/** The most events of one flow that have not ended, which a killed host repeats at most. */
const IN_FLIGHT = 5000;

async function writeLines(path, count) {
  const file = createWriteStream(path);
  for (let from = 0; from < count; from += 10_000) {
    let text = '';
    for (let i = from; i < Math.min(count, from + 10_000); i++)
      text += `${i} an event of the demonstration\n`;
    if (!file.write(text)) await new Promise((resolve) => file.once('drain', resolve));
  }
  file.end();
  await finished(file);
}

/** Runs hosts, and kills each after a time, until one ends by itself. Returns the number of killed hosts. */
async function killHosts(folder, size, { sink, host }) {
  for (let kills = 0; ; kills++) {
    const args = [inRoot('scripts', 'lib', 'killed-host.mjs'), folder, String(sink), String(size)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), host);
    const code = await new Promise((resolve) => child.on('close', resolve));
    clearTimeout(timer);
    if (code === 0) return kills;
    if (code !== null) throw new Error(`The host ended with ${code}.`);
  }
}

/** Counts what came out. */
async function examine(path, count) {
  const seen = new Uint8Array(count);
  const found = { lost: 0, duplicates: 0, steps: 0 };
  let last = -1;
  for await (const line of createInterface({ input: createReadStream(path).pipe(createGunzip()) })) {
    const number = Number.parseInt(line, 10);
    if (seen[number] === 1) found.duplicates += 1;
    seen[number] = 1;
    // A step back is where something was repeated. From there on, the order must be the old one.
    if (number !== last + 1) found.steps += number <= last ? 1 : Number.POSITIVE_INFINITY;
    last = number;
  }
  for (const one of seen) if (one === 0) found.lost += 1;
  return found;
}

await main(import.meta.url, async () => {
  const { values } = parseArgs({
    options: { lines: { type: 'string' }, sink: { type: 'string' }, host: { type: 'string' } },
  });
  const [count, sink, host] = [values.lines ?? 1_000_000, values.sink ?? 200, values.host ?? 2000].map(
    Number,
  );
  await build({});
  const folder = mkdtempSync(join(tmpdir(), 'tenon-kills-'));
  try {
    const input = join(folder, 'in.log');
    await writeLines(input, count);
    const { size } = statSync(input);
    say(`${count} lines, ${size} bytes; the sink is killed every ${sink} ms, the host every ${host} ms`);
    const began = performance.now();
    const hosts = await killHosts(folder, size, { sink, host });
    const seconds = (performance.now() - began) / 1000;
    const { lost, duplicates, steps } = await examine(join(folder, 'out.gz'), count);
    const sinks = Math.floor((seconds * 1000) / sink);
    say(
      `${seconds.toFixed(1)} s, ${hosts} hosts and about ${sinks} sinks killed: ${lost} lost, ${duplicates} duplicates in ${steps} places`,
    );
    // A crash of a sink repeats at most one frame, a crash of the host what was in flight and the last 100 ms.
    const allowed = (hosts + sinks) * 20 * IN_FLIGHT;
    return lost === 0 && steps <= hosts + sinks && duplicates <= allowed ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
