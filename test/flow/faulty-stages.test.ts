/** Stages that panic or break their contract: the event at fault is dead, and no other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { FrameBuilder, flow, Mark, World } from '../../src/flow/index.js';
import { PluginHost } from '../../src/index.js';
import { compile, root, temporaryFolder, withAddon, withRunner } from '../support/index.js';
import { lacks } from '../support/tools.js';
import { Feed, Store } from './doubles.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

const TIERS = [...(withAddon ? (['inline', 'thread'] as const) : []), ...(withRunner ? ['process'] : [])];

function worldWith(fixture: string): { world: World; store: Store; dead: Store } {
  const folder = temporaryFolder();
  compile(folder, fixture, readFileSync(join(root, 'test', 'flow', 'fixtures', `${fixture}.c`), 'utf8'));
  const host = new PluginHost({ paths: [folder] });
  const world = new World({ host });
  onTestFinished(async () => {
    await world.close();
    await host.close();
  });
  const [store, dead] = [new Store(), new Store()];
  world.define('out', { plugin: store.sink }).define('dead', { plugin: dead.sink });
  return { world, store, dead };
}

const codeOf = (meta: string | undefined) => (JSON.parse(meta ?? '{}') as { code?: string }).code;

describe.runIf(!lacks('cc') && TIERS.length > 0)('stages at fault', () => {
  test.each(TIERS)(
    'a codec that panics at an event goes on with the next, in the tier %s',
    async (isolation) => {
      const { world, store, dead } = worldWith('panicker');
      const feed = new Feed(['a', 'bad 1', 'b', 'bad 2', 'no', 'c', 'd', 'e', 'bad 3', 'f']);
      feed.most = 5;
      world.define('in', {
        plugin: feed.source,
        codec: { plugin: 'panicker', load: { isolation: isolation as 'inline' } },
      });
      const running = await world.deploy(flow('panics').from('in').to('out').errorsTo('dead'));
      expect(await running.ended).toEqual([]);
      expect(store.rows).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
      expect(dead.rows).toEqual(['bad 1', 'bad 2', 'no', 'bad 3']);
      expect(dead.metas.map(codeOf)).toEqual([
        ...['ERR_TENON_PANIC', 'ERR_TENON_PANIC', 'ERR_TENON_CALL_FAILED', 'ERR_TENON_PANIC'],
      ]);
    },
  );

  test.each(['stream', 'streams', 'end'])('rows of a plugin with a wrong %s reach no sink', async (mode) => {
    const { world, store, dead } = worldWith('misfit');
    const load = withAddon ? {} : { load: { isolation: 'process' as const } };
    const feed = new Feed(['a', 'b']);
    world.define('in', {
      plugin: feed.source,
      preprocessors: [{ plugin: 'misfit', config: { mode }, ...load }],
    });
    const running = await world.deploy(flow('misfit').from('in').to('out').errorsTo('dead'));
    expect(await running.ended).toEqual([]);
    expect(store.rows).toEqual([]);
    expect(dead.rows).toEqual(['a', 'b']);
    expect(dead.metas.map(codeOf)).toEqual(['ERR_TENON_CONTRACT', 'ERR_TENON_CONTRACT']);
  });
});

test('a function that ends a stream breaks the contract', async () => {
  const [feed, store, dead] = [new Feed(['a']), new Store(), new Store()];
  const world = new World();
  onTestFinished(() => world.close());
  world.define('in', { plugin: feed.source }).define('out', { plugin: store.sink });
  world.define('dead', { plugin: dead.sink });
  const ending = () => new FrameBuilder().add('', { position: 1n, mark: Mark.end }).build();
  const running = await world.deploy(flow('ends').from('in').pipe(ending).to('out').errorsTo('dead'));
  expect(await running.ended).toEqual([]);
  expect([store.rows, dead.rows]).toEqual([[], ['a']]);
  expect(codeOf(dead.metas[0])).toBe('ERR_TENON_CONTRACT');
});
