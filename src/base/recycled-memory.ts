/**
 * Memory for large results that is used again as soon as its owner gives it back, without the garbage collector. New
 * memory costs a page fault per page at its first touch, which takes several times as long as the copy of a result.
 *
 * A caller opts in: it makes its calls within {@link recycling}, and gives each result to {@link recycle} when nothing
 * reads it any more. Giving back detaches the result: views of it that were forgotten somewhere become empty, and never
 * show another result. A result that is not given back is collected like any other.
 */

/** The size in bytes from which recycling pays. */
const SMALLEST = 128 * 1024;
/** Blocks are multiples of this, so that results of about the same size fit into the same blocks. */
const GRAIN = 128 * 1024;
/** The limit for unused blocks, in bytes. */
const MOST = 32 * 1024 * 1024;
/** Milliseconds after which blocks that were not used are released. */
const COOL_MS = 1000;

type Transferable = ArrayBuffer & { readonly transfer?: () => ArrayBuffer };

/** The blocks that are in use. Only these may be given back. */
const lent = new WeakSet<ArrayBufferLike>();
/** The unused blocks. The most recently used one is last, since the processor's caches may still have it. */
const unused: ArrayBuffer[] = [];
let bytes = 0;
/** The number of blocks that were not used since the last look. */
let idle = 0;
let cooling = false;
let wanted = false;

/** Makes a call whose large result the caller may give to {@link recycle}. */
export function recycling<T>(call: () => T): T {
  const before = wanted;
  wanted = true;
  try {
    return call();
  } finally {
    wanted = before;
  }
}

/** Makes a call whose result others may keep, even within {@link recycling}. */
export function notRecycling<T>(call: () => T): T {
  const before = wanted;
  wanted = false;
  try {
    return call();
  } finally {
    wanted = before;
  }
}

/** Whether the present call is made within {@link recycling}. A call that waits asks before that. */
export function isRecycling(): boolean {
  return wanted;
}

/** Returns memory for a result. Its content is arbitrary. @throws RangeError if there is no memory */
export function resultMemory(length: number, recycled: boolean): Buffer {
  if (!recycled || length < SMALLEST) return Buffer.allocUnsafeSlow(length);
  const block = takeUnused(length) ?? newBlock(length);
  lent.add(block);
  return Buffer.from(block, 0, length);
}

/** Gives a result back. Ignores whatever {@link resultMemory} has not made for that. */
export function recycle(result: Uint8Array): void {
  const block = result.buffer;
  if (!lent.delete(block)) return;
  const own = detached(block as ArrayBuffer);
  unused.push(own);
  bytes += own.byteLength;
  while (bytes > MOST) drop();
  coolLater();
}

/** Whether a result can be given back. */
export function isRecyclable(result: Uint8Array): boolean {
  return lent.has(result.buffer);
}

/** Returns the most recently used block that is large enough, but not much too large. */
function takeUnused(length: number): ArrayBuffer | undefined {
  for (let i = unused.length - 1; i >= 0; i--) {
    const block = unused[i] as ArrayBuffer;
    if (block.byteLength < length || block.byteLength > 4 * length) continue;
    unused.splice(i, 1);
    bytes -= block.byteLength;
    idle = Math.min(idle, i);
    return block;
  }
  return undefined;
}

function newBlock(length: number): ArrayBuffer {
  // One grain more: the next result may be a little longer.
  const size = (Math.ceil(length / GRAIN) + 1) * GRAIN;
  return Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer;
}

/** Moves the memory of a block to another ArrayBuffer, so that no view of it is left. */
function detached(block: Transferable): ArrayBuffer {
  return block.transfer?.() ?? structuredClone(block, { transfer: [block] });
}

function drop(): void {
  const block = unused.shift();
  if (block === undefined) return;
  bytes -= block.byteLength;
  idle = Math.max(0, idle - 1);
}

/** Releases the blocks at the front, which were not used for a while. */
function coolLater(): void {
  if (cooling) return;
  cooling = true;
  setTimeout(() => {
    cooling = false;
    for (let count = idle; count > 0; count--) drop();
    idle = unused.length;
    if (idle > 0) coolLater();
  }, COOL_MS).unref();
}
