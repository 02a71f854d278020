/** The function at an address, and the functions that are inlined there. */
import { inRanges } from '../image.js';
import {
  type Abbreviation,
  Attributes,
  readAttributes,
  skipAttributes,
  type Value,
} from './abbreviations.js';
import type { LookupBudget } from './budget.js';
import { Cursor } from './cursor.js';
import { Form } from './forms.js';
import { rangesOf } from './ranges.js';
import { Attribute, Unit, type UnitPlace } from './units.js';

const Tag = { inlined: 0x1d, subprogram: 0x2e } as const;

const SCOPE_ATTRIBUTES: ReadonlySet<number> = new Set([
  Attribute.sibling,
  Attribute.lowPc,
  Attribute.highPc,
  Attribute.ranges,
  Attribute.abstractOrigin,
  Attribute.callFile,
  Attribute.callLine,
]);
const NAME_ATTRIBUTES: ReadonlySet<number> = new Set([
  Attribute.name,
  Attribute.linkageName,
  Attribute.mipsLinkageName,
  Attribute.abstractOrigin,
  Attribute.specification,
]);
/** The maximum number of references from an inlined function to its declaration. */
const MOST_HOPS = 8;
/** The maximum nesting of inlined functions. */
const MOST_INLINED = 32;
const DEEPEST = 1000;

/** A function that is inlined, and the place of its call. */
export interface InlinedFunction {
  /** The linkage name, or the name in the source. Null if it has none. */
  readonly name: string | null;
  /** The number of the file in the unit's line table, and the line, of the call. */
  readonly callFile: number;
  readonly callLine: number;
}

export interface FunctionAt {
  /** The linkage name, or the name in the source. */
  readonly name: string | null;
  readonly start: number;
  /** The innermost first. */
  readonly inlined: readonly InlinedFunction[];
}

/** A function under construction. */
interface Found {
  readonly entry: number;
  readonly start: number;
  readonly inlined: {
    readonly origin: Value | undefined;
    readonly callFile: number;
    readonly callLine: number;
  }[];
}

/** Finds the unit that contains an offset. */
export type UnitAt = (offset: number) => UnitPlace | undefined;

/** Returns the functions of the addresses in the unit. @throws TenonError */
export function functionsAt(
  unit: Unit,
  addresses: readonly number[],
  unitAt: UnitAt,
): ReadonlyMap<number, FunctionAt> {
  const walk = new Walk(unit, addresses);
  // Functions found before an error remain valid.
  unit.sections.budget.attempt(() => walk.run());
  const names = new Names(unit, unitAt);
  return new Map(
    [...walk.found].map(([address, { entry, start, inlined }]) => {
      const chain = inlined.map(({ origin, callFile, callLine }) => ({
        name: names.of(origin),
        callFile,
        callLine,
      }));
      return [address, { name: names.at(unit, entry, 0), start, inlined: chain.reverse() }];
    }),
  );
}

/** Walks the entries of a unit. Parents come before their children. */
class Walk {
  readonly found = new Map<number, Found>();
  readonly #unit: Unit;
  readonly #addresses: readonly number[];
  readonly #cursor: Cursor;
  readonly #attributes = new Attributes();
  #depth = 0;

  constructor(unit: Unit, addresses: readonly number[]) {
    this.#unit = unit;
    this.#addresses = addresses;
    this.#cursor = new Cursor(unit.sections.require('.debug_info'), unit.entries, unit.end, true);
  }

