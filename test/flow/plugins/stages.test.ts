/** Stages of bytes: the same events come out however the stream is cut, and what is held is truthful. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type EventFrame, Mark, NOWHERE } from '../../../src/flow/index.js';
import { POSTPROCESSOR, PREPROCESSOR } from '../../../src/flow/kinds.js';
import type { Instance } from '../../../src/index.js';
import { connectors, frameOf, pieces, read } from './support.js';

const stream = (number = 0n): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number);
  return bytes;
};

async function open(plugin: string, config: object = {}): Promise<Instance> {
  return await (await connectors().load(plugin)).new(config);
}

/** The events of a stage, with their positions. */
interface Cut {
  readonly events: string[];
  readonly positions: bigint[];
  readonly held: bigint[];
}

/** Passes frames through a preprocessor. */
async function cut(instance: Instance, frames: readonly EventFrame[], finish = true): Promise<Cut> {
  const stage = instance.as(PREPROCESSOR);
  const result: Cut = { events: [], positions: [], held: [] };
  const take = (frame: EventFrame): void => {
    result.events.push(...frame.strings());
    for (let row = 0; row < frame.rows; row++) result.positions.push(frame.positionOf(row));
    result.held.push(frame.held);
  };
  for (const frame of frames) take(read(await stage.process(frame.bytes)));
  if (finish) take(read(await stage.finish(stream())));
  await instance.close();
  return result;
}

/** All ways to cut `length` bytes into at most three pieces. */
function* cuttings(length: number): Generator<number[]> {
  yield [];
  for (let a = 1; a < length; a++) {
    yield [a];
    for (let b = a + 1; b < length; b += 3) yield [a, b];
  }
}

describe('lines', () => {
  const text = Buffer.from('first\n\nthird line\nlast');

  test('come out the same however their stream is cut', async () => {
    const host = connectors();
    const loaded = await host.load('lines');
    for (const cuts of cuttings(text.length)) {
      const { events, positions, held } = await cut(await loaded.new(), pieces(text, cuts, Mark.piece));
      expect(events, `cut at ${cuts}`).toEqual(['first', '', 'third line', 'last']);
      expect(positions).toEqual([6n, 7n, 18n, 22n]);
      expect(held.at(-1)).toBe(NOWHERE);
    }
  });

  test('hold the first piece of which a part is inside', async () => {
    const { held } = await cut(await open('lines'), pieces(text, [3, 5, 6, 8], Mark.piece), false);
    expect(held).toEqual([3n, 3n, NOWHERE, 8n, 22n]);
  });

  test('of rows that are not pieces have the position of their row', async () => {
    const frames = [frameOf(['a\nb', 'c\n'], (row) => ({ position: BigInt(10 * (row + 1)) }))];
    const { events, positions } = await cut(await open('lines'), frames);
    expect(events).toEqual(['a', 'bc']);
    expect(positions).toEqual([10n, 20n]);
  });

  test('that are too long are cut, the same however their stream is', async () => {
    const host = connectors();
    const loaded = await host.load('lines');
    const long = Buffer.from('abcdefgh\nab\nabcd\n');
    for (const cuts of cuttings(long.length)) {
      const { events, positions } = await cut(
        await loaded.new({ maxLength: 4 }),
        pieces(long, cuts, Mark.piece),
      );
      expect(events, `cut at ${cuts}`).toEqual(['abcd', 'efgh', 'ab', 'abcd']);
      expect(positions).toEqual([4n, 9n, 12n, 17n]);
    }
  });

  test('are made of events, with their positions, times and metadata', async () => {
    const instance = await open('lines');
    // Frames of one stream are usual here. This one shows that each column is read and written.
    const frame = frameOf(['x', '', 'yz'], (row) => ({
      ...{ position: BigInt(row * 5), ingestNs: BigInt(7 * row), stream: BigInt(row % 2) },
      ...{ mark: row === 2 ? Mark.piece : Mark.row, meta: { row } },
    }));
    const made = read(await instance.as(POSTPROCESSOR).process(frame.bytes));
    expect(made.strings()).toEqual(['x\n', '\n', 'yz\n']);
    for (let row = 0; row < 3; row++) {
      expect([made.positionOf(row), made.ingestOf(row), made.streamOf(row)]).toEqual([
        ...[frame.positionOf(row), frame.ingestOf(row), frame.streamOf(row)],
      ]);
      expect([made.markOf(row), made.metaOf(row)]).toEqual([frame.markOf(row), frame.metaOf(row)]);
    }
    await instance.close();
  });
});

