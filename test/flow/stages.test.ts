/** Stages with a state for each stream: what they hold is neither acknowledged nor lost. */
import { appendFileSync, copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type EventFrame,
  FrameBuilder,
  flow,
  Mark,
  type SourceConnector,
  World,
} from '../../src/flow/index.js';
import { PluginHost } from '../../src/index.js';
import { compile, root, temporaryFolder, withRunner } from '../support/index.js';
import { lacks } from '../support/tools.js';
import { Store, until } from './doubles.js';

/** A stream of bytes that comes in pieces, whose positions are byte offsets. */
class Pieces {
  readonly pieces: string[];
  readonly acked: bigint[] = [];
  readonly resumed: (bigint | undefined)[] = [];
  /** The mark of the end; null if the stream stays open. */
  readonly end: number | null;
  wake: () => void = () => undefined;

  constructor(pieces: string[], end: number | null = null) {
    this.pieces = [...pieces];
    this.end = end;
  }

  get source() {
    const feed = this;
    return class PieceSource implements SourceConnector {
      #at = 0n;
      #draining = false;
      #ended = false;
      constructor(_: unknown, { wake }: { wake(): void }) {
        feed.wake = wake;
      }
      connect(resume: ReadonlyMap<bigint, bigint>) {
        feed.resumed.push(resume.get(1n));
        this.#at = resume.get(1n) ?? 0n;
        return { replays: true };
      }
      pull(): EventFrame {
        const builder = new FrameBuilder();
        let offset = 0n;
        for (const piece of feed.pieces) {
          const end = offset + BigInt(piece.length);
          if (end > this.#at && builder.rows === 0) {
            const bytes = piece.slice(Number(this.#at > offset ? this.#at - offset : 0n));
            builder.add(bytes, { stream: 1n, position: end, mark: Mark.piece });
            this.#at = end;
          }
          offset = end;
        }
        if (builder.rows > 0) return builder.build();
        if (feed.end !== null && !this.#ended) {
          this.#ended = true;
          builder.add('', { stream: 1n, position: this.#at, mark: feed.end });
        }
        return builder.build({ state: this.#draining || feed.end !== null ? 'done' : 'idle' });
      }
      contraflow(messages: readonly { what: string; last: bigint }[]): void {
        for (const { what, last } of messages) {
          if (what === 'ack') feed.acked.push(last);
          if (what === 'drain') this.#draining = true;
        }
      }
    };
  }
}

interface Setting {
  readonly world: World;
  readonly host: PluginHost;
  readonly crash: string;
}

function setting(isolation: 'inline' | 'process', state = temporaryFolder()): Setting {
  const folder = temporaryFolder();
  const source = readFileSync(join(root, 'test', 'flow', 'fixtures', 'splitter.c'), 'utf8');
  compile(folder, 'splitter', source, ['-D_GNU_SOURCE']);
  const host = new PluginHost({ paths: [folder] });
  const world = new World({ host, state, load: { isolation } });
  onTestFinished(async () => {
    await world.close();
    await host.close();
  });
  return { world, host, crash: join(folder, 'crash') };
}

function define({ world, crash }: Setting, feed: Pieces, store: Store, poison = ''): void {
  const preprocessors = [{ plugin: 'splitter', config: { crash, poison } }];
  world.define('in', { plugin: feed.source, preprocessors }).define('out', { plugin: store.sink });
}

const plan = flow('pieces').from('in').to('out');
const TEXT = ['one\ntwo\nthr', 'ee\nfo', 'ur\nfive'];

describe.runIf(withRunner && !lacks('cc'))('stages', () => {
  test('the rest of a stream that ends without a newline is delivered', async () => {
    const feed = new Pieces(TEXT, Mark.end);
    const store = new Store();
    const at = setting('inline');
    define(at, feed, store);
    expect(await (await at.world.deploy(plan)).ended).toEqual([]);
    expect(store.rows).toEqual(['one', 'two', 'three', 'four', 'five']);
    expect(store.positions).toEqual([4n, 8n, 14n, 19n, 23n]);
    expect(feed.acked.at(-1)).toBe(23n);
  });

  test('the rest of a stream that is cut off becomes a dead letter', async () => {
    const feed = new Pieces(TEXT, Mark.broken);
    const store = new Store();
    const dead = new Store();
    const at = setting('inline');
    define(at, feed, store);
    at.world.define('dead', { plugin: dead.sink });
    const running = await at.world.deploy(plan.errorsTo('dead'));
    expect(await running.ended).toEqual([]);
    expect(store.rows).toEqual(['one', 'two', 'three', 'four']);
    expect(dead.rows).toEqual(['five']);
    expect(running.metrics()).toMatchObject({ in: 5, delivered: 4, dead: 1 });
  });

  test('half a line is not acknowledged, and is whole after a restart', async () => {
    const state = temporaryFolder();
    const feed = new Pieces(TEXT);
    const store = new Store();
    const first = setting('inline', state);
    define(first, feed, store);
    const running = await first.world.deploy(plan);
    await until(() => store.rows.length === 4);
    expect(await running.drain()).toEqual([]);
    expect(feed.acked.at(-1)).toBe(19n);
    feed.pieces.push('teen\n');
    const second = setting('inline', state);
    define(second, feed, store);
    const again = await second.world.deploy(plan);
    await until(() => store.rows.length === 5);
    expect(store.rows).toEqual(['one', 'two', 'three', 'four', 'fiveteen']);
    expect(feed.resumed).toEqual([undefined, 19n]);
    await again.drain();
  });

  test('a stage that is killed between two frames gets back what it held', async () => {
    const feed = new Pieces(TEXT.slice(0, 1));
    const store = new Store();
    const at = setting('process');
    define(at, feed, store);
    const running = await at.world.deploy(plan);
    await until(() => store.rows.length === 2);
    const stage = at.host.plugins.find(({ name }) => name === 'splitter');
    const generation = stage?.process?.generation ?? 0;
    process.kill(stage?.process?.pid ?? 0, 'SIGKILL');
    await until(() => (stage?.process?.generation ?? 0) > generation);
    feed.pieces.push(...TEXT.slice(1), '\n');
    feed.wake();
    await until(() => store.rows.length === 5);
    expect(store.rows).toEqual(['one', 'two', 'three', 'four', 'five']);
    expect(await running.drain()).toEqual([]);
    expect(feed.acked.at(-1)).toBe(24n);
  });

  test('a stage that is killed within a call gets the frame and what it held again', async () => {
    const feed = new Pieces(TEXT.slice(0, 1));
    const store = new Store();
    const at = setting('process');
    define(at, feed, store);
    const running = await at.world.deploy(plan);
    await until(() => store.rows.length === 2);
    writeFileSync(at.crash, '');
    feed.pieces.push(...TEXT.slice(1), '\n');
    feed.wake();
    await until(() => store.rows.length === 5);
    expect(store.rows).toEqual(['one', 'two', 'three', 'four', 'five']);
    expect(await running.drain()).toEqual([]);
  });

  test.each(['inline', 'process'] as const)(
    'what a stage held is there again after its plugin was reloaded without its state (%s)',
    async (isolation) => {
      const feed = new Pieces(TEXT.slice(0, 1));
      const store = new Store();
      const at = setting(isolation);
      define(at, feed, store);
      const running = await at.world.deploy(plan);
      await until(() => store.rows.length === 2);
      const stage = at.host.plugins.find(({ name }) => name === 'splitter');
      const file = stage?.manifest.source ?? '';
      copyFileSync(file, `${file}.new`);
      appendFileSync(`${file}.new`, 'the next version');
      renameSync(`${file}.new`, file);
      const reload = stage?.reload();
      feed.pieces.push(...TEXT.slice(1), '\n');
      feed.wake();
      expect(await reload).toMatchObject({ outcome: 'swapped', instances: { fresh: 1 } });
      await until(() => store.rows.length === 5);
      expect(store.rows).toEqual(['one', 'two', 'three', 'four', 'five']);
      expect(await running.drain()).toEqual([]);
      expect(stage?.stats().instances).toBe(0);
    },
  );

  test('a frame that a stage cannot survive becomes a dead letter, and the next ones go on', async () => {
    const feed = new Pieces(['one\n', 'poison\n', 'three\n'], Mark.end);
    const store = new Store();
    const dead = new Store();
    const at = setting('process');
    define(at, feed, store, 'poison');
    at.world.define('dead', { plugin: dead.sink });
    const running = await at.world.deploy(plan.errorsTo('dead'));
    expect(await running.ended).toEqual([]);
    expect(store.rows).toEqual(['one', 'three']);
    expect(dead.rows).toEqual(['poison\n']);
    expect(JSON.parse(dead.metas[0] ?? '')).toMatchObject({ at: 'splitter', report: { signal: 'SIGABRT' } });
    expect(feed.acked.at(-1)).toBe(17n);
  });

  test('a config that a stage refuses is known before anything is pulled', async () => {
    const at = setting('inline');
    const feed = new Pieces(TEXT);
    at.world.define('in', {
      plugin: feed.source,
      preprocessors: [{ plugin: 'splitter', config: { crsh: '' } }],
    });
    at.world.define('out', { plugin: new Store().sink });
    await expect(at.world.deploy(plan)).rejects.toMatchObject({ code: 'ERR_TENON_NEW_FAILED' });
    expect(feed.resumed).toEqual([]);
  });

  test('a plugin without the kind is refused', async () => {
    const at = setting('inline');
    define(at, new Pieces([]), new Store());
    at.world.define('wrong', { plugin: 'splitter' });
    const wrong = flow('wrong').from('in').to('wrong');
    await expect(at.world.deploy(wrong)).rejects.toMatchObject({
      code: 'ERR_TENON_MISSING_KIND',
      message: expect.stringMatching(
        /cannot use plugin splitter as a sink: it has preprocessor, expected sink\/1/,
      ),
    });
  });
});
