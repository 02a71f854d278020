/** The forms in which values of attributes are stored. */
import type { Cursor } from './cursor.js';

export const Form = {
  addr: 0x01,
  block2: 0x03,
  block4: 0x04,
  data2: 0x05,
  data4: 0x06,
  data8: 0x07,
  string: 0x08,
  block: 0x09,
  block1: 0x0a,
  data1: 0x0b,
  flag: 0x0c,
  sdata: 0x0d,
  strp: 0x0e,
  udata: 0x0f,
  refAddr: 0x10,
  ref1: 0x11,
  ref2: 0x12,
  ref4: 0x13,
  ref8: 0x14,
  refUdata: 0x15,
  indirect: 0x16,
  secOffset: 0x17,
  exprloc: 0x18,
  flagPresent: 0x19,
  strx: 0x1a,
  addrx: 0x1b,
  refSup4: 0x1c,
  strpSup: 0x1d,
  data16: 0x1e,
  lineStrp: 0x1f,
  refSig8: 0x20,
  implicitConst: 0x21,
  loclistx: 0x22,
  rnglistx: 0x23,
  refSup8: 0x24,
  strx1: 0x25,
  strx2: 0x26,
  strx3: 0x27,
  strx4: 0x28,
  addrx1: 0x29,
  addrx2: 0x2a,
  addrx3: 0x2b,
  addrx4: 0x2c,
  gnuAddrIndex: 0x1f01,
  gnuStrIndex: 0x1f02,
  gnuRefAlt: 0x1f20,
  gnuStrpAlt: 0x1f21,
} as const;

/** Properties of a unit that determine the sizes of some forms. */
export interface Encoding {
  readonly version: number;
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
}

const FIXED: Readonly<Record<number, number>> = {
  [Form.data1]: 1,
  [Form.ref1]: 1,
  [Form.flag]: 1,
  [Form.strx1]: 1,
  [Form.addrx1]: 1,
  [Form.data2]: 2,
  [Form.ref2]: 2,
  [Form.strx2]: 2,
  [Form.addrx2]: 2,
  [Form.strx3]: 3,
  [Form.addrx3]: 3,
  [Form.data4]: 4,
  [Form.ref4]: 4,
  [Form.strx4]: 4,
  [Form.addrx4]: 4,
  [Form.refSup4]: 4,
  [Form.data8]: 8,
  [Form.ref8]: 8,
  [Form.refSig8]: 8,
  [Form.refSup8]: 8,
  [Form.flagPresent]: 0,
  [Form.implicitConst]: 0,
  [Form.data16]: 16,
};
const OFFSETS: ReadonlySet<number> = new Set([
  Form.strp,
  Form.secOffset,
  Form.strpSup,
  Form.lineStrp,
  Form.gnuRefAlt,
  Form.gnuStrpAlt,
]);
const ULEBS: ReadonlySet<number> = new Set([
  Form.udata,
  Form.refUdata,
  Form.strx,
  Form.addrx,
  Form.loclistx,
  Form.rnglistx,
  Form.gnuAddrIndex,
  Form.gnuStrIndex,
]);

/** Returns the size of a value in bytes. Null if the form has no fixed size. */
export function sizeOfForm(form: number, { version, offsetSize, addressSize }: Encoding): number | null {
  if (form === Form.addr) return addressSize;
  if (form === Form.refAddr) return version <= 2 ? addressSize : offsetSize;
  if (OFFSETS.has(form)) return offsetSize;
  return FIXED[form] ?? null;
}

/** Reads a number, an offset or an index. For an inline string returns its position, and 0 for a block. */
export function readForm(cursor: Cursor, form: number, encoding: Encoding): number {
  const size = sizeOfForm(form, encoding);
  if (size !== null) {
    if (size === 0) return 1;
    if (size <= 8) return cursor.unsigned(size);
    cursor.skip(size);
    return 0;
  }
  if (ULEBS.has(form)) return cursor.uleb();
  switch (form) {
    case Form.string: {
      const { position } = cursor;
      cursor.skipString();
      return position;
    }
    case Form.sdata:
      return cursor.sleb();
    case Form.block1:
      return skipped(cursor, cursor.u8());
    case Form.block2:
      return skipped(cursor, cursor.u16());
    case Form.block4:
      return skipped(cursor, cursor.u32());
    case Form.block:
    case Form.exprloc:
      return skipped(cursor, cursor.uleb());
    case Form.indirect: {
      const actual = cursor.uleb();
      if (actual === Form.indirect || actual === Form.implicitConst) break;
      return readForm(cursor, actual, encoding);
    }
  }
  throw cursor.section.budget.fail(`it has an attribute of the unknown form 0x${form.toString(16)}`);
}

function skipped(cursor: Cursor, length: number): 0 {
  cursor.skip(length);
  return 0;
}
