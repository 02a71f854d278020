/**
 * The host struct that plugins get where the addon is absent. Its functions are a few machine instructions in memory of their
 * own: a plugin may call them from any thread, also from one that outlives its instance, which JavaScript functions would not
 * survive. `emit` answers TENON_UNSUPPORTED, `log` does nothing. Made once per thread and never freed.
 */
import { HOST, Status } from '../../base/abi.js';
import { TenonError } from '../../base/errors.js';
import { BUILD_COMMAND } from '../../base/package.js';
import { type ForeignAddress, ffi, standardLibrary } from '../../library/ffi.js';

const SIZE = 4096;
/** Where in the memory the functions are; the struct is at its start. */
const CODE = { log: 64, emit: 96, get_extension: 128 } as const;
type StubName = keyof typeof CODE;

const ARM64_RETURN = [0xd65f03c0];
/** `emit` returns 3, `get_extension` NULL. */
const INSTRUCTIONS: Readonly<Record<string, Readonly<Record<StubName, Buffer>>>> = {
  x64: {
    // endbr64, then: ret; mov eax, 3 and ret; xor eax, eax and ret. The same in both calling conventions of x64.
    log: Buffer.from('f30f1efac3', 'hex'),
    emit: Buffer.from(`f30f1efab80${Status.TENON_UNSUPPORTED}000000c3`, 'hex'),
    get_extension: Buffer.from('f30f1efa31c0c3', 'hex'),
  },
  arm64: {
    // bti c, then: ret; mov w0, #3 and ret; mov x0, #0 and ret.
    log: words(0xd503245f, ...ARM64_RETURN),
    emit: words(0xd503245f, 0x52800000 | (Status.TENON_UNSUPPORTED << 5), ...ARM64_RETURN),
    get_extension: words(0xd503245f, 0xd2800000, ...ARM64_RETURN),
  },
};

function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) buffer.writeUInt32LE(value, i * 4);
  return buffer;
}

let made: number | undefined;

/** The address of the struct. @throws TenonError ERR_TENON_UNSUPPORTED where the system allows no new code */
export function hostStub(): number {
  made ??= make();
  return made;
}

function make(): number {
  const instructions = INSTRUCTIONS[process.arch];
  if (instructions === undefined) throw refused(`there are no instructions for ${process.arch}`);
  const memory = process.platform === 'win32' ? windowsMemory() : posixMemory();
  const image = Buffer.alloc(SIZE);
  image.writeUInt32LE(HOST.size, HOST.offset.size);
  for (const name of Object.keys(CODE) as StubName[]) {
    image.writeBigUInt64LE(BigInt(memory.address + CODE[name]), HOST.offset[name]);
    instructions[name].copy(image, CODE[name]);
  }
  memory.write(image);
  return memory.address;
}

interface CodeMemory {
  readonly address: number;
  /** Fills the memory and makes it executable, no longer writable. */
  write(image: Buffer): void;
}

type Foreign<A extends unknown[]> = (...args: A) => ForeignAddress;

function posixMemory(): CodeMemory {
  const libc = standardLibrary();
  const [PROT_READ, PROT_WRITE, PROT_EXEC, MAP_PRIVATE] = [1, 2, 4, 2];
  const MAP_ANONYMOUS = process.platform === 'linux' ? 0x20 : 0x1000;
  const mmap = libc.func('mmap', 'int64_t', [
    'uint64_t',
    'uint64_t',
    'int',
    'int',
    'int',
    'int64_t',
  ]) as unknown as Foreign<[number, number, number, number, number, number]>;
  const mprotect = libc.func('mprotect', 'int', ['uint64_t', 'uint64_t', 'int']) as unknown as Foreign<
    [number, number, number]
  >;
  const memcpy = libc.func('memcpy', 'uint64_t', ['uint64_t', 'void *', 'uint64_t']) as unknown as Foreign<
    [number, Buffer, number]
  >;
  const address = Number(mmap(0, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (address <= 0) throw refused('mmap failed');
  return {
    address,
    write(image) {
      memcpy(address, image, image.length);
      if (mprotect(address, SIZE, PROT_READ | PROT_EXEC) !== 0)
        throw refused('mprotect refused to make it executable');
    },
  };
}

/** Written after the system's documentation; not run where this was written. */
function windowsMemory(): CodeMemory {
  const kernel = ffi().load('kernel32.dll');
  const [MEM_COMMIT_AND_RESERVE, PAGE_READWRITE, PAGE_EXECUTE_READ] = [0x3000, 0x04, 0x20];
  const alloc = kernel.func('VirtualAlloc', 'uint64_t', [
    'uint64_t',
    'uint64_t',
    'uint32_t',
    'uint32_t',
  ]) as unknown as Foreign<[number, number, number, number]>;
  const protect = kernel.func('VirtualProtect', 'int', [
    'uint64_t',
    'uint64_t',
    'uint32_t',
    'void *',
  ]) as unknown as Foreign<[number, number, number, Buffer]>;
  const move = kernel.func('RtlMoveMemory', 'void', ['uint64_t', 'void *', 'uint64_t']) as unknown as (
    to: number,
    from: Buffer,
    length: number,
  ) => void;
  const flush = kernel.func('FlushInstructionCache', 'int', [
    'int64_t',
    'uint64_t',
    'uint64_t',
  ]) as unknown as Foreign<[number, number, number]>;
  const address = Number(alloc(0, SIZE, MEM_COMMIT_AND_RESERVE, PAGE_READWRITE));
  if (address === 0) throw refused('VirtualAlloc failed');
  return {
    address,
    write(image) {
      move(address, image, image.length);
      if (protect(address, SIZE, PAGE_EXECUTE_READ, Buffer.alloc(4)) === 0)
        throw refused('VirtualProtect refused to make it executable');
      flush(-1, address, SIZE);
    },
  };
}

function refused(reason: string): TenonError {
  return new TenonError(
    'ERR_TENON_UNSUPPORTED',
    `Cannot run plugins without the native addon: their host functions need a page of executable memory, and ${reason}. Build the addon with ${BUILD_COMMAND}, or allow executable memory.`,
  );
}
