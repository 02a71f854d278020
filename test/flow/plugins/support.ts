/** Tiers, hosts and frames for the tests of the connectors. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Credit, EventFrame, FrameBuilder, type RowOptions, World } from '../../../src/flow/index.js';
import { PluginHost } from '../../../src/index.js';
import { pluginsDir, temporaryFolder, withAddon, withRunner } from '../../support/index.js';

/** The folder of the connectors. */
export const connectorsDir = join(pluginsDir, 'flow');

/** The tiers that this run has. */
export const TIERS: readonly ('inline' | 'thread' | 'process')[] = [
  'inline',
  ...(withAddon ? (['thread'] as const) : []),
  ...(withRunner ? (['process'] as const) : []),
];

/** Makes a host of the connectors that is closed when the test ends. */
export function connectors(): PluginHost {
  const host = new PluginHost({ paths: [connectorsDir] });
  onTestFinished(() => host.close());
  return host;
}

/** Makes a world with a folder for its state, or without one. Flows that cannot survive a crash warn, which is wanted. */
export function worldWith(host: PluginHost, isolation: (typeof TIERS)[number], durable = true): World {
  const state = durable ? { state: join(temporaryFolder(), 'state') } : {};
  const world = new World({ host, load: { isolation }, ...state });
  onTestFinished(() => world.close());
  return world;
}

/** Encodes a credit. */
export function credit({ rows = 1000, bytes = 1 << 20 }: Partial<Credit> = {}): Uint8Array {
  const encoded = Buffer.alloc(16);
  encoded.writeBigUInt64LE(BigInt(rows), 0);
  encoded.writeBigUInt64LE(BigInt(bytes), 8);
  return encoded;
}

/** Makes a frame of strings. `options` returns the other members of a row. */
export function frameOf(
  rows: readonly (string | Uint8Array)[],
  options: (row: number) => RowOptions = () => ({}),
): EventFrame {
  const builder = new FrameBuilder();
  for (const [index, row] of rows.entries()) builder.add(row, options(index));
  return builder.build();
}

/** Makes pieces of a byte stream, cut at those offsets. */
export function pieces(bytes: Uint8Array, cuts: readonly number[], mark: number): EventFrame[] {
  const ends = [...cuts, bytes.length];
  let from = 0;
  return ends.map((end) => {
    const frame = frameOf([bytes.subarray(from, end)], () => ({ position: BigInt(end), mark }));
    from = end;
    return frame;
  });
}

/** Reads the answer of a stage. */
export const read = (bytes: Uint8Array): EventFrame => new EventFrame(bytes, 'the answer');

/** The words of a frame's head, by their index. */
const WORD = {
  size: 0,
  rows: 1,
  length: 2,
  offsets: 3,
  data: 4,
  streams: 5,
  positions: 6,
  ingest: 7,
  marks: 8,
  metaOffsets: 9,
  meta: 10,
  state: 11,
} as const;

/** A frame with every column. */
export function fullFrame(): EventFrame {
  const builder = new FrameBuilder();
  for (const [index, text] of ['one', 'two', '', 'four'].entries())
    builder.add(text, {
      position: BigInt(10 + 3 * index),
      ingestNs: BigInt(index),
      meta: { index },
      mark: index === 3 ? 4 : 0,
    });
  return builder.build();
}

/** Frames that break the layout, each with what is wrong. */
export function hostileFrames(): [what: string, bytes: Uint8Array][] {
  const good = fullFrame().bytes;
  const words = new Uint32Array(good.buffer, good.byteOffset, 22);
  const damaged = (change: (view: DataView) => void): Uint8Array => {
    const copy = Uint8Array.from(good);
    change(new DataView(copy.buffer));
    return copy;
  };
  const word = (name: keyof typeof WORD, value: number): Uint8Array =>
    damaged((view) => view.setUint32(WORD[name] * 4, value, true));
  const inColumn = (name: keyof typeof WORD, at: number, value: number): Uint8Array =>
    damaged((view) => view.setInt32((words[WORD[name]] ?? 0) + at, value, true));
  const columns = ['offsets', 'positions', 'ingest', 'marks', 'metaOffsets'] as const;
  return [
    ['no bytes', new Uint8Array(0)],
    ['half a head', good.slice(0, 40)],
    ['only a head', good.slice(0, 88)],
    ['no last byte', good.slice(0, -1)],
    ['one byte too many', Buffer.concat([good, Buffer.alloc(1)])],
    ['a length beyond its end', word('length', good.length + 8)],
    ['a length of 4 GiB', word('length', 2 ** 32 - 1)],
    ['a head that is too small', word('size', 80)],
    ['a head that is larger than the frame', word('size', 2 ** 31)],
    ['2^32 - 1 rows', word('rows', 2 ** 32 - 1)],
    ['2^30 rows', word('rows', 2 ** 30)],
    ['rows, but no offsets', word('offsets', 0)],
    ['rows with bytes, but no data', word('data', 0)],
    ['data in the head', word('data', 8)],
    ['data at 4 GiB', word('data', 2 ** 32 - 8)],
    ['metadata behind the end', word('meta', good.length)],
    ['an unknown state', word('state', 3)],
    ...columns.map((name): [string, Uint8Array] => [`${name} at 4 GiB`, word(name, 2 ** 32 - 8)]),
    ...columns.map((name): [string, Uint8Array] => [
      `${name} at an odd place`,
      word(name, (words[WORD[name]] ?? 0) + 1),
    ]),
    ['a negative offset', inColumn('offsets', 0, -1)],
    ['offsets that decrease', inColumn('offsets', 4, 2 ** 30)],
    ['a last offset beyond the data', inColumn('offsets', 16, 2 ** 31 - 1)],
    ['a negative offset of metadata', inColumn('metaOffsets', 0, -8)],
    ['metadata that ends far outside', inColumn('metaOffsets', 16, 2 ** 31 - 1)],
    ['an unknown mark', damaged((view) => view.setUint8(words[WORD.marks] ?? 0, 9))],
    ['the end of a stream with bytes', damaged((view) => view.setUint8(words[WORD.marks] ?? 0, 1))],
  ];
}
