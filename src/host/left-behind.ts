/** The remains of a version of a plugin in this process after it was replaced. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { memory } from '../library/memory.js';

/** The part of a thread's stack that is searched, in bytes. The functions that wait are at its end. */
const STACK = 16 * 1024;

/** Returns the mapped bytes of a file, and the number of threads that run its code. Both are 0 where that is unknown. */
export function leftBehind(file: string): { readonly mapped: number; readonly threads: number } {
  const parts = mappingsOf(file);
  const mapped = parts.reduce((sum, { begin, end }) => sum + Number(end - begin), 0);
  const code = parts.filter(({ executable }) => executable);
  return { mapped, threads: code.length === 0 ? 0 : threadsIn(code) };
}

interface Mapping {
  readonly begin: bigint;
  readonly end: bigint;
  readonly executable: boolean;
}

function mappingsOf(file: string): Mapping[] {
  return linesOf('/proc/self/maps').flatMap((line) => {
    const [, begin = '', end = '', modes = '', path] =
      /^(\w+)-(\w+) (\S+) \S+ \S+ \S+ +(\/.*)$/.exec(line) ?? [];
    if (path === undefined || path.replace(/ \(deleted\)$/, '') !== file) return [];
    return [{ begin: BigInt(`0x${begin}`), end: BigInt(`0x${end}`), executable: modes.includes('x') }];
  });
}

/**
 * Counts the threads that run the code, or that wait in a function which this code has called: an address of the code
 * is then on their stack. This thread is left out, because old addresses remain on the stacks that called.
 */
function threadsIn(code: readonly Mapping[]): number {
  const [own, ids] = threadIds();
  return ids.filter((id) => id !== own && runs(id, code)).length;
}

/** Returns the id of this thread, and those of all threads of the process. */
function threadIds(): readonly [own: string, all: readonly string[]] {
  try {
    return [basename(readlinkSync('/proc/thread-self')), readdirSync('/proc/self/task')];
  } catch {
    return ['', []];
  }
}

/** The file has the number of the system call, its arguments, and the stack and instruction pointers in hexadecimal. */
function runs(id: string, code: readonly Mapping[]): boolean {
  const [line = ''] = linesOf(`/proc/self/task/${id}/syscall`);
  const [stack, instruction] = line.split(' ').slice(-2);
  if (stack === undefined || instruction === undefined || !stack.startsWith('0x')) return false;
  const isCode = (address: bigint) => code.some(({ begin, end }) => address >= begin && address < end);
  return isCode(BigInt(instruction)) || wordsAt(BigInt(stack)).some(isCode);
}

function wordsAt(address: bigint): bigint[] {
  const words: bigint[] = [];
  const start = (address + 7n) & ~7n;
  for (let at = start; at < start + BigInt(STACK); at += 1024n) {
    const bytes = pieceAt(at);
    if (bytes === null) break;
    for (let i = 0; i < bytes.length; i += 8) words.push(bytes.readBigUInt64LE(i));
  }
  return words;
}

/** Returns 1024 bytes; null if they are not all readable, which is the end of the stack. */
function pieceAt(address: bigint): Buffer | null {
  try {
    return memory.read(address, 1024, 'a stack');
  } catch {
    return null;
  }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n');
  } catch {
    return [];
  }
}
