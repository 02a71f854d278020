/** The file of `tenon run`: each wrong value is refused with its path in the file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkConnector, readFlowFile } from '../../src/cli/run/flow-file.js';
import { World } from '../../src/flow/index.js';
import { temporaryFolder } from '../support/index.js';

const CONNECTOR = { plugin: 'tail', config: { path: 'in.log' } };
const FLOW = { name: 'f', from: 'in', to: ['out'] };

/** Reads a file with such a connector and such a flow, and defines its connectors. */
async function read(connector: unknown, flow: unknown): Promise<void> {
  const file = join(temporaryFolder(), 'flow.json');
  writeFileSync(file, JSON.stringify({ connectors: { in: connector, out: CONNECTOR }, flow }));
  const { connectors } = await readFlowFile(file);
  const world = new World();
  onTestFinished(() => world.close());
  for (const [name, definition] of connectors)
    checkConnector(name, () => void world.define(name, definition));
}

const refusal = (argument: string) => ({
  code: 'ERR_TENON_INVALID_ARGUMENT',
  argument,
  message: expect.stringContaining(`The argument '${argument}'`),
});

test('a file without mistakes is read', async () => {
  await read(CONNECTOR, FLOW);
});

test.each<[path: string, value: unknown]>([
  ['', null],
  ['plugin', 5],
  ['config', 'x'],
  ['load', 'process'],
  ['load', null],
  ['load.isolation', { isolation: 'proc' }],
  ['load.isolaton', { isolaton: 'process' }],
  ['preprocessors', 'lines'],
  ['preprocessors[0]', [5]],
  ['preprocessors[0].cfg', [{ plugin: 'lines', cfg: {} }]],
  ['preprocessors[0].config', [{ plugin: 'lines', config: null }]],
  ['preprocessors[0].load.isolation', [{ plugin: 'lines', load: { isolation: 'x' } }]],
  ['postprocessors[1]', ['lines', 5]],
  ['codec', 5],
  ['codec.load', { plugin: 'csv', load: 5 }],
  ['reconnect', null],
  ['reconnect.first', { first: -5 }],
  ['reconnect.frist', { frist: 5 }],
])('a connector with a wrong %s', async (path, value) => {
  const [member = ''] = path.split(/[.[]/);
  const connector = path === '' ? value : { ...CONNECTOR, [member]: value };
  await expect(read(connector, FLOW)).rejects.toMatchObject(
    refusal(path === '' ? 'connectors.in' : `connectors.in.${path}`),
  );
});

test.each<[path: string, value: unknown]>([
  ['name', 5],
  ['from', undefined],
  ['inFlight', 5],
  ['inFlight.rows', { rows: 0 }],
  ['pipe', 5],
  ['pipe[1]', ['lines', null]],
  ['to', 5],
  ['to[0]', [5]],
  ['to[1]', ['out', 'out']],
  ['to[0].sink', [{ required: true }]],
  ['to[0].required', [{ sink: 'out', required: 'yes' }]],
  ['to[0].requird', [{ sink: 'out', requird: true }]],
  ['to[0].ackTimeout', [{ sink: 'out', ackTimeout: '30s' }]],
  ['to[0].buffer', [{ sink: 'out', required: false, buffer: 5 }]],
  ['to[1].buffer.rows', ['in', { sink: 'out', required: false, buffer: { rows: -1 } }]],
  ['to.buffer.whenFull', { sink: 'out', required: false, buffer: { whenFull: 'block' } }],
  ['errorsTo', 5],
])('a flow with a wrong %s', async (path, value) => {
  const [member = ''] = path.split(/[.[]/);
  await expect(read(CONNECTOR, { ...FLOW, [member]: value })).rejects.toMatchObject(refusal(`flow.${path}`));
});
