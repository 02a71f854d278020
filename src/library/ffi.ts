/** koffi, loaded when it is first needed, and the few forms in which it is used here. */
import { createRequire } from 'node:module';
import { TenonError } from '../base/errors.js';

export type Koffi = typeof import('koffi');
type ForeignLibrary = ReturnType<Koffi['load']>;

let koffi: Koffi | undefined;
let standard: ForeignLibrary | undefined;

/** @throws TenonError ERR_TENON_UNSUPPORTED if koffi, or its prebuilt module for this platform, is not installed */
export function ffi(): Koffi {
  if (koffi === undefined) {
    try {
      koffi = createRequire(import.meta.url)('koffi') as Koffi;
    } catch (cause) {
      throw new TenonError(
        'ERR_TENON_UNSUPPORTED',
        `Cannot load koffi for ${process.platform}-${process.arch}: ${cause instanceof Error ? cause.message : cause}. Run npm install again without --omit=optional: koffi's native module is an optional dependency.`,
        { cause },
      );
    }
  }
  return koffi;
}

/** The symbols of the process itself: libc, libdl, libSystem. */
export function standardLibrary(): ForeignLibrary {
  standard ??= ffi().load(null);
  return standard;
}

/** An address as koffi returns it for `uint64_t`: a number while it is small. */
export type ForeignAddress = number | bigint;

/** Where the bytes of a buffer lie. Only buffers with their own memory (`Buffer.allocUnsafeSlow`) stay there for good. */
export function addressOf(buffer: Buffer): bigint {
  return ffi().address(buffer);
}

/** `0x7f…`, as messages show addresses. */
export function hexAddress(address: bigint): string {
  return `0x${address.toString(16)}`;
}
