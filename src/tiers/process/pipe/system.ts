/** What Node.js has no call for: to wait, blocking, for a file, and to see the end of a child before the event loop does. */
import { TenonError } from '../../../base/errors.js';
import { ffi, standardLibrary } from '../../../library/ffi.js';

/** What a file can be ready for. */
export const Ready = { READ: 1, WRITE: 4, ERROR: 8, HUNG_UP: 16 } as const;

/** How a child ended. */
export interface ChildEnd {
  /** -1: by a signal. */
  readonly code: number;
  /** 0: by itself. */
  readonly signal: number;
}

interface Calls {
  poll(file: Buffer, count: number, milliseconds: number): number;
  waitid(kind: number, pid: number, info: Buffer, options: number): number;
}

/** Numbers of `waitid` that differ. */
const WAIT =
  process.platform === 'darwin'
    ? { noWait: 0x20, code: 8, pid: 12, status: 20 }
    : { noWait: 0x0100_0000, code: 8, pid: 16, status: 24 };
const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
const CLD_EXITED = 1;

let calls: Calls | undefined;
/** Each a `struct pollfd`: the file, what is wanted, what is there. */
const ENTRY = 8;
const wanted = Buffer.alloc(4 * ENTRY);
const info = Buffer.alloc(128);

/** @throws TenonError ERR_TENON_UNSUPPORTED */
export function requireSystem(): void {
  if (calls !== undefined) return;
  if (process.platform === 'win32') {
    throw new TenonError('ERR_TENON_UNSUPPORTED', "The transport 'pipe' needs poll, which Windows has not.");
  }
  ffi();
  const system = standardLibrary();
  calls = {
    poll: system.func('poll', 'int', ['void *', 'unsigned long', 'int']) as unknown as Calls['poll'],
    waitid: system.func('waitid', 'int', ['int', 'uint32_t', 'void *', 'int']) as unknown as Calls['waitid'],
  };
}

/**
 * Waits until the file is ready for one of `events`, until there is something in one of up to three `others`, or so many
 * milliseconds. What the file is ready for; 0 for nothing.
 */
export function awaitFile(
  file: number,
  events: number,
  milliseconds: number,
  others: readonly number[] = [],
): number {
  want(0, file, events);
  others.forEach((other, i) => {
    want(1 + i, other, Ready.READ);
  });
  const count = calls?.poll(wanted, 1 + others.length, milliseconds) ?? 0;
  return count > 0 ? wanted.readInt16LE(6) : 0;
}

function want(place: number, file: number, events: number): void {
  wanted.writeInt32LE(file, place * ENTRY);
  wanted.writeInt16LE(events, place * ENTRY + 4);
  wanted.writeInt16LE(0, place * ENTRY + 6);
}

export function sleep(milliseconds: number): void {
  awaitFile(-1, 0, milliseconds);
}

/** How a child ended, without taking its end away from Node.js. Null while it runs; undefined if it is no child, or no longer. */
export function endOfChild(pid: number): ChildEnd | null | undefined {
  info.fill(0);
  if (calls?.waitid(P_PID, pid, info, WEXITED | WNOHANG | WAIT.noWait) !== 0) return undefined;
  if (info.readInt32LE(WAIT.pid) !== pid) return null;
  const status = info.readInt32LE(WAIT.status);
  const exited = info.readInt32LE(WAIT.code) === CLD_EXITED;
  return exited ? { code: status, signal: 0 } : { code: -1, signal: status };
}
