/** A worker thread that uses plugins in all tiers and ends in the requested way. */
import { parentPort, workerData } from 'node:worker_threads';
import { PluginHost } from '../../dist/index.js';

const { file, end } = workerData;
const host = new PluginHost();
const tiers = [
  {},
  { isolation: 'thread' },
  { isolation: 'process' },
  { isolation: 'process', transport: 'pipe' },
];
const instances = [];
for (const options of tiers) {
  const plugin = await host.load(file, options);
  instances.push(await plugin.new());
}
for (let i = 0; i < 20; i++) {
  const answers = await Promise.all(instances.map((instance) => instance.call(Buffer.from('echo'))));
  if (answers.some((answer) => String(answer) !== 'echo'))
    parentPort.postMessage(`the answers were ${answers}`);
}
// Calls are in flight at the end.
for (const instance of instances) instance.call(Buffer.from('s')).catch(() => undefined);
parentPort.postMessage('ready');
if (end === 'exit') process.exit();
if (end === 'throw')
  setImmediate(() => {
    throw new Error('as requested');
  });
if (end === 'finish') await host.close();
if (end === 'terminate')
  for (;;) await Promise.all(instances.map((instance) => instance.call(Buffer.from('s'))));
