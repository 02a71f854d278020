/** The compilation units of `.debug_info`, with the attributes of their root entries. */
import { Abbreviations, type Attributes, readAttributes, type Value } from './abbreviations.js';
import { Cursor, initialLength, type Section, stringAt } from './cursor.js';
import { type Encoding, Form } from './forms.js';
import type { DebugSections } from './sections.js';

export const Attribute = {
  sibling: 0x01,
  name: 0x03,
  stmtList: 0x10,
  lowPc: 0x11,
  highPc: 0x12,
  compDir: 0x1b,
  abstractOrigin: 0x31,
  specification: 0x47,
  ranges: 0x55,
  callFile: 0x58,
  callLine: 0x59,
  linkageName: 0x6e,
  strOffsetsBase: 0x72,
  addrBase: 0x73,
  rnglistsBase: 0x74,
  mipsLinkageName: 0x2007,
  gnuAddrBase: 0x2133,
} as const;

const ROOT_ATTRIBUTES: ReadonlySet<number> = new Set([
  Attribute.name,
  Attribute.stmtList,
  Attribute.lowPc,
  Attribute.highPc,
  Attribute.compDir,
  Attribute.ranges,
  Attribute.strOffsetsBase,
  Attribute.addrBase,
  Attribute.rnglistsBase,
  Attribute.gnuAddrBase,
]);
/** The kinds of units with code: full, partial and skeleton units. */
const WITH_CODE: readonly number[] = [1, 3, 4];
const SKELETON = 4;

/** The place of a unit. */
export interface UnitPlace {
  readonly offset: number;
  readonly end: number;
}

export class Unit implements UnitPlace {
  readonly sections: DebugSections;
  readonly offset: number;
  readonly end: number;
  readonly encoding: Encoding;
  readonly abbreviations: Abbreviations;
  /** The position of the first entry. */
  readonly entries: number;
  readonly root: Attributes;

  /** @throws TenonError; units without code are errors too */
  constructor(sections: DebugSections, info: Section, { offset, end }: UnitPlace) {
    this.sections = sections;
    this.offset = offset;
    this.end = end;
    const cursor = new Cursor(info, offset, end);
    const { offsetSize } = initialLength(cursor);
    const version = cursor.u16();
    const { addressSize, abbreviations } = readHeader(cursor, version, offsetSize);
    this.encoding = { version, offsetSize, addressSize };
    this.entries = cursor.position;
    this.abbreviations = new Abbreviations(sections.require('.debug_abbrev'), abbreviations, this.encoding);
    this.root = readAttributes(cursor, this.abbreviations.get(cursor.uleb()), this.encoding, ROOT_ATTRIBUTES);
  }

  /** The offset of its line table in `.debug_line`. */
  get lines(): number | undefined {
    return this.root.get(Attribute.stmtList)?.value;
  }

  /** The working directory of the compiler. */
  get folder(): string | null {
    return this.#stringOf(Attribute.compDir);
  }

  get name(): string | null {
    return this.#stringOf(Attribute.name);
  }

  #stringOf(attribute: number): string | null {
    const value = this.root.get(attribute);
    return value === undefined ? null : this.string(value);
  }

  /** Returns the string of a value. Null if its section is missing. */
  string({ form, value }: Value): string | null {
    switch (form) {
      case Form.string:
        return stringAt(this.sections.get('.debug_info'), value);
      case Form.strp:
        return stringAt(this.sections.get('.debug_str'), value);
      case Form.lineStrp:
        return stringAt(this.sections.get('.debug_line_str'), value);
      case Form.strx:
      case Form.strx1:
      case Form.strx2:
      case Form.strx3:
      case Form.strx4:
      case Form.gnuStrIndex:
        return this.#indexedString(value);
      default:
        return null;
    }
  }

  #indexedString(index: number): string | null {
    const { offsetSize } = this.encoding;
    const base = this.#base(Attribute.strOffsetsBase, offsetSize === 8 ? 16 : 8);
    if (!this.sections.has('.debug_str_offsets')) return null;
    const offset = this.sections.seek('.debug_str_offsets', base + index * offsetSize).unsigned(offsetSize);
    return stringAt(this.sections.get('.debug_str'), offset);
  }

  /** Returns the address in a value, direct or indexed. Null for other forms. */
  address({ form, value }: Value): number | null {
    switch (form) {
      case Form.addr:
        return value;
      case Form.addrx:
      case Form.addrx1:
      case Form.addrx2:
      case Form.addrx3:
      case Form.addrx4:
      case Form.gnuAddrIndex:
        return this.indexedAddress(value);
      default:
        return null;
    }
  }

  indexedAddress(index: number): number {
    const { addressSize } = this.encoding;
    return this.sections.seek('.debug_addr', this.#addressBase() + index * addressSize).unsigned(addressSize);
  }

  #addressBase(): number {
    return this.root.get(Attribute.gnuAddrBase)?.value ?? this.#base(Attribute.addrBase, 8);
  }

  get rangeListsBase(): number {
    return this.#base(Attribute.rnglistsBase, this.encoding.offsetSize === 8 ? 20 : 12);
  }

  #base(attribute: number, otherwise: number): number {
    return this.root.get(attribute)?.value ?? otherwise;
  }
}

function readHeader(
  cursor: Cursor,
  version: number,
  offsetSize: 4 | 8,
): { readonly addressSize: number; readonly abbreviations: number } {
  const { budget } = cursor.section;
  if (version < 2 || version > 5) throw budget.fail(`it has a unit of version ${version}`);
  if (version < 5) {
    const abbreviations = cursor.unsigned(offsetSize);
    return { abbreviations, addressSize: cursor.u8() };
  }
  const kind = cursor.u8();
  if (!WITH_CODE.includes(kind)) throw budget.fail(`it has a unit of kind ${kind}`);
  const addressSize = cursor.u8();
  const abbreviations = cursor.unsigned(offsetSize);
  if (kind === SKELETON) cursor.skip(8);
  return { abbreviations, addressSize };
}

/** Iterates over units, starting at `from`, in `.debug_info` and in other sections that consist of units. */
export function* unitPlaces(info: Section, from = 0): Generator<UnitPlace, void> {
  const cursor = new Cursor(info, from);
  while (!cursor.isAtEnd) {
    const offset = cursor.position;
    const { length } = initialLength(cursor);
    const end = cursor.position + length;
    if (length === 0 || end > info.source.size) return;
    info.budget.spend(1);
    yield { offset, end };
    cursor.seek(end);
  }
}
