/** koffi, which is loaded on first use, and the few forms in which this package uses it. */
import { createRequire } from 'node:module';
import { TenonError } from '../base/errors.js';
import { libcHere } from '../base/libc.js';

export type Koffi = typeof import('koffi');
type ForeignLibrary = ReturnType<Koffi['load']>;

let koffi: Koffi | undefined;
let standard: ForeignLibrary | undefined;

/**
 * Returns koffi.
 * @throws TenonError ERR_TENON_UNSUPPORTED if koffi, or its prebuilt module for this platform, is not
 *   installed
 */
export function ffi(): Koffi {
  if (koffi === undefined) {
    try {
      koffi = createRequire(import.meta.url)('koffi') as Koffi;
    } catch (cause) {
      const musl =
        process.platform === 'linux' && libcHere() === 'musl'
          ? ' With musl it also needs libstdc++ (Alpine Linux: apk add libstdc++).'
          : '';
      throw new TenonError(
        'ERR_TENON_UNSUPPORTED',
        `Cannot load koffi for ${process.platform}-${process.arch}: ${cause instanceof Error ? cause.message : cause}. Run npm install again without --omit=optional: koffi's native module is an optional dependency.${musl}`,
        { cause },
      );
    }
  }
  return koffi;
}

/** Returns the symbols of the process itself: libc, libdl, libSystem. */
export function standardLibrary(): ForeignLibrary {
  standard ??= ffi().load(null);
  return standard;
}

/** An address as koffi returns it for `uint64_t`: small values are numbers. */
export type ForeignAddress = number | bigint;

/**
 * Returns the address of a buffer's bytes. Only a buffer with memory of its own (`Buffer.allocUnsafeSlow`)
 * keeps its address.
 */
export function addressOf(buffer: Buffer): bigint {
  return ffi().address(buffer);
}

/** Formats an address for messages, for example `0x7f12`. */
export function hexAddress(address: bigint): string {
  return `0x${address.toString(16)}`;
}
