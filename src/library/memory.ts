/**
 * Guarded reads of memory that a plugin points to. The operating system copies the memory, and returns an
 * error where a plain read would end the process. A read never crosses a page boundary, so each page is
 * copied or refused as a whole.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { TenonError } from '../base/errors.js';
import { addressOf, ffi, hexAddress, standardLibrary } from './ffi.js';

/** Reads the memory of this process without ever faulting. */
export interface MemoryReader {
  /** The method of reading, for diagnostics: `process_vm_readv`, `/proc/self/mem` and so on. */
  readonly method: string;
  /**
   * Copies `length` bytes, at most {@link MAX_READ}. `what` names the bytes in the error.
   * @throws TenonError ERR_TENON_BAD_POINTER if one of them is not readable
   */
  read(address: bigint, length: number, what?: string): Buffer;
  /**
   * Copies a NUL-terminated string without its NUL, and at most `limit` + 1 bytes. A result longer than
   * `limit` has no NUL within the limit.
   * @throws TenonError ERR_TENON_BAD_POINTER if a page up to the NUL is not readable
   */
  readCString(address: bigint, limit: number, what?: string): Buffer;
}

/** The maximum size of a read. A larger read is a mistake of the caller. */
export const MAX_READ = 1024 * 1024;
/** The alignment of chunks: no chunk crosses a multiple of it. Real pages may be larger but not smaller. */
const PAGE = 4096;
const HIGHEST = 2n ** 63n;

/** A method of copying part of a page. */
export interface PageSource {
  /** The name of the method. */
  readonly method: string;
  /** Copies to the start of `into`. Returns false if the memory is not readable. */
  copy(address: bigint, length: number, into: Buffer): boolean;
}

/**
 * Returns the best source that works on this system.
 * @throws TenonError ERR_TENON_UNSUPPORTED if none does
 */
export function choosePageSource(candidates: readonly (() => PageSource)[] = platformSources()): PageSource {
  // Containers forbid system calls with various errnos, so each source is tested with a read that cannot fail
  // otherwise.
  const known = Buffer.allocUnsafeSlow(8).fill('readable');
  const copy = Buffer.allocUnsafeSlow(PAGE);
  for (const make of candidates) {
    const source = make();
    if (source.copy(addressOf(known), known.length, copy) && copy.subarray(0, known.length).equals(known))
      return source;
  }
  throw new TenonError(
    'ERR_TENON_UNSUPPORTED',
    'Cannot read memory safely: the system refuses every method. Allow process_vm_readv, or reads of /proc/self/mem, in the sandbox of this process.',
  );
}

let chosen: MemoryReader | undefined;

function chosenReader(): MemoryReader {
  chosen ??= readerOver(choosePageSource());
  return chosen;
}

/**
 * The reader of this thread. Its source is chosen at the first read.
 * @throws TenonError ERR_TENON_UNSUPPORTED
 */
export const memory: MemoryReader = {
  get method() {
    return chosenReader().method;
  },
  read: (address, length, what) => chosenReader().read(address, length, what),
  readCString: (address, limit, what) => chosenReader().readCString(address, limit, what),
};

/** Returns a reader that copies with `source`. */
export function readerOver(source: PageSource): MemoryReader {
  const page = Buffer.allocUnsafeSlow(PAGE);

  /** Returns the bytes from `address` to at most the end of its page. They are valid until the next call. */
  const chunk = (address: bigint, wanted: number, what: string): Buffer => {
    const length = Math.min(wanted, PAGE - Number(address % BigInt(PAGE)));
    if (address <= 0n || address >= HIGHEST || !source.copy(address, length, page))
      throw unreadable(address, what);
    return page.subarray(0, length);
  };

  return {
    method: source.method,
    read(address, length, what = 'memory') {
      if (!Number.isInteger(length) || length < 0 || length > MAX_READ) {
        throw new RangeError(`A guarded read takes 0 to ${MAX_READ} bytes, not ${length}.`);
      }
      const result = Buffer.allocUnsafeSlow(length);
      for (let done = 0; done < length; ) {
        done += chunk(address + BigInt(done), length - done, what).copy(result, done);
      }
      return result;
    },
    readCString(address, limit, what = 'a string') {
      if (!Number.isInteger(limit) || limit < 0 || limit >= MAX_READ) {
        throw new RangeError(`The limit of a string is 0 to ${MAX_READ - 1} bytes, not ${limit}.`);
      }
      const pieces: Buffer[] = [];
      for (let done = 0; done <= limit; ) {
        const bytes = chunk(address + BigInt(done), limit + 1 - done, what);
        const end = bytes.indexOf(0);
        pieces.push(Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)));
        if (end >= 0) break;
        done += bytes.length;
      }
      return Buffer.concat(pieces);
    },
  };
}

