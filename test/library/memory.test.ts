import { describe, expect, test } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { addressOf, standardLibrary } from '../../src/library/ffi.js';
import {
  choosePageSource,
  MAX_READ,
  memory,
  processVmReadv,
  procSelfMem,
  readerOver,
} from '../../src/library/memory.js';
import { built, inSandbox } from '../admission/sandbox.js';

const PAGE = 4096;
const READ_WRITE = 3;
const PRIVATE_ANONYMOUS = 0x22;
const system = standardLibrary();
const mmap = system.func('mmap', 'uint64_t', ['uint64_t', 'uint64_t', 'int', 'int', 'int', 'int64_t']);
const munmap = system.func('munmap', 'int', ['uint64_t', 'uint64_t']);
const mprotect = system.func('mprotect', 'int', ['uint64_t', 'uint64_t', 'int']);
const memcpy = system.func('memcpy', 'uint64_t', ['uint64_t', 'void *', 'uint64_t']);

/** Maps pages into this process and copies `content` to their start. */
function pages(count: number, content: Buffer = Buffer.alloc(0)): bigint {
  const address = BigInt(mmap(0, count * PAGE, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0));
  memcpy(address, content, content.length);
  return address;
}

function badPointer(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof TenonError && error.code === 'ERR_TENON_BAD_POINTER') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe.each([
  ['process_vm_readv', processVmReadv],
  ['/proc/self/mem', procSelfMem],
])('a reader over %s', (method, source) => {
  const reader = readerOver(source());

  test('reports its method', () => {
    expect(reader.method).toBe(method);
  });

  test('copies bytes, within a page and across pages', () => {
    const content = Buffer.from(Array.from({ length: 3 * PAGE }, (_, index) => index % 251));
    const address = pages(3, content);
    expect(reader.read(address, content.length)).toEqual(content);
    expect(reader.read(address + 4090n, 12)).toEqual(content.subarray(4090, 4102));
    expect(reader.read(address, 0)).toHaveLength(0);
  });

  test('returns copies that later reads do not overwrite', () => {
    const address = pages(1, Buffer.from('first'));
    const copy = reader.read(address, 5);
    memcpy(address, Buffer.from('other'), 5);
    expect([copy.toString(), reader.read(address, 5).toString()]).toEqual(['first', 'other']);
  });

  test('refuses NULL, low, unmapped, protected and impossible addresses', () => {
    const gone = pages(1);
    munmap(gone, PAGE);
    const closed = pages(1, Buffer.from('secret'));
    mprotect(closed, PAGE, 0);
    for (const address of [0n, 1n, gone, closed, 2n ** 47n, 2n ** 63n, 2n ** 64n - 8n, -1n]) {
      expect(badPointer(() => reader.read(address, 8, 'the vtable'))).toContain(
        'Cannot read the vtable at 0x',
      );
      expect(badPointer(() => reader.readCString(address, 10))).toContain('Cannot read a string at');
    }
  });

  test('refuses a range whose end is protected, and names the protected page', () => {
    const address = pages(2, Buffer.alloc(PAGE, 'x'));
    mprotect(address + 4096n, PAGE, 0);
    expect(reader.read(address + 4080n, 16).toString()).toBe('x'.repeat(16));
    expect(badPointer(() => reader.read(address + 4080n, 17))).toContain(
      `0x${(address + 4096n).toString(16)}`,
    );
  });

  test('reads a string up to its NUL even if the next page is protected', () => {
    const address = pages(3, Buffer.concat([Buffer.alloc(2 * PAGE - 1, 'y'), Buffer.from([0])]));
    mprotect(address + 8192n, PAGE, 0);
    expect(reader.readCString(address + 4000n, PAGE * 2).toString()).toBe('y'.repeat(2 * PAGE - 4001));
    expect(reader.readCString(address + 8191n, 10)).toHaveLength(0);
  });

  test('refuses a string that is not terminated before the memory ends', () => {
    const address = pages(2, Buffer.alloc(PAGE, 'z'));
    mprotect(address + 4096n, PAGE, 0);
    expect(badPointer(() => reader.readCString(address + 4000n, 255))).toContain(
      `0x${(address + 4096n).toString(16)}`,
    );
  });

  test('returns one byte more than the limit for a string that is too long', () => {
    const address = pages(2, Buffer.from(`${'n'.repeat(64)}\0`));
    expect(reader.readCString(address, 64)).toHaveLength(64);
    expect(reader.readCString(address, 63)).toHaveLength(64);
    expect(reader.readCString(address, 10)).toHaveLength(11);
    // A page beyond the limit is not read.
    const last = pages(2, Buffer.alloc(PAGE, 'm'));
    mprotect(last + 4096n, PAGE, 0);
    expect(reader.readCString(last + 4085n, 10)).toHaveLength(11);
  });

  test('refuses a length or limit out of range', () => {
    for (const length of [-1, 0.5, MAX_READ + 1, Number.NaN]) {
      expect(() => reader.read(1n, length)).toThrow(RangeError);
    }
    for (const limit of [-1, MAX_READ, 1.5]) expect(() => reader.readCString(1n, limit)).toThrow(RangeError);
  });
});

test('the first source that reads known memory correctly is chosen', () => {
  const deaf = { method: 'deaf', copy: () => false };
  const lying = { method: 'lying', copy: () => true };
  expect(choosePageSource([() => deaf, () => lying, procSelfMem]).method).toBe('/proc/self/mem');
  expect(() => choosePageSource([() => deaf])).toThrow(
    expect.objectContaining({ code: 'ERR_TENON_UNSUPPORTED' }),
  );
  expect(memory.method).toBe('process_vm_readv');
  const buffer = Buffer.allocUnsafeSlow(4).fill('tnon');
  expect(memory.read(addressOf(buffer), 4).toString()).toBe('tnon');
});

test('memory is read through /proc/self/mem if a sandbox forbids process_vm_readv', () => {
  const found = inSandbox(`import { memory } from ${built('library/memory.js')};
    const text = Buffer.allocUnsafeSlow(8).fill('sandbox\\0');
    console.log(JSON.stringify([memory.method, memory.readCString(addressOf(text), 20).toString()]));`);
  expect(found).toEqual(['/proc/self/mem', 'sandbox']);
});