describe('length-prefixed', () => {
  const encode = (events: readonly string[], width: number): Buffer =>
    Buffer.concat(
      events.map((event) => {
        const length = Buffer.alloc(width);
        length.writeUIntBE(Buffer.byteLength(event), 0, width);
        return Buffer.concat([length, Buffer.from(event)]);
      }),
    );

  test.each([1, 2, 3, 4])(
    'events with a length of %i bytes come out the same however they are cut',
    async (width) => {
      const loaded = await connectors().load('length-prefixed');
      const bytes = encode(['one', '', '\n\0', 'four'], width);
      for (const cuts of cuttings(bytes.length)) {
        const { events, held } = await cut(await loaded.new({ width }), pieces(bytes, cuts, Mark.piece));
        expect(events, `cut at ${cuts}`).toEqual(['one', '', '\n\0', 'four']);
        expect(held.at(-1)).toBe(NOWHERE);
      }
    },
  );

  test('what it writes it reads again', async () => {
    const instance = await open('length-prefixed', { width: 2 });
    const written = read(await instance.as(POSTPROCESSOR).process(frameOf(['a', 'bc', '']).bytes));
    expect(Buffer.from(written.data.subarray(written.offsets[0])).equals(encode(['a', 'bc', ''], 2))).toBe(
      true,
    );
    expect((await cut(instance, [written])).events).toEqual(['a', 'bc', '']);
  });

  test('a length that cannot be right is refused', async () => {
    const instance = await open('length-prefixed', { maxLength: 10 });
    const call = instance.as(PREPROCESSOR).process(frameOf([Buffer.from([0, 0, 0, 11])]).bytes);
    await expect(call).rejects.toMatchObject({ status: 'TENON_INVALID' });
    await instance.close();
  });

  test('a stream that ends within an event is an error, and not an event', async () => {
    const instance = await open('length-prefixed');
    const stage = instance.as(PREPROCESSOR);
    await stage.process(frameOf([Buffer.from([0, 0, 0, 5, 65])]).bytes);
    await expect(stage.finish(stream())).rejects.toMatchObject({ status: 'TENON_INVALID' });
    await instance.close();
  });
});

describe('gzip-stream', () => {
  const members = Buffer.concat(['first ', 'second', ''].map((text) => gzipSync(text)));

  test.each([
    ['pieces', Mark.piece],
    ['events', Mark.row],
  ])('decompresses members in %s, however they are cut', async (_, mark) => {
    const loaded = await connectors().load('gzip-stream');
    for (const cuts of cuttings(members.length)) {
      const { events, positions, held } = await cut(await loaded.new(), pieces(members, cuts, mark));
      expect(events.join(''), `cut at ${cuts}`).toBe('first second');
      expect([...positions].sort((a, b) => Number(a - b))).toEqual(positions);
      expect(held.at(-1)).toBe(NOWHERE);
    }
  });

  test('holds the first piece of a member, and has the byte at which a member ended', async () => {
    const end = gzipSync('first ').length;
    const { positions, held } = await cut(
      await open('gzip-stream'),
      pieces(members, [5, end + 4], Mark.piece),
      false,
    );
    expect(held).toEqual([5n, BigInt(end + 4), NOWHERE]);
    expect(positions[0]).toBe(BigInt(end));
  });

  test('makes a member of each frame', async () => {
    const instance = await open('gzip-stream', { level: 9 });
    const stage = instance.as(POSTPROCESSOR);
    const big = 'many bytes '.repeat(100_000);
    const made = [['a\n', 'b\n'], [''], [big]].map((rows) => frameOf(rows));
    const packed: Buffer[] = [];
    for (const frame of made) {
      const result = read(await stage.process(frame.bytes));
      expect(result.rows).toBe(1);
      expect(result.position).toBe(frame.positionOf(frame.rows - 1));
      packed.push(Buffer.from(result.row(0)));
    }
    expect(gunzipSync(Buffer.concat(packed)).toString()).toBe(`a\nb\n${big}`);
    expect(read(await stage.process(frameOf([]).bytes)).rows).toBe(0);
    await instance.close();
  });

  test('refuses a bomb, bytes that are not gzip, and a member without its end', async () => {
    const loaded = await connectors().load('gzip-stream');
    const refusal = async (bytes: Uint8Array): Promise<string> => {
      const instance = await loaded.new({ maxOutput: 1000 });
      const stage = instance.as(PREPROCESSOR);
      const call = stage.process(frameOf([bytes]).bytes).then(() => stage.finish(stream()));
      const message = await call.then(
        () => 'accepted',
        (error: Error) => error.message,
      );
      await instance.close();
      return message;
    };
    expect(await refusal(gzipSync(Buffer.alloc(1001)))).toMatch(/more than maxOutput/);
    expect(await refusal(gzipSync(Buffer.alloc(1000)))).toBe('accepted');
    expect(await refusal(Buffer.from('plain text'))).toMatch(/incorrect header/);
    expect(await refusal(members.subarray(0, 20))).toMatch(/ends in the middle of a member/);
  });
});
