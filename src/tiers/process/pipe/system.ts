/**
 * System calls that Node.js does not offer: blocking until a file is ready, and detecting the end of a child
 * before the event loop does.
 */
import { ffi, standardLibrary } from '../../../library/ffi.js';
import { awaitHandles, windowsCalls } from './windows-calls.js';

/** The events of a file. */
export const Ready = { READ: 1, WRITE: 4, ERROR: 8, HUNG_UP: 16 } as const;

/** The end of a child. */
export interface ChildEnd {
  /** The exit code; -1 if a signal ended it. */
  readonly code: number;
  /** The number of the signal; 0 if it exited by itself. */
  readonly signal: number;
}

/** The end of one child, as this side sees it. */
export interface EndOfChild {
  /**
   * Returns the end without collecting the exit status, which Node.js needs. Returns null while the process runs.
   * Returns undefined if it is not a child, or its exit status was collected.
   */
  look(): ChildEnd | null | undefined;
  close(): void;
}

interface Calls {
  poll(file: Buffer, count: number, milliseconds: number): number;
  waitid(kind: number, pid: number, info: Buffer, options: number): number;
}

/** The constants of `waitid` that depend on the system. */
const WAIT =
  process.platform === 'darwin'
    ? { noWait: 0x20, code: 8, pid: 12, status: 20 }
    : { noWait: 0x0100_0000, code: 8, pid: 16, status: 24 };
const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
const CLD_EXITED = 1;

let calls: Calls | undefined;
/** The size of a `struct pollfd`: the file, the requested events, the returned events. */
const ENTRY = 8;
const wanted = Buffer.alloc(4 * ENTRY);
const info = Buffer.alloc(128);

/** Loads the system calls. @throws TenonError ERR_TENON_UNSUPPORTED */
export function requireSystem(): void {
  if (calls !== undefined) return;
  if (process.platform === 'win32') {
    windowsCalls();
    return;
  }
  ffi();
  const system = standardLibrary();
  calls = {
    poll: system.func('poll', 'int', ['void *', 'unsigned long', 'int']) as unknown as Calls['poll'],
    waitid: system.func('waitid', 'int', ['int', 'uint32_t', 'void *', 'int']) as unknown as Calls['waitid'],
  };
}

/**
 * Waits until the file is ready for one of `events`, one of up to three `others` is readable, or the time is
 * over. Returns the events for which the file is ready; 0 for none.
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
  if (process.platform === 'win32') awaitHandles([], milliseconds);
  else awaitFile(-1, 0, milliseconds);
}

/** Watches a child that was just started. */
export function watchEnd(pid: number): EndOfChild {
  if (process.platform === 'win32') return watchProcess(pid);
  return { look: () => endOfChild(pid), close: () => undefined };
}

/** As EndOfChild.look. */
function endOfChild(pid: number): ChildEnd | null | undefined {
  info.fill(0);
  if (calls?.waitid(P_PID, pid, info, WEXITED | WNOHANG | WAIT.noWait) !== 0) return undefined;
  if (info.readInt32LE(WAIT.pid) !== pid) return null;
  const status = info.readInt32LE(WAIT.status);
  const exited = info.readInt32LE(WAIT.code) === CLD_EXITED;
  return exited ? { code: status, signal: 0 } : { code: -1, signal: status };
}

const SYNCHRONIZE = 0x0010_0000;
const QUERY = 0x1000;

/** Watches a process of Windows. A handle stands for the process even after its end. */
function watchProcess(pid: number): EndOfChild {
  const { openProcess, exitCode, close } = windowsCalls();
  const handle = BigInt(openProcess(SYNCHRONIZE | QUERY, 0, pid));
  const code = Buffer.allocUnsafeSlow(4);
  return {
    look() {
      if (handle === 0n) return undefined;
      if (!awaitHandles([handle], 0)) return null;
      return exitCode(handle, code) === 0 ? undefined : { code: code.readUInt32LE(), signal: 0 };
    },
    close() {
      if (handle !== 0n) close(handle);
    },
  };
}
