/**
 * Cursors: methods that return any number of records. A plugin has three slots for one: open, next and close.
 * Each cursor that was opened is closed exactly once, even if reading fails. A closed instance and a process that
 * ended have closed their cursors, so these are not closed again.
 */
import { invalidArgument, isTenonError } from '../base/errors.js';
import { checkKnown, readOptions, shown } from '../base/options.js';
import type { CallOptions, TierBinding, TierInstance } from '../tiers/tier.js';
import { encode } from './codec.js';
import type { SlotRef } from './offer.js';
import { decoderOf } from './span-coder.js';
import { decodeAll, refusal } from './span-record.js';

/** The default of the largest number of records that one call reads. */
const MOST = 256;

/** The records that `next` returned. */
interface Piece {
  readonly items: readonly unknown[];
  readonly done: boolean;
}

/** Binds a cursor method as one that returns an async iterable. */
export function asyncCursor(slots: readonly SlotRef[], instance: TierInstance, place: string): unknown {
  const [open, next, close] = steps(slots, place);
  async function* read(input: Uint8Array, options: ReadOptions): AsyncGenerator<unknown, void, undefined> {
    const { max, call } = options;
    // All calls must reach the process that opened the cursor: the next one does not know it.
    const present = await instance.present(call);
    const opened = open.bind(present);
    const cursor = opened.decode(await opened.binding.call(input, call))['cursor'];
    const follow = next.bind(present);
    const last = close.bind(present);
    let failed = true;
    try {
      for (let done = false; !done; ) {
        const bytes = follow.encode({ cursor, max });
        const piece = pieceOf(follow, await follow.binding.call(bytes, call), max);
        ({ done } = piece);
        failed = false;
        yield* piece.items;
        failed = true;
      }
      failed = false;
    } finally {
      const closing = last.binding.call(last.encode({ cursor })).catch((error) => notClosed(error, failed));
      // After an error it may have to wait for a call that hangs.
      if (!failed) await closing;
    }
  }
  return withInput(open, (input, options) => read(input, options));
}

/** Binds a cursor method as one that returns an iterable. */
export function syncCursor(slots: readonly SlotRef[], instance: TierInstance, place: string): unknown {
  const [open, next, close] = steps(slots, place);
  function* read(input: Uint8Array, options: ReadOptions): Generator<unknown, void, undefined> {
    const { max, call } = options;
    const present = instance.presentSync();
    const opened = open.bind(present);
    const cursor = opened.decode(opened.binding.callSync(input, call))['cursor'];
    const follow = next.bind(present);
    const last = close.bind(present);
    let failed = true;
    try {
      for (let done = false; !done; ) {
        const bytes = follow.encode({ cursor, max });
        const piece = pieceOf(follow, follow.binding.callSync(bytes, call), max);
        ({ done } = piece);
        failed = false;
        yield* piece.items;
        failed = true;
      }
      failed = false;
    } finally {
      try {
        last.binding.callSync(last.encode({ cursor }));
      } catch (error) {
        notClosed(error, failed);
      }
    }
  }
  return withInput(open, (input, options) => read(input, options));
}

/**
 * Reads what `next` returned. A piece without items must be the last one: the loop would never end with a plugin that
 * returns such pieces forever.
 */
function pieceOf(next: BoundStep, bytes: Buffer, max: number): Piece {
  const piece = next.decode(bytes) as unknown as Piece;
  const { length } = piece.items;
  if (length > max) next.refuse(`it has ${length} items, but at most ${max} were asked for`);
  if (length === 0 && !piece.done) next.refuse('it has no items, but says that more follow');
  return piece;
}

/**
 * Throws the error of a close, unless reading has failed already, or the cursor is gone with its instance or its
 * process.
 */
function notClosed(error: unknown, failed: boolean): void {
  const gone =
    isTenonError(error) && (error.code === 'ERR_TENON_CLOSED' || error.code === 'ERR_TENON_CRASHED');
  if (!failed && !gone) throw error;
}

/** One of the three slots of a cursor. */
interface Step {
  readonly hasInput: boolean;
  encode(members: unknown): Buffer;
  bind(instance: TierInstance): BoundStep;
}
interface BoundStep {
  readonly binding: TierBinding;
  encode(members: unknown): Buffer;
  decode(bytes: Buffer): Record<string, unknown>;
  /** Throws the error for a result that breaks the rules of cursors. */
  refuse(problem: string): never;
}

function steps(slots: readonly SlotRef[], place: string): readonly [Step, Step, Step] {
  const [open, next, close] = slots.map((one) => stepOf(one, place));
  if (open === undefined || next === undefined || close === undefined)
    throw new Error('A cursor has three slots.');
  return [open, next, close];
}

function stepOf({ slot, ref }: SlotRef, place: string): Step {
  const input = slot.input ?? [];
  const output = slot.output ?? [];
  const write = (members: unknown): Buffer => encode(input, members, place);
  return {
    hasInput: input.length > 0,
    encode: write,
    bind: (instance) => {
      const binding = instance.bind(ref);
      const refuse = refusal(binding);
      const decode = decoderOf(output, place, refuse);
      return {
        binding,
        encode: write,
        refuse,
        decode: (bytes) => decodeAll(decode, bytes) as Record<string, unknown>,
      };
    },
  };
}

interface ReadOptions {
  readonly max: number;
  readonly call: CallOptions | undefined;
}

/** Reads the arguments of the method at once, before anything is opened. */
function withInput(open: Step, read: (input: Uint8Array, options: ReadOptions) => unknown): unknown {
  return open.hasInput
    ? (members: unknown, options?: unknown) => read(open.encode(members), optionsOf(options))
    : (options?: unknown) => read(open.encode({}), optionsOf(options));
}

function optionsOf(given: unknown): ReadOptions {
  if (given === undefined) return { max: MOST, call: undefined };
  const read = readOptions('options', given as Readonly<Record<string, unknown>>);
  checkKnown('a cursor', read, ['max', 'signal', 'timeout']);
  const { max = MOST, ...rest } = read;
  const call: CallOptions = rest;
  if (typeof max === 'number' && Number.isInteger(max) && max >= 1 && max < 2 ** 32) return { max, call };
  throw invalidArgument('max', `must be an integer from 1 to 4294967295, not ${shown(max)}`);
}
