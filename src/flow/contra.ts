/** Reads and writes what travels against a flow, and the other small structs of `include/tenon_flow.h`. */
import { Status, type StatusName, statusName } from '../base/abi.js';
import { TenonError } from '../base/errors.js';
import { isObject, shown } from '../base/options.js';

/** The values of `what`. The index is the number in the header. */
const WHATS = ['pending', 'ack', 'fail', 'close', 'open', 'pause', 'resume', 'drain'] as const;

/** The subject of a message against the flow. See `tenon_contra` in `include/tenon_flow.h`. */
export type ContraWhat = (typeof WHATS)[number];

/** A message against the flow, with a range of positions of a stream, both ends included. */
export interface Contra {
  /** The subject. */
  readonly what: ContraWhat;
  /** Why the range was not delivered. Only `fail` has it; the default is `TENON_FAILED`. */
  readonly status?: StatusName;
  /** The stream. Default 0. */
  readonly stream?: bigint;
  /** The first position of the range. Default 0. */
  readonly first?: bigint;
  /** The last position of the range. Default `first`. */
  readonly last?: bigint;
}

/** The most that a source may return from one pull. */
export interface Credit {
  /** The number of rows, at least 1. */
  readonly rows: number;
  /** The number of bytes, at least 1. A single event may exceed it. */
  readonly bytes: number;
}

/** The promises of a connector when it connects. */
export interface Promises {
  /** The source can read again whatever is not acknowledged. */
  readonly replays?: boolean;
  /** The answer of the sink means that the events survive a crash. */
  readonly durable?: boolean;
  /**
   * The source itself keeps how far it was acknowledged, as a message broker does. It needs no checkpoint, and may begin
   * all streams again when it connects.
   */
  readonly remembers?: boolean;
}

const CONTRA_SIZE = 32;
const CREDIT_SIZE = 16;
const RESUME_SIZE = 16;
const CONNECTED_SIZE = 8;
const REPLAYS = 1;
const DURABLE = 2;
const REMEMBERS = 4;

/**
 * Checks the answer of a connector in TypeScript. `who` names it, for the message.
 * @throws TenonError ERR_TENON_CONTRACT
 */
export function checkContra(given: unknown, who: string): readonly Contra[] {
  if (!Array.isArray(given)) throw breach(who, `${shown(given)}, expected an array of messages or nothing`);
  for (const [index, one] of given.entries()) {
    const wrong = (name: string, value: unknown, expected: string): TenonError =>
      breach(who, `${shown(value)} as ${name} of message ${index}, expected ${expected}`);
    if (!isObject(one)) throw breach(who, `${shown(one)} as message ${index}, expected an object`);
    const { what, status, ...range } = one as Record<string, unknown>;
    if (!WHATS.some((known) => known === what)) throw wrong('what', what, `one of ${WHATS.join(', ')}`);
    if (status !== undefined && !Object.hasOwn(Status, String(status)))
      throw wrong('status', status, 'the name of a status such as TENON_FAILED');
    for (const name of ['stream', 'first', 'last'])
      if (range[name] !== undefined && !isLong(range[name]))
        throw wrong(name, range[name], 'an unsigned bigint of 64 bits');
  }
  return given as readonly Contra[];
}

function isLong(value: unknown): boolean {
  return typeof value === 'bigint' && BigInt.asUintN(64, value) === value;
}

/** Encodes messages as an array of tenon_contra. */
export function writeContra(messages: readonly Contra[]): Uint8Array {
  const bytes = Buffer.alloc(messages.length * CONTRA_SIZE);
  messages.forEach(({ what, status = defaultStatus(what), stream = 0n, first = 0n, last = first }, index) => {
    const at = index * CONTRA_SIZE;
    bytes.writeUInt32LE(WHATS.indexOf(what), at);
    bytes.writeInt32LE(Status[status], at + 4);
    bytes.writeBigUInt64LE(stream, at + 8);
    bytes.writeBigUInt64LE(first, at + 16);
    bytes.writeBigUInt64LE(last, at + 24);
  });
  return bytes;
}

function defaultStatus(what: ContraWhat): StatusName {
  return what === 'fail' ? 'TENON_FAILED' : 'TENON_OK';
}

/**
 * Decodes an array of tenon_contra. `who` names its maker, for the message.
 * @throws TenonError ERR_TENON_CONTRACT
 */
export function readContra(given: Uint8Array, who: string): Required<Contra>[] {
  if (given.length % CONTRA_SIZE !== 0)
    throw breach(who, `${given.length} bytes, expected a multiple of ${CONTRA_SIZE} (tenon_contra)`);
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.length);
  return Array.from({ length: given.length / CONTRA_SIZE }, (_, index) => {
    const at = index * CONTRA_SIZE;
    const number = bytes.readUInt32LE(at);
    const what = WHATS[number];
    if (what === undefined) throw breach(who, `what ${number}, expected 0 to ${WHATS.length - 1}`);
    const code = bytes.readInt32LE(at + 4);
    const status = statusName(code);
    if (status === undefined) throw breach(who, `status ${code}, expected 0 to ${Status.TENON_CLOSED}`);
    const [first, last] = [bytes.readBigUInt64LE(at + 16), bytes.readBigUInt64LE(at + 24)];
    if (last < first) throw breach(who, `the range ${first} to ${last}, expected first <= last`);
    return { what, status, stream: bytes.readBigUInt64LE(at + 8), first, last };
  });
}

/** Encodes the input of `pull`. */
export function writeCredit({ rows, bytes }: Credit): Uint8Array {
  const credit = Buffer.alloc(CREDIT_SIZE);
  credit.writeBigUInt64LE(BigInt(rows), 0);
  credit.writeBigUInt64LE(BigInt(bytes), 8);
  return credit;
}

/** Encodes the input of a source's `connect`. */
export function writeResumes(positions: ReadonlyMap<bigint, bigint>): Uint8Array {
  const bytes = Buffer.alloc(positions.size * RESUME_SIZE);
  let at = 0;
  for (const [stream, position] of positions) {
    bytes.writeBigUInt64LE(stream, at);
    bytes.writeBigUInt64LE(position, at + 8);
    at += RESUME_SIZE;
  }
  return bytes;
}

/**
 * Decodes the output of `connect`. `who` names its maker, for the message.
 * @throws TenonError ERR_TENON_CONTRACT
 */
export function readConnected(given: Uint8Array, who: string): Required<Promises> {
  if (given.length === 0) return { replays: false, durable: false, remembers: false };
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.length);
  const size = given.length < CONNECTED_SIZE ? 0 : bytes.readUInt32LE(0);
  if (size < CONNECTED_SIZE || size > given.length)
    throw breach(who, `${given.length} bytes, expected a tenon_connected of ${CONNECTED_SIZE}`);
  const flags = bytes.readUInt32LE(4);
  return {
    replays: (flags & REPLAYS) !== 0,
    durable: (flags & DURABLE) !== 0,
    remembers: (flags & REMEMBERS) !== 0,
  };
}

function breach(who: string, found: string): TenonError {
  return new TenonError('ERR_TENON_CONTRACT', `${who} answered with ${found}. Fix the plugin.`);
}