function unreadable(address: bigint, what: string): TenonError {
  return new TenonError(
    'ERR_TENON_BAD_POINTER',
    `Cannot read ${what} at ${hexAddress(address)}: not readable memory.`,
  );
}

function platformSources(): (() => PageSource)[] {
  if (process.platform === 'win32') return [readProcessMemory];
  if (process.platform === 'darwin') return [machRead];
  return [processVmReadv, procSelfMem];
}

/** Returns an `iovec` in a buffer with memory of its own. */
function iovec(address: bigint, length: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(16);
  buffer.writeBigUInt64LE(address, 0);
  buffer.writeBigUInt64LE(BigInt(length), 8);
  return buffer;
}

/**
 * Reads with the Linux system call for debuggers, applied to this process. The call respects page protection.
 */
export function processVmReadv(): PageSource {
  const call = standardLibrary().func('process_vm_readv', 'int64_t', [
    'int',
    'void *',
    'uint64_t',
    'void *',
    'uint64_t',
    'uint64_t',
  ]) as unknown as (
    pid: number,
    local: Buffer,
    n: number,
    remote: Buffer,
    m: number,
    flags: number,
  ) => number;
  return {
    method: 'process_vm_readv',
    copy: (address, length, into) =>
      call(process.pid, iovec(addressOf(into), length), 1, iovec(address, length), 1, 0) === length,
  };
}

/**
 * Reads a file, for Linux systems that forbid the system call. The file ignores page protection, so the
 * protection is checked first.
 */
export function procSelfMem(): PageSource {
  return {
    method: '/proc/self/mem',
    copy(address, length, into) {
      try {
        if (!isReadableByMaps(address)) return false;
        const file = openSync('/proc/self/mem', 'r');
        try {
          return readSync(file, into, 0, length, address) === length;
        } finally {
          closeSync(file);
        }
      } catch {
        return false;
      }
    },
  };
}

function isReadableByMaps(address: bigint): boolean {
  for (const line of readFileSync('/proc/self/maps', 'latin1').split('\n')) {
    const [, start, end, mode] = /^([0-9a-f]+)-([0-9a-f]+) (.)/.exec(line) ?? [];
    if (start === undefined || end === undefined) continue;
    if (address >= BigInt(`0x${start}`) && address < BigInt(`0x${end}`)) return mode === 'r';
  }
  return false;
}

/** Reads on macOS. Written from the system's headers; not yet run on macOS. */
function machRead(): PageSource {
  const system = standardLibrary();
  const task = (system.func('mach_task_self', 'uint32_t', []) as unknown as () => number)();
  const call = system.func('mach_vm_read_overwrite', 'int', [
    'uint32_t',
    'uint64_t',
    'uint64_t',
    'uint64_t',
    'void *',
  ]) as unknown as (task: number, from: bigint, length: number, to: bigint, copied: Buffer) => number;
  const copied = Buffer.allocUnsafeSlow(8);
  return {
    method: 'mach_vm_read_overwrite',
    copy: (address, length, into) =>
      call(task, address, length, addressOf(into), copied) === 0 &&
      copied.readBigUInt64LE() === BigInt(length),
  };
}

/** Reads on Windows. Written from the system's documentation; not yet run on Windows. */
function readProcessMemory(): PageSource {
  const kernel = ffi().load('kernel32.dll');
  const self = (kernel.func('GetCurrentProcess', 'int64_t', []) as unknown as () => number | bigint)();
  const call = kernel.func('ReadProcessMemory', 'int', [
    'int64_t',
    'uint64_t',
    'void *',
    'uint64_t',
    'void *',
  ]) as unknown as (
    self: number | bigint,
    from: bigint,
    to: Buffer,
    length: number,
    copied: Buffer,
  ) => number;
  const copied = Buffer.allocUnsafeSlow(8);
  return {
    method: 'ReadProcessMemory',
    copy: (address, length, into) =>
      call(self, address, into, length, copied) !== 0 && copied.readBigUInt64LE() === BigInt(length),
  };
}
