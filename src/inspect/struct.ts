/** The byte order and word size of the structures in a file. */
export interface StructLayout {
  readonly little: boolean;
  /** Words are 64 bits wide. */
  readonly wide: boolean;
}

/** Bytes read as fields. The caller must keep offsets within the bytes. */
export class Struct {
  readonly bytes: Buffer;
  readonly little: boolean;
  readonly wide: boolean;

  constructor(bytes: Buffer, layout: StructLayout) {
    this.bytes = bytes;
    this.little = layout.little;
    this.wide = layout.wide;
  }

  u8(at: number): number {
    return this.bytes.readUInt8(at);
  }

  u16(at: number): number {
    return this.little ? this.bytes.readUInt16LE(at) : this.bytes.readUInt16BE(at);
  }

  u32(at: number): number {
    return this.little ? this.bytes.readUInt32LE(at) : this.bytes.readUInt32BE(at);
  }

  /**
   * Reads a 64-bit number. Numbers above 2^53 are rounded: no address or size in a real file is that large.
   */
  u64(at: number): number {
    const first = this.u32(at);
    const second = this.u32(at + 4);
    return this.little ? first + second * 2 ** 32 : second + first * 2 ** 32;
  }

  /** Reads a word of the file's word size. */
  word(at: number): number {
    return this.wide ? this.u64(at) : this.u32(at);
  }
}
