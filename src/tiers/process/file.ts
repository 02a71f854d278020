/** The files behind streams, for what cannot wait for the event loop. */
import { readSync } from 'node:fs';
import type { Socket } from 'node:net';

const CHUNK = 64 * 1024;
/** So much is read at once: somebody may write without an end. */
const TURN = 16;

/** Reads what is there, up to a megabyte, without waiting. False when the stream is at its end. */
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

/** The file descriptor of a stream of this process's end of a pipe. */
export function descriptorOf(stream: Socket): number | undefined {
  const handle = (stream as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle;
  const file = handle?.fd;
  return file !== undefined && file >= 0 ? file : undefined;
}

/** Whether there is only nothing to read, or no room to write, for now. */
export function isAgain(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EINTR';
}
