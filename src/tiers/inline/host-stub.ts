/**
 * The host struct for plugins without the addon. Its functions are a few machine instructions in memory of
 * their own. A plugin may call them from any thread, even one that outlives its instance; JavaScript
 * functions would not survive that. `emit` returns TENON_UNSUPPORTED, and `log` does nothing. The struct is
 * made once per thread and never freed.
 */
import { HOST, Status } from '../../base/abi.js';
import { TenonError } from '../../base/errors.js';
import { BUILD_COMMAND } from '../../base/package.js';
import { type ForeignAddress, ffi, standardLibrary } from '../../library/ffi.js';

const SIZE = 4096;
/** The offsets of the functions in the memory. The struct is at offset 0. */
const CODE = { log: 64, emit: 96, get_extension: 128 } as const;
type StubName = keyof typeof CODE;

const ARM64_RETURN = [0xd65f03c0];
/** The instructions by processor. `emit` returns 3, and `get_extension` returns NULL. */
const INSTRUCTIONS: Readonly<Record<string, Readonly<Record<StubName, Buffer>>>> = {
  x64: {
    // Each begins with endbr64. Then log has "ret", emit "mov eax, 3" and "ret", get_extension "xor eax, eax"
    // and "ret". They are valid in both calling conventions of x64.
    log: Buffer.from('f30f1efac3', 'hex'),
    emit: Buffer.from(`f30f1efab80${Status.TENON_UNSUPPORTED}000000c3`, 'hex'),
    get_extension: Buffer.from('f30f1efa31c0c3', 'hex'),
  },
  arm64: {
    // Each begins with bti c. Then log has "ret", emit "mov w0, #3" and "ret", get_extension "mov x0, #0" and
    // "ret".
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

/**
 * Returns the address of the struct.
 * @throws TenonError ERR_TENON_UNSUPPORTED if the system allows no new code
 */
export function hostStub(): number {
  made ??= make();
  return made;
}

function make(): number {
  const instructions = INSTRUCTIONS[process.arch];
  if (instructions === undefined) throw refused(`tenon has no instructions for ${process.arch}`);
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
  /** Fills the memory, and makes it executable and read-only. */
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

/** Allocates memory on Windows. Written from the system's documentation; not yet run on Windows. */
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
