/**
 * The host of `npm run demo:kills`: runs a flow from a file through gzip into a file, and kills the process of its sink
 * again and again. Its arguments are the folder, the number of milliseconds between two kills, and the number of bytes
 * after which all is read. Then it drains the flow and ends with 0.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { flow, World } from '../../dist/flow/index.js';
import { PluginHost } from '../../dist/index.js';
import { inRoot } from './paths.mjs';

const [folder = '', every = '200', size = '0'] = process.argv.slice(2);
const host = new PluginHost({ paths: [inRoot('build', 'plugins', 'flow')] });
const world = new World({ host, state: join(folder, 'state'), load: { isolation: 'process' } });
world.define('in', {
  plugin: 'tail',
  config: { path: join(folder, 'in.log'), from: 'start' },
  preprocessors: ['lines'],
});
world.define('out', {
  plugin: 'file',
  config: { path: join(folder, 'out.gz') },
  postprocessors: ['lines', 'gzip-stream'],
  reconnect: { first: 5, most: 50 },
});
const plan = flow('killed')
  .from('in', { inFlight: { rows: 5000, bytes: 1 << 20 } })
  .to('out');
const running = await world.deploy(plan);

const killing = setInterval(() => {
  const sink = host.stats().plugins.find(({ name }) => name === 'file');
  if (sink?.pid != null) process.kill(sink.pid, 'SIGKILL');
}, Number(every));

/** Returns how far the flow is acknowledged: the number of bytes in its checkpoint. */
function acknowledged() {
  const file = join(folder, 'state', 'killed', 'in.checkpoint.json');
  if (!existsSync(file)) return 0n;
  const positions = Object.values(JSON.parse(readFileSync(file, 'utf8')).streams).map(BigInt);
  return positions.reduce((most, position) => (position > most ? position : most), 0n);
}

while (acknowledged() < BigInt(size)) await new Promise((resolve) => setTimeout(resolve, 20));
clearInterval(killing);
const leftover = await running.drain();
await world.close();
await host.close();
process.exitCode = leftover.length === 0 ? 0 : 3;
