/** Checks of memory that users hand in: what native code may look at without surprise. */
import { types } from 'node:util';
import { invalidArgument } from './errors.js';

/**
 * Refuses everything but a Uint8Array over ordinary memory: shared memory can change under native code, resizable memory can
 * be taken away from it, and detached memory is gone.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT
 */
export function requireBytes(argument: string, value: unknown, orElse = ''): asserts value is Uint8Array {
  if (!isUint8Array(value)) {
    throw invalidArgument(
      argument,
      `must be a Uint8Array (a Buffer, for example)${orElse}, not ${kindOf(value)}`,
    );
  }
  requirePlainMemory(argument, value);
}

/** The memory's part of {@link requireBytes}. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function requirePlainMemory(argument: string, view: ArrayBufferView): void {
  const memory = view.buffer;
  if (!isArrayBuffer(memory))
    throw invalidArgument(argument, 'must not lie in a SharedArrayBuffer; copy it first');
  if (isResizable(memory))
    throw invalidArgument(argument, 'must not lie in a resizable ArrayBuffer; copy it first');
  if (memory.byteLength === 0 && isDetached(memory)) {
    throw invalidArgument(argument, 'lies in a detached ArrayBuffer (it was transferred elsewhere)');
  }
}

/** The same question as {@link requireBytes}, answered fast and without a reason. */
export function isPlainBytes(value: unknown): value is Uint8Array {
  return isUint8Array(value) && value.length > 0 && isArrayBuffer(value.buffer) && !isResizable(value.buffer);
}

/** `instanceof` fails for values of another realm (a test runner's sandbox, `node:vm`), and lets a Proxy through. */
function isUint8Array(value: unknown): value is Uint8Array {
  return types.isUint8Array(value);
}

function isArrayBuffer(memory: ArrayBufferLike): memory is ArrayBuffer {
  return memory instanceof ArrayBuffer || types.isArrayBuffer(memory);
}

function isResizable(memory: ArrayBuffer): boolean {
  return 'resizable' in memory && memory.resizable === true;
}

/** Node 20 has no `ArrayBuffer.prototype.detached`; a view on detached memory cannot be made. */
function isDetached(memory: ArrayBuffer): boolean {
  try {
    return new Uint8Array(memory).length !== 0;
  } catch {
    return true;
  }
}

/** What a refused value is, for an error message. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (types.isProxy(value)) return 'a Proxy';
  try {
    const { name } = value.constructor ?? {};
    return typeof name === 'string' && name !== ''
      ? `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`
      : 'an object without a prototype';
  } catch {
    return 'an object that cannot be read';
  }
}
