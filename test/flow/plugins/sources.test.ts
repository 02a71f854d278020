/** The sources: they keep to their credit, continue where they were, and answer CLOSED before they are connected. */
import { appendFileSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Credit, type EventFrame, Mark } from '../../../src/flow/index.js';
import { NativeSource } from '../../../src/flow/ports.js';
import { temporaryFolder, withAddon } from '../../support/index.js';
import { connectors, credit, TIERS } from './support.js';

/** A source as a flow uses it. */
async function open(
  plugin: string,
  config: object,
  isolation: (typeof TIERS)[number] = 'inline',
): Promise<NativeSource> {
  const source = await new NativeSource(await connectors().load(plugin, { isolation }), config).open();
  onTestFinished(() => source.close());
  return source;
}

const fileOf = (text: string): string => {
  const path = join(temporaryFolder(), 'in.log');
  writeFileSync(path, text);
  return path;
};

const from = (position: bigint, stream = 0n): Map<bigint, bigint> => new Map([[stream, position]]);

/** Pulls until a frame has that state. Each frame is checked against the credit. */
async function pullUntil(
  source: NativeSource,
  state: 'idle' | 'done',
  given: Partial<Credit> = {},
): Promise<EventFrame[]> {
  const frames: EventFrame[] = [];
  const { rows = 1000, bytes = 1 << 20 } = given;
  for (;;) {
    const frame = await source.pull({ rows, bytes });
    expect(frame.rows).toBeLessThanOrEqual(rows);
    const last = frame.rows === 0 ? 0 : frame.row(frame.rows - 1).length;
    expect(frame.size - last).toBeLessThanOrEqual(bytes);
    frames.push(frame);
    if (frame.state === state) return frames;
  }
}

const textOf = (frames: readonly EventFrame[]): string =>
  frames.flatMap((frame) => frame.strings()).join('|');

describe.each(TIERS)('in the tier %s, a source', (isolation) => {
  test.each([
    ['blaster', true],
    ['tail', true],
    ['metronome-source', false],
  ])(
    '%s is closed until it is connected, and refuses inputs of the wrong size',
    async (plugin, needsFile) => {
      const loaded = await connectors().load(plugin, { isolation });
      const instance = await loaded.new(needsFile ? { path: fileOf('a\n') } : { interval: 86_400_000 });
      const call = (slot: number, bytes: Uint8Array) =>
        instance
          .method('source/1', slot)
          .call(bytes)
          .then(
            () => 'TENON_OK',
            (error) => error.status,
          );
      const [connect, pull, contraflow] = [0, 1, 2];
      expect(await call(pull, credit())).toBe('TENON_CLOSED');
      expect(await call(contraflow, Buffer.alloc(0))).toBe('TENON_CLOSED');
      expect(await call(connect, Buffer.alloc(15))).toBe('TENON_INVALID');
      expect(await call(connect, Buffer.alloc(0))).toBe('TENON_OK');
      expect(await call(pull, credit().subarray(1))).toBe('TENON_INVALID');
      expect(await call(pull, Buffer.alloc(16))).toBe('TENON_INVALID');
      expect(await call(contraflow, Buffer.alloc(31))).toBe('TENON_INVALID');
      expect(await call(contraflow, Buffer.alloc(64, 0xff))).toBe('TENON_OK');
      expect(await call(pull, credit({ rows: 1, bytes: 1 }))).toBe('TENON_OK');
      await instance.close();
    },
  );
});

