/**
 * The ledger against a model that remembers every row. TENON_INTERLEAVINGS sets the number of random histories;
 * `npm run test:flow` sets a million.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NOWHERE } from '../../src/flow/frame.js';
import { FrameBuilder } from '../../src/flow/frame-builder.js';
import { Ledger } from '../../src/flow/ledger.js';
import type { Parcel, Run } from '../../src/flow/parcel.js';

const numRuns = Number(process.env['TENON_INTERLEAVINGS'] ?? 10_000);

/** One step of a history. Numbers choose among what there is at that time. */
type Step =
  | {
      readonly do: 'enter';
      readonly stream: number;
      readonly rows: number;
      readonly held: number;
      readonly ends: boolean;
    }
  | {
      readonly do: 'answer';
      readonly parcel: number;
      readonly sink: number;
      readonly rows: number;
      readonly dead: boolean;
    }
  | { readonly do: 'acks' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('enter' as const),
    stream: fc.nat(2),
    rows: fc.nat(4),
    held: fc.nat(5),
    ends: fc.boolean(),
  }),
  fc.record({
    do: fc.constant('answer' as const),
    parcel: fc.nat(20),
    sink: fc.nat(1),
    rows: fc.nat(15),
    dead: fc.boolean(),
  }),
  fc.constant<Step>({ do: 'acks' }),
);

/** A parcel in flight, and the rows that each of two sinks has not answered. */
interface InFlight {
  readonly parcel: Parcel;
  readonly stream: bigint;
  readonly open: [Set<number>, Set<number>];
}

/** All that ever came in, row by row. */
class Model {
  readonly flights: InFlight[] = [];
  /** The last position of each stream that came in. */
  readonly last = new Map<bigint, bigint>();
  /** The position from which on nothing of a stream may be acknowledged; only of streams that are held. */
  readonly held = new Map<bigint, bigint>();
  /** The open rows of each stream by position. */
  readonly open = new Map<bigint, Map<bigint, number>>();
  in = 0;
  ended = 0;

  first(stream: bigint): bigint {
    const positions = [...(this.open.get(stream) ?? [])]
      .filter(([, count]) => count > 0)
      .map(([position]) => position);
    return positions.reduce((least, one) => (one < least ? one : least), NOWHERE);
  }
}

function enter(
  ledger: Ledger,
  model: Model,
  { stream: number, rows, held, ends }: Step & { do: 'enter' },
): void {
  const stream = BigInt(number);
  const start = (model.last.get(stream) ?? 0n) + 1n;
  const builder = new FrameBuilder();
  for (let row = 0; row < rows; row++)
    builder.add('x', { stream, position: start + BigInt(row), ingestNs: 1n });
  const end = start + BigInt(rows);
  const isHeld = held < rows && !ends;
  const run: Run = {
    ...{ stream, from: 0, to: rows, fine: true, ends },
    held: isHeld ? start + BigInt(held) : NOWHERE,
    safe: isHeld ? (held === 0 ? null : start + BigInt(held) - 1n) : end,
  };
  model.last.set(stream, end);
  if (isHeld) model.held.set(stream, run.held);
  else model.held.delete(stream);
  model.in += rows;
  if (rows === 0) {
    ledger.note([run]);
    return;
  }
  const parcel = ledger.enter(builder.build(), [run], 2);
  const all = Array.from({ length: rows }, (_, row) => row);
  model.flights.push({ parcel, stream, open: [new Set(all), new Set(all)] });
  const open = model.open.get(stream) ?? new Map<bigint, number>();
  model.open.set(stream, open);
  for (const row of all) open.set(start + BigInt(row), 2);
}

function answer(model: Model, { parcel: which, sink, rows: bits, dead }: Step & { do: 'answer' }): void {
  const flight = model.flights[which % Math.max(1, model.flights.length)];
  const open = flight?.open[sink];
  if (flight === undefined || open === undefined) return;
  const { parcel, stream } = flight;
  const isFirst = open.size === parcel.frame.rows;
  const rows = [...open].filter((row) => (bits & (1 << row)) !== 0 || bits === 0);
  const ending = dead ? 'dead' : 'delivered';
  if (isFirst && rows.length === open.size) parcel.settle(ending);
  else parcel.settleRows(rows, ending);
  const left = model.open.get(stream);
  for (const row of rows) {
    open.delete(row);
    const position = parcel.frame.positionOf(row);
    const count = (left?.get(position) ?? 0) - 1;
    if (count === 0) {
      left?.delete(position);
      model.ended += 1;
    } else left?.set(position, count);
  }
}

test('whatever the order of answers, only what has ended without a gap is acknowledged', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (history) => {
      const ledger = new Ledger({ ended: () => undefined, changed: () => undefined });
      const model = new Model();
      const acked = new Map<bigint, bigint>();
      const take = (): void => {
        for (const { stream, position } of ledger.takeAcks()) {
          if (position >= model.first(stream))
            throw new Error(`${position} acknowledged, ${model.first(stream)} is open`);
          if (position >= (model.held.get(stream) ?? NOWHERE))
            throw new Error(`${position} acknowledged, but held`);
          if (position < (acked.get(stream) ?? 0n)) throw new Error('an acknowledgement went back');
          acked.set(stream, position);
        }
      };
      const check = (): void => {
        const { in: came, delivered, dead, filtered, inFlight } = ledger.counts;
        if (came !== model.in || came !== delivered + dead + filtered + inFlight)
          throw new Error('the counters do not add up');
        if (delivered + dead !== model.ended)
          throw new Error(`${delivered + dead} ended, expected ${model.ended}`);
      };
      for (const one of history) {
        if (one.do === 'enter') enter(ledger, model, one);
        else if (one.do === 'answer') answer(model, one);
        else take();
        check();
      }
      const open = ledger.leftover('in').reduce((sum, { rows }) => sum + rows, 0);
      if (open !== model.in - model.ended) throw new Error('the leftover is not what is open');
      for (const {
        parcel,
        open: [one, other],
      } of model.flights)
        for (const rows of [one, other]) if (rows.size > 0) parcel.settleRows(rows, 'delivered');
      model.open.clear();
      take();
      for (const [stream, end] of model.last)
        if (!model.held.has(stream) && acked.get(stream) !== end)
          throw new Error(`${acked.get(stream)} acknowledged, expected ${end}`);
      if (ledger.rows !== 0 || ledger.leftover('in').length !== 0) throw new Error('something is left');
    }),
    { numRuns },
  );
});

test('the streams that have ended take no memory', () => {
  const ledger = new Ledger({ ended: () => undefined, changed: () => undefined });
  const parcels: Parcel[] = [];
  for (let number = 0; number < 10_000; number++) {
    const stream = BigInt(number);
    const frame = new FrameBuilder().add('x', { stream, position: 1n, ingestNs: 1n }).build();
    const run = { stream, from: 0, to: 1, fine: true, held: NOWHERE };
    parcels.push(ledger.enter(frame, [{ ...run, safe: 1n, ends: false }], 1));
    ledger.note([{ ...run, to: 0, safe: 2n, ends: true }]);
  }
  expect(ledger.streams).toBe(10_000);
  for (const parcel of parcels.reverse()) parcel.settle('delivered');
  expect(ledger.takeAcks().filter(({ ended, position }) => ended && position === 2n)).toHaveLength(10_000);
  expect(ledger.streams).toBe(0);
});
