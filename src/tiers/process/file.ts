/** The files behind streams, for reads that cannot wait for the event loop. */
import { readSync } from 'node:fs';
import type { Socket } from 'node:net';

const CHUNK = 64 * 1024;
/** The maximum number of chunks per read, because a process may write without end. */
const TURN = 16;

/** Reads what is available without waiting, up to a megabyte. Returns false at the end of the stream. */
export function readAll(stream: Socket, take: (chunk: Buffer) => void): boolean {
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
export function descriptorOf(stream: Socket): number | undefined {
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