describe('blaster', () => {
  test('replays lines, keeps to the credit, and is done', async () => {
    const source = await open('blaster', { path: fileOf('one\n\nthree\nlast'), loops: 2 });
    expect(await source.connect(new Map())).toEqual({ replays: true, durable: false, remembers: false });
    const frames = await pullUntil(source, 'done', { rows: 3, bytes: 4 });
    expect(textOf(frames)).toBe('one||three|last|one||three|last');
    const positions = frames.flatMap((frame) =>
      Array.from({ length: frame.rows }, (_, row) => frame.positionOf(row)),
    );
    expect(positions).toEqual([4n, 5n, 11n, 15n, 19n, 20n, 26n, 30n]);
  });

  test('replays pieces of a byte stream', async () => {
    const source = await open('blaster', { path: fileOf('0123456789'), piece: 4 });
    await source.connect(new Map());
    const [frame] = await pullUntil(source, 'done');
    expect(frame?.strings()).toEqual(['0123', '4567', '89']);
    expect([frame?.markOf(2), frame?.positionOf(2)]).toEqual([Mark.piece, 10n]);
  });

  test.each([0n, 4n, 9n, 17n, 18n, 100n])('continues after position %i', async (position) => {
    const source = await open('blaster', { path: fileOf('one\nfour\n'), loops: 2 });
    await source.connect(from(position));
    const all = ['one', 'four', 'one', 'four'];
    const rest = [4n, 9n, 13n, 18n].filter((end) => end > position).length;
    const expected = position === 17n ? [''] : all.slice(all.length - rest);
    expect((await pullUntil(source, 'done')).flatMap((frame) => frame.strings())).toEqual(expected);
  });

  test('is done at once for an empty file, even without an end of its loops', async () => {
    const source = await open('blaster', { path: fileOf(''), loops: 0 });
    await source.connect(new Map());
    expect((await source.pull({ rows: 1, bytes: 1 })).state).toBe('done');
  });

  test('with a rate, no event comes before its time', async () => {
    const source = await open('blaster', { path: fileOf('x\n'.repeat(40)), rate: 1000 });
    const began = performance.now();
    await source.connect(new Map());
    let rows = 0;
    for (let state = 'more'; state !== 'done'; ) {
      const frame = await source.pull({ rows: 1000, bytes: 1000 });
      rows += frame.rows;
      state = frame.state;
      if (state === 'idle') expect(frame.wakeNs).toBeGreaterThan(0n);
      expect(rows).toBeLessThanOrEqual(performance.now() - began + 1);
    }
    expect(rows).toBe(40);
    expect(performance.now() - began).toBeGreaterThanOrEqual(39);
  });

  test('replays a file that it does not keep in memory, with an event longer than what it reads at once', async () => {
    const rows = Array.from({ length: 170 }, (_, index) => `${index} `.padEnd(100_000, 'x'));
    rows.splice(100, 0, 'long '.padEnd(3_000_000, 'y'));
    const source = await open('blaster', { path: fileOf(rows.map((row) => `${row}\n`).join('')), loops: 2 });
    await source.connect(new Map());
    const found = (await pullUntil(source, 'done', { rows: 7, bytes: 1 << 20 })).flatMap((frame) =>
      frame.strings(),
    );
    expect(found.length).toBe(2 * rows.length);
    expect(found.every((row, index) => row === rows[index % rows.length])).toBe(true);
  });

  test('gives out what came before the place where its file has become shorter, and then has no connection', async () => {
    const path = fileOf('0123456789abcde\n'.repeat(1_100_000));
    const source = await open('blaster', { path, piece: 1_000_000 });
    await source.connect(new Map());
    expect(await source.pull({ rows: 1, bytes: 1 })).toMatchObject({ rows: 1, size: 1_000_000 });
    truncateSync(path, 2_500_000);
    expect(await source.pull({ rows: 5, bytes: 1 << 30 })).toMatchObject({ rows: 1, size: 1_000_000 });
    await expect(source.pull({ rows: 5, bytes: 1 << 30 })).rejects.toMatchObject({ status: 'TENON_CLOSED' });
    await expect(source.pull({ rows: 5, bytes: 1 << 30 })).rejects.toMatchObject({ status: 'TENON_CLOSED' });
    await source.connect(from(2_000_000n));
    expect(await source.pull({ rows: 5, bytes: 1 << 30 })).toMatchObject({
      rows: 1,
      size: 500_000,
      state: 'done',
    });
  });

  test('says what is wrong with its file, and is connected when it is right', async () => {
    const path = join(temporaryFolder(), 'later');
    const source = await open('blaster', { path });
    await expect(source.connect(new Map())).rejects.toMatchObject({ status: 'TENON_CLOSED' });
    writeFileSync(path, 'here');
    await source.connect(new Map());
    expect(textOf(await pullUntil(source, 'done'))).toBe('here');
  });

  test('ends when it is drained', async () => {
    const source = await open('blaster', { path: fileOf('a\n'), loops: 0 });
    await source.connect(new Map());
    expect((await source.pull({ rows: 5, bytes: 1000 })).state).toBe('more');
    await source.contraflow([{ what: 'ack', last: 4n }, { what: 'drain' }]);
    expect(await source.pull({ rows: 5, bytes: 1000 })).toMatchObject({ rows: 0, state: 'done' });
  });
});

