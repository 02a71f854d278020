/** The addresses of units and entries. */
import type { AddressRange } from '../facts.js';
import type { Attributes, Value } from './abbreviations.js';
import { Cursor, initialLength, type Section } from './cursor.js';
import { Form } from './forms.js';
import { Attribute, type Unit } from './units.js';

const RangeEntry = {
  end: 0,
  baseIndexed: 1,
  startIndexedEndIndexed: 2,
  startIndexedLength: 3,
  offsets: 4,
  base: 5,
  startEnd: 6,
  startLength: 7,
} as const;

/** Returns the ranges in the attributes of an entry. Empty if there are none. */
export function rangesOf(unit: Unit, attributes: Attributes): readonly AddressRange[] {
  const ranges = attributes.get(Attribute.ranges);
  if (ranges !== undefined) return rangeList(unit, ranges);
  const low = attributes.get(Attribute.lowPc);
  const high = attributes.get(Attribute.highPc);
  const start = low === undefined ? null : unit.address(low);
  if (start === null || high === undefined) return [];
  return [{ start, end: unit.address(high) ?? start + high.value }];
}

function rangeList(unit: Unit, { form, value }: Value): AddressRange[] {
  const low = unit.root.get(Attribute.lowPc);
  const base = (low === undefined ? null : unit.address(low)) ?? 0;
  if (unit.encoding.version < 5) return oldList(unit, value, base);
  return newList(unit, form === Form.rnglistx ? indexedList(unit, value) : value, base);
}

/** Returns the offset of a list by its index in the table of version 5. */
function indexedList(unit: Unit, index: number): number {
  const { offsetSize } = unit.encoding;
  const base = unit.rangeListsBase;
  return base + unit.sections.seek('.debug_rnglists', base + index * offsetSize).unsigned(offsetSize);
}

function oldList(unit: Unit, offset: number, first: number): AddressRange[] {
  const { addressSize } = unit.encoding;
  const cursor = unit.sections.seek('.debug_ranges', offset);
  const largest = addressSize === 8 ? 2 ** 64 : 2 ** 32 - 1;
  const list: AddressRange[] = [];
  for (let base = first; ; ) {
    cursor.section.budget.spend(1);
    const start = cursor.unsigned(addressSize);
    const end = cursor.unsigned(addressSize);
    if (start === 0 && end === 0) return list;
    // Numbers of this size are rounded.
    if (start === largest) base = end;
    else list.push({ start: base + start, end: base + end });
  }
}

function newList(unit: Unit, offset: number, first: number): AddressRange[] {
  const { addressSize } = unit.encoding;
  const cursor = unit.sections.seek('.debug_rnglists', offset);
  const list: AddressRange[] = [];
  for (let base = first; ; ) {
    cursor.section.budget.spend(1);
    const kind = cursor.u8();
    if (kind === RangeEntry.end) return list;
    if (kind === RangeEntry.base) base = cursor.unsigned(addressSize);
    else if (kind === RangeEntry.baseIndexed) base = unit.indexedAddress(cursor.uleb());
    else list.push(rangeIn(unit, cursor, kind, base));
  }
}

function rangeIn(unit: Unit, cursor: Cursor, kind: number, base: number): AddressRange {
  const { addressSize } = unit.encoding;
  switch (kind) {
    case RangeEntry.offsets:
      return { start: base + cursor.uleb(), end: base + cursor.uleb() };
    case RangeEntry.startEnd:
      return { start: cursor.unsigned(addressSize), end: cursor.unsigned(addressSize) };
    case RangeEntry.startIndexedEndIndexed:
      return { start: unit.indexedAddress(cursor.uleb()), end: unit.indexedAddress(cursor.uleb()) };
    case RangeEntry.startLength: {
      const start = cursor.unsigned(addressSize);
      return { start, end: start + cursor.uleb() };
    }
    case RangeEntry.startIndexedLength: {
      const start = unit.indexedAddress(cursor.uleb());
      return { start, end: start + cursor.uleb() };
    }
    default:
      throw cursor.section.budget.fail(`it has a range of the unknown kind ${kind}`);
  }
}

/** Reads the ranges of units in `.debug_aranges`. The section is optional and can be incomplete. */
export function* rangesByUnit(section: Section): Generator<AddressRange & { readonly unit: number }, void> {
  const cursor = new Cursor(section, 0);
  while (!cursor.isAtEnd) {
    const begin = cursor.position;
    const { length, offsetSize } = initialLength(cursor);
    const end = cursor.position + length;
    const version = cursor.u16();
    const unit = cursor.unsigned(offsetSize);
    const addressSize = cursor.u8();
    const segmentSize = cursor.u8();
    if (version !== 2 || segmentSize !== 0) return;
    const pair = 2 * addressSize;
    cursor.seek(begin + Math.ceil((cursor.position - begin) / pair) * pair);
    while (cursor.position + pair <= end) {
      section.budget.spend(1);
      const start = cursor.unsigned(addressSize);
      const size = cursor.unsigned(addressSize);
      if (size > 0) yield { start, end: start + size, unit };
    }
    cursor.seek(end);
  }
}
