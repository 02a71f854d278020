/** The events in a message of JetStream, as a whole and one by one. */
import { expect, test } from 'vitest';
import { FrameBuilder, Mark } from '../../src/flow/index.js';
import { eventsOf, wholeMessage } from '../../src/flow/jetstream/message.js';

const MUCH = { rows: 1000, bytes: 1_000_000 };

function stored(end = false) {
  const builder = new FrameBuilder();
  for (const [index, text] of ['one', '', 'three'].entries())
    builder.add(text, {
      ...{ stream: BigInt(index), position: BigInt(90 - index), ingestNs: BigInt(7 * index + 1) },
      ...(index === 2 ? { meta: { n: 3 }, mark: Mark.piece } : {}),
    });
  if (end) builder.add('', { stream: 1n, position: 100n, mark: Mark.end });
  return builder.build({ state: 'idle', wakeNs: 5n });
}

test('a frame has the same events as a whole as one by one, and is not changed', () => {
  const frame = stored();
  const before = Buffer.from(frame.bytes).toString('hex');
  // A message is somewhere in what the client has received.
  const received = Buffer.concat([Buffer.alloc(8), frame.bytes]).subarray(8);
  const events = eventsOf(received, true, 0n);
  const whole = wholeMessage(events, 41n, MUCH);
  expect(whole).toMatchObject({ rows: 3, state: 'more', marks: null });
  for (let row = 0; row < 3; row++) {
    const { data, meta, ingestNs } = events.at(row);
    expect(whole?.text(row)).toBe(Buffer.from(data).toString());
    expect(whole?.metaOf(row)).toBe(meta === undefined ? '' : JSON.stringify(meta));
    expect([whole?.streamOf(row), whole?.positionOf(row)]).toEqual([41n, BigInt(row + 1)]);
    expect(whole?.ingestOf(row)).toBe(ingestNs);
  }
  expect(received.toString('hex')).toBe(before);
});

test.each([
  ['more rows than the credit', stored(), { rows: 2, bytes: 1000 }, 0],
  ['more bytes than the credit', stored(), { rows: 9, bytes: 7 }, 0],
  ['the end of a stream', stored(true), MUCH, 0],
  ['an event that was pulled already', stored(), MUCH, 1],
])('a frame with %s is not given out as a whole', (_, frame, credit, next) => {
  const events = eventsOf(frame.bytes, true, 0n);
  events.next = next;
  expect(events.length).toBe(3);
  expect(wholeMessage(events, 1n, credit)).toBeNull();
});
