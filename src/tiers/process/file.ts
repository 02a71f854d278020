/** The files behind streams, for reads that cannot wait for the event loop. */
import { readSync } from 'node:fs';

const CHUNK = 64 * 1024;
/** The maximum number of chunks per read, because a process may write without end. */
const TURN = 16;

/** A standard stream of a process: a socket, or what is used in its place. */
export interface OutputStream {
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  unref(): unknown;
  destroy(): unknown;
  /** As {@link readAll}, for a stream without a file descriptor. */
  readNow?(take: (chunk: Buffer) => void): boolean;
}

/** Reads what is available without waiting, up to a megabyte. Returns false at the end of the stream. */
export function readAll(stream: OutputStream, take: (chunk: Buffer) => void): boolean {
  if (stream.readNow !== undefined) return stream.readNow(take);
  const file = descriptorOf(stream);
  if (file === undefined) return false;
  const chunk = Buffer.allocUnsafe(CHUNK);
  try {
    for (let i = 0; i < TURN; i++) {
      const size = readSync(file, chunk);
      if (size === 0) return false;
      take(chunk.subarray(0, size));
    }
    return true;
  } catch (error) {
    return isAgain(error);
  }
}

/** Returns the file descriptor of this process's end of a pipe. */
export function descriptorOf(stream: OutputStream): number | undefined {
  const handle = (stream as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle;
  const file = handle?.fd;
  return file !== undefined && file >= 0 ? file : undefined;
}

/**
 * Returns whether the error only means that there is currently nothing to read, or currently no room to
 * write.
 */
export function isAgain(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EINTR';
}
