/** Reassembles messages from the chunks that a pipe delivers. */
import { expect, test } from 'vitest';
import { encodeRecord, FrameReader, HEADER } from '../../../../src/tiers/process/pipe/frames.js';

const about = { operation: 2, number: 1, instance: 0, method: 0, detail: 0 };

function reader(): { frames: FrameReader; taken: Buffer[] } {
  const taken: Buffer[] = [];
  const frames = new FrameReader({ check: () => null, take: (_record, bytes) => bytes && taken.push(bytes) });
  return { frames, taken };
}

test('memory for a message is allocated as bytes arrive, not by the size in its header', () => {
  const { frames } = reader();
  for (const announced of [5, 2 ** 31 - 1]) {
    const { frames: fresh } = reader();
    fresh.push(encodeRecord({ ...about, size: announced }));
    expect(fresh.gap.length).toBeLessThanOrEqual(Math.min(announced, 8 << 20));
  }
  frames.push(encodeRecord({ ...about, size: 2 ** 31 }));
  expect(frames.problem).toContain('2147483648');
});

test.each([1, 47, 48, 49, 1_000_000])('messages in chunks of %d bytes are reassembled', (piece) => {
  const { frames, taken } = reader();
  const bodies = [0, 1, 5 << 20, 9 << 20].map((size, i) =>
    Buffer.alloc(piece < 100 ? size % 4099 : size, 1 + i),
  );
  const all = Buffer.concat(bodies.flatMap((body) => [encodeRecord({ ...about, size: body.length }), body]));
  for (let at = 0; at < all.length; at += piece) frames.push(all.subarray(at, at + piece));
  expect(frames.problem).toBeNull();
  expect(taken.map(({ length }) => length)).toEqual(bodies.map(({ length }) => length));
  for (const [i, body] of bodies.entries()) expect(taken[i]?.equals(body)).toBe(true);
});

test('a large message can be read directly into its buffer, and the next message is read after it', () => {
  const { frames, taken } = reader();
  const body = Buffer.alloc(11 << 20, 'x');
  frames.push(encodeRecord({ ...about, size: body.length }));
  for (let at = 0; at < body.length; ) {
    const { gap } = frames;
    expect(gap.length).toBeGreaterThan(0);
    at += body.copy(gap, 0, at);
    frames.fill(gap.length);
  }
  expect(taken[0]?.equals(body)).toBe(true);
  expect(frames.gap.length).toBe(0);
  frames.push(encodeRecord({ ...about, size: 0 }));
  expect([taken.length, HEADER]).toEqual([2, 48]);
});
