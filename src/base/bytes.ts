/** Checks of memory that users pass in: whether native code can access it safely. */
import { types } from 'node:util';
import { invalidArgument, readable } from './errors.js';

/**
 * Refuses everything but a Uint8Array over ordinary memory. Shared memory can change while native code reads
 * it. Resizable memory can be unmapped under native code. Detached memory no longer exists.
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

/**
 * Checks the memory of a view, as {@link requireBytes} does.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT
 */
export function requirePlainMemory(argument: string, view: ArrayBufferView): void {
  const memory = readable(argument, () => view.buffer);
  if (!isArrayBuffer(memory))
    throw invalidArgument(argument, 'must not be in a SharedArrayBuffer; copy it first');
  if (readable(argument, () => isResizable(memory)))
    throw invalidArgument(argument, 'must not be in a resizable ArrayBuffer; copy it first');
  if (memory.byteLength === 0 && isDetached(memory)) {
    throw invalidArgument(argument, 'is in a detached ArrayBuffer (it was transferred elsewhere)');
  }
}

/**
 * Returns whether {@link requireBytes} certainly accepts the value: a fast check, which is also false for
 * empty arrays.
 */
export function isPlainBytes(value: unknown): value is Uint8Array {
  return isUint8Array(value) && value.length > 0 && isArrayBuffer(value.buffer) && !isResizable(value.buffer);
}

/**
 * Returns whether the value is a Uint8Array. `instanceof` rejects values of another realm (a test runner's
 * sandbox, `node:vm`), and accepts a Proxy.
 */
function isUint8Array(value: unknown): value is Uint8Array {
  return types.isUint8Array(value);
}

function isArrayBuffer(memory: ArrayBufferLike): memory is ArrayBuffer {
  return memory instanceof ArrayBuffer || types.isArrayBuffer(memory);
}

function isResizable(memory: ArrayBuffer): boolean {
  return 'resizable' in memory && memory.resizable === true;
}

/**
 * Returns whether the memory is detached. Node 20 lacks `ArrayBuffer.prototype.detached`, but making a view
 * of detached memory throws in every version.
 */
function isDetached(memory: ArrayBuffer): boolean {
  try {
    return new Uint8Array(memory).length !== 0;
  } catch {
    return true;
  }
}

/** Describes a refused value for an error message. */
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

/** Formats a 64-bit number, such as the hash of a layout, as `0x` and 16 hexadecimal digits. */
export function hexOf(value: bigint): string {
  return `0x${value.toString(16).padStart(16, '0')}`;
}
