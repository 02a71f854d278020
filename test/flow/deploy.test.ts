/** The refusals of `deploy`, each with the reason and the remedy. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { pidNamespace } from '../../src/base/process-id.js';
import { type Flow, flow, World } from '../../src/flow/index.js';
import { temporaryFolder } from '../support/index.js';
import { Feed, lines, Store } from './doubles.js';

function setting() {
  const feed = new Feed(lines(3));
  const store = new Store();
  const state = temporaryFolder();
  const world = new World({ state });
  world.define('in', { plugin: feed.source, config: { a: 1 } }).define('out', { plugin: store.sink });
  return { feed, store, state, world, file: join(state, 'x', 'in.checkpoint.json') };
}

test.each<[what: string, plan: Flow, code: string, message: RegExp]>([
  ['no source', flow('x').to('out'), 'ERR_TENON_INVALID_ARGUMENT', /no source\. Add one with from/],
  ['no sink', flow('x').from('in'), 'ERR_TENON_INVALID_ARGUMENT', /no sink is required/],
  [
    'an optional sink only',
    flow('x').from('in').to('out', { required: false }),
    'ERR_TENON_INVALID_ARGUMENT',
    /no sink is required/,
  ],
  [
    'an unknown connector',
    flow('x').from('inn').to('out'),
    'ERR_TENON_NOT_FOUND',
    /no connector 'inn'.*Did you mean 'in'\?/,
  ],
  [
    'an unknown plugin',
    flow('x').from('in').pipe('nothing').to('out'),
    'ERR_TENON_NOT_FOUND',
    /no plugin of that name/,
  ],
  [
    'a sink that is the sink of dead letters',
    flow('x').from('in').to('out').errorsTo('out'),
    'ERR_TENON_INVALID_ARGUMENT',
    /'out' is a sink and/,
  ],
  ['a circle', flow('x').from('in').to('in'), 'ERR_TENON_INVALID_ARGUMENT', /circle: in -> in\. Break it/],
])('%s is refused', async (_, plan, code, message) => {
  const { world } = setting();
  await expect(world.deploy(plan)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  expect(world.registry.names).toEqual([]);
  await (await world.deploy(flow('x').from('in').to('out'))).ended;
});

test('a circle over several flows is refused', async () => {
  const { world, feed } = setting();
  feed.ends = false;
  world.define('middle', { plugin: new Store().sink });
  const running = await world.deploy(flow('one').from('in').to('middle'));
  const plan = flow('two').from('middle').to('in');
  await expect(world.deploy(plan)).rejects.toThrow(/circle: middle -> in -> middle/);
  await running.close();
});

test('options of another meaning are refused', () => {
  expect(() => flow('x').to('out', { buffer: { rows: 1 } })).toThrow(
    /'buffer' is only for sinks with required: false/,
  );
  expect(() => flow('x').to('out').to('out')).toThrow(/already a sink/);
  expect(() => flow('1x')).toThrow(/must be a letter/);
  const world = new World();
  expect(() => world.define('a', { plugin: new Store().sink, load: {} })).toThrow(
    /'load' is only for plugins/,
  );
  const misspelt = { plugin: 'tail', preprocesors: ['lines'] };
  expect(() => world.define('a', misspelt)).toThrow(/Did you mean 'preprocessors'/);
});

test('a second writer of a checkpoint is refused', async () => {
  const { world, feed, state } = setting();
  feed.ends = false;
  const running = await world.deploy(flow('x').from('in').to('out'));
  await expect(world.deploy(flow('x').from('in').to('out'))).rejects.toThrow(/a checkpoint has one writer/);
  const other = new World({ state });
  other.define('in', { plugin: feed.source, config: { a: 1 } }).define('out', { plugin: new Store().sink });
  await expect(other.deploy(flow('x').from('in').to('out'))).rejects.toThrow(
    new RegExp(`process ${process.pid} writes it`),
  );
  await running.drain();
  await (await other.deploy(flow('x').from('in').to('out'))).close();
});

test('a lock that a process left when it was killed is taken over', async () => {
  const { world, file } = setting();
  await (await world.deploy(flow('x').from('in').to('out'))).ended;
  writeFileSync(`${file}.lock`, `999999999 1 ${pidNamespace()}`);
  await (await world.deploy(flow('x').from('in').to('out'))).ended;
});

test('a checkpoint of another plugin or config is refused, and a damaged one is, too', async () => {
  const { world, feed, store, file } = setting();
  const plan = flow('x').from('in').to('out');
  await (await world.deploy(plan)).ended;
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    plugin: 'class ListSource',
    streams: { 0: '3' },
  });
  world.define('in', { plugin: feed.source, config: { a: 2 } });
  await expect(world.deploy(plan)).rejects.toThrow(
    /written for another config .* Restore the config, rename the flow/,
  );
  world.define('in', { plugin: class Other extends feed.source {}, config: { a: 1 } });
  await expect(world.deploy(plan)).rejects.toThrow(/written for another plugin/);
  world.define('in', { plugin: feed.source, config: { a: 1 } });
  writeFileSync(file, '{');
  await expect(world.deploy(plan)).rejects.toMatchObject({ code: 'ERR_TENON_UNREADABLE' });
  expect(store.rows).toEqual(lines(3));
});

test('a required sink that is not durable is refused after a source that replays', async () => {
  const { world, store } = setting();
  store.durable = false;
  await expect(world.deploy(flow('x').from('in').to('out'))).rejects.toThrow(/sink out is not durable/);
  expect(store.rows).toEqual([]);
  world.define('safe', { plugin: new Store().sink });
  await (await world.deploy(flow('x').from('in').to('safe').to('out', { required: false }))).ended;
});

test('a source that cannot replay is announced', async () => {
  const { world, feed } = setting();
  feed.replays = false;
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  await (await world.deploy(flow('x').from('in').to('out'))).ended;
  expect(warn).toHaveBeenCalledWith(
    expect.stringMatching(/may lose events .* source in cannot replay/),
    expect.objectContaining({ code: 'TENON_FLOW_NOT_DURABLE' }),
  );
  warn.mockRestore();
});
