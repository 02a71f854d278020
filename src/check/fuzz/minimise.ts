/** Makes an input smaller while it still reproduces a finding. */

export interface MinimiseOptions {
  /** Returns whether these bytes reproduce the finding. */
  shows(bytes: Buffer): Promise<boolean>;
  /** Returns whether the time is up. */
  expired(): boolean;
}

/** Removes pieces, large ones first, until no single byte can be removed or the time is up. */
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
