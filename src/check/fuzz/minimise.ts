/** Makes an input smaller for as long as it still shows the same thing. */

export interface MinimiseOptions {
  /** Whether these bytes show it. */
  shows(bytes: Buffer): Promise<boolean>;
  /** Whether there is no time left. */
  expired(): boolean;
}

/** Leaves out pieces, large ones first, until no single byte can be left out any more or the time is over. */
export async function minimise(input: Buffer, options: MinimiseOptions): Promise<Buffer> {
  let bytes = input;
  for (let size = Math.ceil(bytes.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    bytes = await withoutPieces(bytes, size, options);
  }
  return bytes;
}

async function withoutPieces(input: Buffer, size: number, options: MinimiseOptions): Promise<Buffer> {
  let bytes = input;
  for (let at = 0; at < bytes.length && !options.expired(); ) {
    const candidate = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
    if (await options.shows(candidate)) bytes = candidate;
    else at += size;
  }
  return bytes;
}
