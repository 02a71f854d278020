/** The answers of sinks in TypeScript that break the contract. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { flow, World } from '../../src/flow/index.js';
import { Feed, Store } from './doubles.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

test.each<[answer: unknown, problem: string]>([
  [true, 'true, expected an array of messages or nothing'],
  [{ length: 1 }, 'expected an array of messages or nothing'],
  [[null], 'null as message 0, expected an object'],
  [[{ what: 'akc' }], '"akc" as what of message 0, expected one of pending, ack'],
  [[{ what: 'ack', first: 1 }], '1 as first of message 0, expected an unsigned bigint'],
  [[{ what: 'ack', last: -1n }], '-1n as last of message 0, expected an unsigned bigint'],
  [[{ what: 'fail', status: 'NO' }], '"NO" as status of message 0, expected the name of a status'],
])('the answer %o of a sink in TypeScript breaks the contract', async (answer, problem) => {
  const store = new Store();
  const dead = new Store();
  store.onWrite = () => answer as never;
  const world = new World();
  onTestFinished(() => world.close());
  world.define('in', { plugin: new Feed(['a']).source }).define('dead', { plugin: dead.sink });
  world.define('out', { plugin: store.sink, reconnect: { first: 1 } });
  const running = await world.deploy(flow('answer').from('in').to('out', { attempts: 1 }).errorsTo('dead'));
  expect(await running.ended).toEqual([]);
  const { code, message } = JSON.parse(dead.metas[0] ?? '{}') as { code: string; message: string };
  expect(code).toBe('ERR_TENON_CONTRACT');
  expect(message).toContain('write of connector out answered with');
  expect(message).toContain(problem);
});
