/** The system calls of Windows that pipes to a runner need, made through koffi. */
import { systemLack } from '../../../base/resources.js';
import { ffi } from '../../../library/ffi.js';

/** The status of input or output that has not ended. */
export const PENDING = 0x103;
/** The result of a wait whose time is over. */
export const WAIT_TIMEOUT = 0x102;

/** Handles and addresses are numbers: koffi's own pointers would hide NULL. */
type Handle = number | bigint;
type Transfer = (
  file: bigint,
  event: bigint,
  routine: number,
  context: number,
  status: Buffer,
  bytes: Buffer,
  size: number,
  offset: number,
  key: number,
) => number;

export interface WindowsCalls {
  createPipe(
    name: string,
    access: number,
    mode: number,
    instances: number,
    out: number,
    input: number,
    timeout: number,
    security: number,
  ): Handle;
  peek(pipe: bigint, bytes: number, size: number, read: number, available: Buffer, left: number): number;
  read(pipe: bigint, bytes: Buffer, size: number, got: Buffer, overlapped: number): number;
  /** Begin to read and to write. They return a status, which is PENDING if the event will be set. */
  beginRead: Transfer;
  beginWrite: Transfer;
  cancel(file: bigint, which: number, status: Buffer): number;
  createEvent(security: number, manual: number, set: number, name: number): Handle;
  wait(count: number, handles: Buffer, all: number, milliseconds: number): number;
  openProcess(access: number, inherit: number, pid: number): Handle;
  exitCode(process: bigint, code: Buffer): number;
  close(handle: bigint): number;
  sleep(milliseconds: number): void;
  allocate(address: number, size: number, kind: number, protection: number): Handle;
  free(address: bigint, size: number, kind: number): number;
}

let calls: WindowsCalls | undefined;

/** Returns the calls. @throws TenonError ERR_TENON_UNSUPPORTED without koffi */
export function windowsCalls(): WindowsCalls {
  if (calls !== undefined) return calls;
  const kernel = ffi().load('kernel32.dll');
  const native = ffi().load('ntdll.dll');
  const [handle, word] = ['uint64_t', 'uint32_t'];
  const transfer = [handle, handle, handle, handle, 'void *', 'void *', word, handle, handle];
  const made = {
    createPipe: kernel.func('CreateNamedPipeW', handle, [
      'str16',
      ...[word, word, word, word, word, word],
      handle,
    ]),
    peek: kernel.func('PeekNamedPipe', 'int', [handle, handle, word, handle, 'void *', handle]),
    read: kernel.func('ReadFile', 'int', [handle, 'void *', word, 'void *', handle]),
    beginRead: native.func('NtReadFile', word, transfer),
    beginWrite: native.func('NtWriteFile', word, transfer),
    cancel: native.func('NtCancelIoFileEx', word, [handle, handle, 'void *']),
    createEvent: kernel.func('CreateEventW', handle, [handle, 'int', 'int', handle]),
    wait: kernel.func('WaitForMultipleObjects', word, [word, 'void *', 'int', word]),
    openProcess: kernel.func('OpenProcess', handle, [word, 'int', word]),
    exitCode: kernel.func('GetExitCodeProcess', 'int', [handle, 'void *']),
    close: kernel.func('CloseHandle', 'int', [handle]),
    sleep: kernel.func('Sleep', 'void', [word]),
    allocate: kernel.func('VirtualAlloc', handle, [handle, handle, word, word]),
    free: kernel.func('VirtualFree', 'int', [handle, handle, word]),
  };
  calls = made as unknown as WindowsCalls;
  return calls;
}

const RESERVE_AND_COMMIT = 0x3000;
const RELEASE = 0x8000;
const READ_WRITE = 4;

/** Memory that the system may use after a call has returned, and even after the thread has ended. */
export class LastingMemory {
  readonly bytes: Buffer;
  readonly #address: bigint;

  /** @throws the system's error */
  constructor(size: number) {
    this.#address = BigInt(windowsCalls().allocate(0, size, RESERVE_AND_COMMIT, READ_WRITE));
    if (this.#address === 0n) throw systemLack('ENOMEM', 'VirtualAlloc');
    this.bytes = Buffer.from(ffi().view(this.#address, size));
  }

  /** Frees the memory, which nothing may use any more. */
  free(): void {
    windowsCalls().free(this.#address, 0, RELEASE);
  }
}

const handles = Buffer.allocUnsafeSlow(8 * 8);

/** Waits until one of the handles is signalled. Returns false when the time is over. */
export function awaitHandles(list: readonly bigint[], milliseconds: number): boolean {
  list.forEach((handle, i) => {
    handles.writeBigUInt64LE(handle, 8 * i);
  });
  if (list.length > 0) return windowsCalls().wait(list.length, handles, 0, milliseconds) !== WAIT_TIMEOUT;
  windowsCalls().sleep(milliseconds);
  return false;
}