describe('metronome-source', () => {
  test('ticks in order, and ends after its count', async () => {
    const source = await open('metronome-source', { interval: 1, count: 3 });
    await source.connect(from(7n));
    await source.connect(from(1n));
    const frames: EventFrame[] = [];
    for (;;) {
      const frame = await source.pull({ rows: 1, bytes: 100 });
      frames.push(frame);
      if (frame.state === 'done') break;
    }
    expect(textOf(frames)).toBe('{"tick":2}|{"tick":3}');
  });

  test('says when it wants to be pulled again', async () => {
    const source = await open('metronome-source', { interval: 86_400_000 });
    await source.connect(new Map());
    const frame = await source.pull({ rows: 1, bytes: 100 });
    expect(frame).toMatchObject({ rows: 0, state: 'idle' });
    expect(frame.wakeNs).toBeGreaterThan(0n);
    expect(frame.wakeNs).toBeLessThanOrEqual(86_400_000_000_000n);
  });
});

describe('tail', () => {
  test('reads what is there and what is appended, in pieces of at most the credit', async () => {
    const path = fileOf('0123456789');
    const source = await open('tail', { path });
    await source.connect(new Map());
    const first = await pullUntil(source, 'idle', { bytes: 4 });
    expect(textOf(first.filter(({ rows }) => rows > 0))).toBe('0123|4567|89');
    expect(first[2]).toMatchObject({ position: 10n });
    expect(first[2]?.markOf(0)).toBe(Mark.piece);
    appendFileSync(path, 'more');
    const [second] = await pullUntil(source, 'idle');
    expect([second?.strings(), second?.position, second?.stream]).toEqual([['more'], 14n, first[0]?.stream]);
  });

  test.runIf(withAddon && process.platform === 'linux')(
    'wakes its host when the file grows, and when another file has its path',
    async ({ skip }) => {
      const path = fileOf('a');
      const source = await open('tail', { path });
      await source.connect(new Map());
      const woken = async (change: () => void): Promise<void> => {
        const { wakes } = source;
        const frames = await pullUntil(source, 'idle');
        if (frames.at(-1)?.wakeNs !== 1_000_000_000n) skip('the system has no more instances of inotify');
        change();
        while (source.wakes === wakes) await new Promise((resolve) => setTimeout(resolve, 2));
      };
      await woken(() => appendFileSync(path, 'b'));
      await woken(() => renameSync(fileOf('c'), path));
    },
  );

  test('begins at the end if its config says so, and only in the first file', async () => {
    const path = fileOf('old');
    const source = await open('tail', { path, from: 'end' });
    await source.connect(new Map());
    expect(textOf(await pullUntil(source, 'idle'))).toBe('');
    appendFileSync(path, 'new');
    const [frame] = await pullUntil(source, 'idle');
    expect([frame?.strings(), frame?.position]).toEqual([['new'], 6n]);
  });

  test('waits for a file that does not exist yet', async () => {
    const path = join(temporaryFolder(), 'later');
    const source = await open('tail', { path });
    await source.connect(new Map());
    expect(await source.pull({ rows: 1, bytes: 10 })).toMatchObject({ rows: 0, state: 'idle' });
    writeFileSync(path, 'here');
    expect(textOf(await pullUntil(source, 'idle'))).toBe('here');
  });

  /** Pulls until a stream has ended. Returns its rows. */
  async function untilEnd(
    source: NativeSource,
  ): Promise<{ text: string; mark: number; stream: bigint; last: bigint }> {
    let text = '';
    for (;;) {
      const frame = await source.pull({ rows: 10, bytes: 1000 });
      text += frame.strings().join('');
      const mark = frame.rows === 0 ? Mark.row : frame.markOf(frame.rows - 1);
      if (mark === Mark.end || mark === Mark.broken)
        return { text, mark, stream: frame.stream, last: frame.position };
      if (frame.state === 'idle') await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  test('after a rotation it reads the old file to its end, and then the new one from its beginning', async () => {
    const path = fileOf('old ');
    const source = await open('tail', { path });
    await source.connect(new Map());
    await pullUntil(source, 'idle');
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'new');
    appendFileSync(`${path}.1`, 'rest');
    const end = await untilEnd(source);
    expect(end).toMatchObject({ text: 'rest', mark: Mark.end, last: 8n });
    const [frame] = await pullUntil(source, 'idle');
    expect([frame?.strings(), frame?.position]).toEqual([['new'], 3n]);
    expect(frame?.stream).not.toBe(end.stream);
  });

  test('what is written to the old file while the new one is empty is read', async () => {
    const path = fileOf('old ');
    const source = await open('tail', { path });
    await source.connect(new Map());
    await pullUntil(source, 'idle');
    renameSync(path, `${path}.1`);
    writeFileSync(path, '');
    // Longer than the time for which a program may write to the old file when the new one has bytes.
    for (let pull = 0; pull < 30; pull++) {
      expect((await source.pull({ rows: 10, bytes: 1000 })).rows).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    appendFileSync(`${path}.1`, 'late');
    appendFileSync(path, 'new');
    expect(await untilEnd(source)).toMatchObject({ text: 'late', mark: Mark.end, last: 8n });
    const [frame] = await pullUntil(source, 'idle');
    expect(frame?.strings()).toEqual(['new']);
  });

  test('after a truncation the stream is cut off, and another begins', async () => {
    const path = fileOf('old text');
    const source = await open('tail', { path });
    await source.connect(new Map());
    await pullUntil(source, 'idle');
    truncateSync(path);
    appendFileSync(path, 'new');
    const end = await untilEnd(source);
    expect(end).toMatchObject({ text: '', mark: Mark.broken, last: 8n });
    const [frame] = await pullUntil(source, 'idle');
    expect([frame?.strings(), frame?.position]).toEqual([['new'], 3n]);
    expect(frame?.stream).not.toBe(end.stream);
  });

  test('a fresh instance continues each stream, one of them in the file that rotation renamed', async () => {
    const path = fileOf('old ');
    const first = await open('tail', { path });
    await first.connect(new Map());
    const [old] = await pullUntil(first, 'idle');
    await first.close();
    appendFileSync(path, 'rest');
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'new text');
    const second = await open('tail', { path });
    await second.connect(from(4n, old?.stream));
    expect(await untilEnd(second)).toMatchObject({ text: 'rest', mark: Mark.end, stream: old?.stream });
    const [fresh] = await pullUntil(second, 'idle');
    expect(fresh?.strings()).toEqual(['new text']);
    await second.close();
    const third = await open('tail', { path });
    await third.connect(
      new Map([
        [old?.stream ?? 0n, 8n],
        [fresh?.stream ?? 0n, 3n],
      ]),
    );
    await untilEnd(third);
    expect(textOf(await pullUntil(third, 'idle'))).toBe(' text');
  });

  test('a stream whose file is gone, or is shorter now, ends as cut off', async () => {
    const path = fileOf('text');
    const first = await open('tail', { path });
    await first.connect(new Map());
    const [old] = await pullUntil(first, 'idle');
    const stream = old?.stream ?? 0n;
    await first.close();
    truncateSync(path, 2);
    const second = await open('tail', { path });
    await second.connect(from(4n, stream));
    expect(await untilEnd(second)).toMatchObject({ mark: Mark.broken, stream, last: 4n });
    const [again] = await pullUntil(second, 'idle');
    expect([again?.strings(), again?.stream === stream]).toEqual([['te'], false]);
    await second.close();
    unlinkSync(path);
    const third = await open('tail', { path });
    await third.connect(from(4n, stream));
    expect(await untilEnd(third)).toMatchObject({ mark: Mark.broken, stream, last: 4n });
  });

  test('a folder is not a file', async () => {
    const source = await open('tail', { path: temporaryFolder() });
    await source.connect(new Map());
    await expect(source.pull({ rows: 1, bytes: 1 })).rejects.toMatchObject({
      status: 'TENON_CLOSED',
      message: expect.stringMatching(/cannot be read/),
    });
  });
});