  run(): void {
    const cursor = this.#cursor;
    while (!cursor.isAtEnd) {
      const entry = cursor.position;
      const code = cursor.uleb();
      if (code === 0) {
        this.#depth -= 1;
        // This is the end of the root's children.
        if (this.#depth <= 0) return;
        continue;
      }
      this.#step(entry, this.#unit.abbreviations.get(code));
      if (this.#depth > DEEPEST) throw cursor.section.budget.fail('its entries are nested too deeply');
    }
  }

  #step(entry: number, abbreviation: Abbreviation): void {
    const { tag, hasChildren } = abbreviation;
    if (hasChildren) this.#depth += 1;
    if (tag !== Tag.subprogram && tag !== Tag.inlined) {
      skipAttributes(this.#cursor, abbreviation, this.#unit.encoding);
      return;
    }
    const attributes = this.#attributes;
    readAttributes(this.#cursor, abbreviation, this.#unit.encoding, SCOPE_ATTRIBUTES, attributes);
    if (this.#look(entry, tag, attributes) || !hasChildren) return;
    // None of the children has one of the addresses.
    const sibling = attributes.get(Attribute.sibling);
    const target = sibling === undefined ? -1 : this.#unit.offset + sibling.value;
    if (sibling === undefined || sibling.form === Form.refAddr || target <= this.#cursor.position) return;
    this.#cursor.seek(target);
    this.#depth -= 1;
  }

  /** Checks whether the entry has one of the addresses. */
  #look(entry: number, tag: number, attributes: Attributes): boolean {
    const ranges = rangesOf(this.#unit, attributes);
    if (ranges.length === 0) return false;
    this.#cursor.section.budget.spend(ranges.length);
    let isThere = false;
    for (const address of this.#addresses) {
      if (!inRanges(ranges, address)) continue;
      isThere = true;
      const known = this.found.get(address);
      if (tag === Tag.subprogram) {
        const start = Math.min(...ranges.map((range) => range.start));
        if (known === undefined) this.found.set(address, { entry, start, inlined: [] });
      } else if (known !== undefined && known.inlined.length < MOST_INLINED) {
        known.inlined.push({
          origin: attributes.get(Attribute.abstractOrigin),
          callFile: attributes.get(Attribute.callFile)?.value ?? 0,
          callLine: attributes.get(Attribute.callLine)?.value ?? 0,
        });
      }
    }
    return isThere;
  }
}

/** The names of entries. A name can belong to another entry, in another unit. */
class Names {
  readonly #unit: Unit;
  readonly #budget: LookupBudget;
  readonly #unitAt: UnitAt;
  readonly #others = new Map<number, Unit>();

  constructor(unit: Unit, unitAt: UnitAt) {
    this.#unit = unit;
    this.#budget = unit.sections.budget;
    this.#unitAt = unitAt;
  }

  /** Returns the name of the entry that a value refers to. */
  of(reference: Value | undefined, from = this.#unit, hops = 0): string | null {
    if (reference === undefined || hops > MOST_HOPS) return null;
    switch (reference.form) {
      case Form.ref1:
      case Form.ref2:
      case Form.ref4:
      case Form.ref8:
      case Form.refUdata:
        return this.at(from, from.offset + reference.value, hops);
      case Form.refAddr:
        return this.#elsewhere(reference.value, hops);
      default:
        return null;
    }
  }

  /** Returns the linkage name of this entry or of one that it refers to. Otherwise the name in the source. */
  at(unit: Unit, entry: number, hops: number): string | null {
    const found = this.#budget.attempt(() => {
      const cursor = new Cursor(unit.sections.require('.debug_info'), entry, unit.end);
      const abbreviation = unit.abbreviations.get(cursor.uleb());
      return readAttributes(cursor, abbreviation, unit.encoding, NAME_ATTRIBUTES);
    });
    if (found === undefined) return null;
    const linkage = found.get(Attribute.linkageName) ?? found.get(Attribute.mipsLinkageName);
    const own = linkage ?? found.get(Attribute.name);
    const name = own === undefined ? null : (this.#budget.attempt(() => unit.string(own)) ?? null);
    if (linkage !== undefined && name !== null) return name;
    const next = found.get(Attribute.abstractOrigin) ?? found.get(Attribute.specification);
    return this.of(next, unit, hops + 1) ?? name;
  }

  #elsewhere(offset: number, hops: number): string | null {
    const place = this.#budget.attempt(() => this.#unitAt(offset));
    if (place === undefined) return null;
    const known = this.#others.get(place.offset);
    const { sections } = this.#unit;
    const unit =
      known ?? this.#budget.attempt(() => new Unit(sections, sections.require('.debug_info'), place));
    if (unit === undefined) return null;
    this.#others.set(place.offset, unit);
    return this.at(unit, offset, hops);
  }
}
