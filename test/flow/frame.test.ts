/** Frames: what is read is what was written, and what violates the layout is refused as a whole. */
import { expect, test } from 'vitest';
import { EventFrame, FrameBuilder, filterFrame, Mark, NOWHERE } from '../../src/flow/index.js';

const sample = (): EventFrame =>
  new FrameBuilder()
    .add('one', { position: 10n, ingestNs: 5n })
    .add('', { position: 11n, ingestNs: 5n })
    .add('three', { position: 20n, ingestNs: 6n, meta: { a: 1 }, mark: Mark.piece })
    .build({ state: 'idle', held: 20n, wakeNs: 1000n });

test('a frame has what its builder got', () => {
  const frame = new EventFrame(sample().bytes);
  expect(frame).toMatchObject({ rows: 3, state: 'idle', held: 20n, wakeNs: 1000n, size: 8 });
  expect(frame.strings()).toEqual(['one', '', 'three']);
  expect([0, 1, 2].map((row) => frame.positionOf(row))).toEqual([10n, 11n, 20n]);
  expect([0, 1, 2].map((row) => frame.ingestOf(row))).toEqual([5n, 5n, 6n]);
  expect([0, 1, 2].map((row) => frame.markOf(row))).toEqual([Mark.row, Mark.row, Mark.piece]);
  expect(frame.metaOf(2)).toBe('{"a":1}');
});

test('columns whose values follow from the head are left out', () => {
  const frame = new FrameBuilder()
    .add('a', { position: 7n, ingestNs: 1n })
    .add('b', { ingestNs: 1n })
    .build();
  expect(frame).toMatchObject({
    streams: null,
    positions: null,
    ingest: null,
    marks: null,
    metaOffsets: null,
  });
  expect(frame.positionOf(1)).toBe(8n);
  expect(frame.held).toBe(NOWHERE);
});

test('a frame of bytes at an odd address is read', () => {
  const { bytes } = sample();
  const shifted = new Uint8Array(bytes.length + 3).subarray(3);
  shifted.set(bytes);
  expect(new EventFrame(shifted).strings()).toEqual(['one', '', 'three']);
});

test('rows are chosen without a change of the others', () => {
  const chosen = filterFrame(sample(), (row) => row !== 0);
  expect(chosen.strings()).toEqual(['', 'three']);
  expect(chosen.positionOf(1)).toBe(20n);
  expect(chosen.metaOf(1)).toBe('{"a":1}');
});

const words = {
  size: 0,
  rows: 1,
  length: 2,
  offsets: 3,
  data: 4,
  positions: 6,
  marks: 8,
  meta: 9,
  state: 11,
};
const change = (word: keyof typeof words, value: number) => (bytes: Uint8Array) => {
  new Uint32Array(bytes.buffer)[words[word]] = value;
};
const offset = (index: number, value: number) => (bytes: Uint8Array) => {
  new Int32Array(bytes.buffer, new Uint32Array(bytes.buffer)[words.offsets])[index] = value;
};

test.each<[what: string, damage: (bytes: Uint8Array) => void, problem: RegExp]>([
  ['a size below that of the head', change('size', 80), /its size is 80/],
  ['a size beyond its end', change('size', 4096), /its size is 4096/],
  ['another length', change('length', 88), /its length is 88/],
  ['more rows than bytes', change('rows', 2 ** 30), /column offsets/],
  ['no offsets', change('offsets', 0), /no offsets/],
  ['an odd column', change('positions', 91), /column positions begins at 91/],
  ['a column in the head', change('data', 8), /column data begins at 8/],
  ['a column at the end of memory', change('marks', 2 ** 32 - 8), /column marks/],
  ['no data', change('data', 0), /end at byte 8 of data, which it lacks/],
  ['empty rows at a place in no data', emptyRowsAt(500), /end at byte 500 of data, which it lacks/],
  ['an unknown state', change('state', 3), /its state is 3/],
  ['offsets that decrease', offset(2, 1), /decrease at row 2: 1 after 3/],
  ['a negative offset', offset(0, -1), /decrease at row 0/],
  ['offsets beyond the data', offset(3, 1 << 30), /column data/],
  ['an unknown mark', (bytes) => mark(bytes, 0, 9), /row 0 has the mark 9/],
  ['an end with bytes', (bytes) => mark(bytes, 0, Mark.end), /row 0 ends its stream, but has bytes/],
  [
    'metadata that is not JSON',
    (bytes) => void bytes.set([0x21], bytes.lastIndexOf(0x7b)),
    /row 2 is not JSON/,
  ],
])('%s is refused', (_, damage, problem) => {
  const bytes = Uint8Array.from(sample().bytes);
  damage(bytes);
  expect(() => new EventFrame(bytes, 'The answer')).toThrow(problem);
  expect(() => new EventFrame(bytes, 'The answer')).toThrow(
    expect.objectContaining({
      code: 'ERR_TENON_CONTRACT',
      message: expect.stringMatching(/^The answer is not/),
    }),
  );
});

/** Removes the data, and makes all rows empty ones at a place in it. */
function emptyRowsAt(place: number) {
  return (bytes: Uint8Array): void => {
    change('data', 0)(bytes);
    for (let index = 0; index <= 3; index++) offset(index, place)(bytes);
  };
}

function mark(bytes: Uint8Array, row: number, value: number): void {
  const at = new Uint32Array(bytes.buffer)[words.marks] ?? 0;
  bytes[at + row] = value;
}

test('any other byte of a frame can be anything without a crash', () => {
  const { bytes } = sample();
  for (let at = 0; at < bytes.length; at++)
    for (const value of [0, 1, 0x7f, 0xff]) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = value;
      try {
        new EventFrame(damaged).strings();
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_TENON_CONTRACT' });
      }
    }
});
