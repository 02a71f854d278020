/**
 * Files and lines of addresses, from the DWARF debug information (versions 2 to 5) of an ELF library or of
 * its split debug file. All work is bounded. Damaged or hostile information yields no places.
 */
import { ElfFile } from '../elf-file.js';
import type { AddressRange } from '../facts.js';
import { inRanges } from '../image.js';
import { withFile } from '../open.js';
import type { ByteSource } from '../source.js';
import { LookupBudget } from './budget.js';
import type { Section } from './cursor.js';
import { withDebugSections } from './debug-file.js';
import { type FunctionAt, functionsAt } from './functions.js';
import { type Row, rowsOf } from './line-program.js';
import { LineTable } from './line-table.js';
import { rangesByUnit, rangesOf } from './ranges.js';
import type { DebugSections } from './sections.js';
import { Unit, type UnitPlace, unitPlaces } from './units.js';

/** A call that the compiler replaced by the body of the function. */
export interface InlinedCall {
  /** The linkage name of the function, or its name in the source. Null if it has none. */
  readonly function: string | null;
  /** The place of the call. */
  readonly file: string | null;
  readonly line: number | null;
}

/** The debug information of an address. */
export interface SourcePlace {
  /** The source file of the instruction. */
  readonly file: string | null;
  readonly line: number | null;
  /** The linkage name of the function, and the offset of the address in it. Null if unknown. */
  readonly function: { readonly name: string; readonly offset: number } | null;
  /** The functions that are inlined there, the innermost first. The first one contains the instruction. */
  readonly inlined: readonly InlinedCall[];
}

/** The maximum size of a compressed `.debug_info`. If it is larger, only line tables are searched. */
const LARGEST_COMPRESSED = 8 << 20;

/**
 * Finds the source lines of addresses, which are relative to the start of the library. Split debug files are
 * searched in `folders`. Never fails. A place is null if nothing is known.
 */
export function sourcePlacesIn(
  path: string,
  addresses: readonly number[],
  folders: readonly string[] = [],
): (SourcePlace | null)[] {
  const find = () => withFile(path, (source) => sourcePlacesOf(source, addresses, folders));
  return new LookupBudget(path).attempt(find) ?? addresses.map(() => null);
}

/**
 * Finds source lines in an open file.
 * @throws TenonError if it is not an ELF library, or its debug information is unreadable
 */
export function sourcePlacesOf(
  source: ByteSource,
  addresses: readonly number[],
  folders: readonly string[] = [],
): (SourcePlace | null)[] {
  const file = new ElfFile(source);
  const ranges = file.codeRanges();
  const code = ranges.map(({ start, end }) => ({ start: start + file.base, end: end + file.base }));
  const wanted = addresses.map((address) => (inRanges(ranges, address) ? address + file.base : null));
  const inside = [...new Set(wanted.filter((address) => address !== null))];
  if (inside.length === 0) return addresses.map(() => null);
  const budget = new LookupBudget(source.path);
  const places = withDebugSections(source, folders, budget, (sections) =>
    new Lookup(sections, code).run(inside),
  );
  return wanted.map((address) => (address === null ? null : (places?.get(address) ?? null)));
}

/** A unit and its addresses. */
interface UnitOfAddresses {
  readonly unit: Unit;
  readonly own: readonly number[];
}

class Lookup {
  readonly #sections: DebugSections;
  readonly #budget: LookupBudget;
  readonly #code: readonly AddressRange[];
  readonly #places = new Map<number, SourcePlace>();
  #units: UnitPlace[] | undefined;
  /** The units without ranges, from old compilers. */
  readonly #silent: Unit[] = [];

  constructor(sections: DebugSections, code: readonly AddressRange[]) {
    this.#sections = sections;
    this.#budget = sections.budget;
    this.#code = code;
  }

  /** Finds lines first, then functions with the remaining work, in the order of the addresses. */
  run(addresses: readonly number[]): ReadonlyMap<number, SourcePlace> {
    if (!this.#canSearchUnits()) {
      this.#budget.attempt(() => this.#searchLines(addresses));
      return this.#places;
    }
    const units = this.#unitsOf(addresses);
    const tables = units.map(({ unit, own }) => ({ unit, own, table: this.#readLines(unit, own) }));
    for (const unit of this.#silent) {
      if (this.#budget.isDone) break;
      const missing = addresses.filter((address) => !this.#places.has(address));
      const table = missing.length === 0 ? undefined : this.#readLines(unit, missing);
      const own = missing.filter((address) => this.#places.has(address));
      if (own.length > 0) tables.push({ unit, own, table });
    }
    for (const { unit, own, table } of tables)
      this.#budget.attempt(() => this.#readFunctions(unit, own, table));
    return this.#places;
  }

  #canSearchUnits(): boolean {
    const name = '.debug_info';
    if (!this.#sections.has(name)) return false;
    return !this.#sections.isCompressed(name) || this.#sections.sizeOf(name) <= LARGEST_COMPRESSED;
  }

  /** Returns the units of the addresses. */
  #unitsOf(addresses: readonly number[]): UnitOfAddresses[] {
    const info = this.#sections.get('.debug_info');
    if (info === undefined) return [];
    const index = this.#index(addresses);
    const units: UnitOfAddresses[] = [];
    for (const [offset, own] of index.found) {
      this.#budget.attempt(() =>
        units.push({ unit: new Unit(this.#sections, info, unitPlace(info, offset)), own }),
      );
    }
    const left = new Set(addresses);
    for (const { own } of units) for (const address of own) left.delete(address);
    this.#budget.attempt(() => {
      for (const found of this.#searchUnits(info, left, index.units)) units.push(found);
    });
    const order = ({ own }: UnitOfAddresses) => Math.min(...own.map((address) => addresses.indexOf(address)));
    return units.sort((one, other) => order(one) - order(other));
  }

  /**
   * Looks up the addresses in `.debug_aranges`. Returns the units found, and all units that are listed there.
   */
  #index(addresses: readonly number[]): {
    readonly found: Map<number, number[]>;
    readonly units: Set<number>;
  } {
    const found = new Map<number, number[]>();
    const units = new Set<number>();
    const section = this.#sections.get('.debug_aranges');
    const left = new Set(addresses);
    this.#budget.attempt(() => {
      for (const { start, end, unit } of section === undefined ? [] : rangesByUnit(section)) {
        units.add(unit);
        if (!inRanges(this.#code, start)) continue;
        for (const address of left) {
          if (address < start || address >= end) continue;
          left.delete(address);
          found.set(unit, [...(found.get(unit) ?? []), address]);
        }
        if (left.size === 0) break;
      }
    });
    return { found, units };
  }

  /** Searches the units that the index does not list. */
  *#searchUnits(
    info: Section,
    left: Set<number>,
    indexed: ReadonlySet<number>,
  ): Generator<UnitOfAddresses, void> {
    for (const place of left.size === 0 ? [] : this.#allUnits(info)) {
      if (this.#budget.isDone) return;
      if (indexed.has(place.offset)) continue;
      const unit = this.#budget.attempt(() => new Unit(this.#sections, info, place));
      if (unit === undefined) continue;
      const own = this.#budget.attempt(() => this.#ownOf(unit, left)) ?? [];
      if (own.length > 0) yield { unit, own };
      for (const address of own) left.delete(address);
      if (left.size === 0) return;
    }
  }

  #ownOf(unit: Unit, addresses: ReadonlySet<number>): number[] {
    const all = rangesOf(unit, unit.root);
    if (all.length === 0) this.#silent.push(unit);
    const ranges = all.filter(({ start }) => inRanges(this.#code, start));
    this.#budget.spend(all.length);
    return [...addresses].filter((address) => inRanges(ranges, address));
  }

  #allUnits(info: Section): readonly UnitPlace[] {
    this.#units ??= [...unitPlaces(info)];
    return this.#units;
  }

  #readLines(unit: Unit, addresses: readonly number[]): LineTable | undefined {
    const offset = unit.lines;
    if (offset === undefined) return undefined;
    return this.#budget.attempt(() => {
      const table = new LineTable(this.#sections, offset, unit.encoding.addressSize);
      this.#place(table, unit.folder, rowsOf(table, addresses, this.#code));
      return table;
    });
  }

  /** Searches all line tables. */
  #searchLines(addresses: readonly number[]): void {
    const section = this.#sections.require('.debug_line');
    let left = addresses;
    for (const { offset } of unitPlaces(section)) {
      if (this.#budget.isDone) return;
      const table = this.#budget.attempt(() => new LineTable(this.#sections, offset, 8));
      if (table === undefined) continue;
      const rows = this.#budget.attempt(() => rowsOf(table, left, this.#code));
      if (rows === undefined) continue;
      this.#place(table, null, rows);
      left = left.filter((address) => !this.#places.has(address));
      if (left.length === 0) return;
    }
  }

  #place(table: LineTable, folder: string | null, rows: ReadonlyMap<number, Row>): void {
    for (const [address, { file, line }] of rows) {
      const path = this.#budget.attempt(() => table.path(file, folder)) ?? null;
      this.#places.set(address, { file: path, line: line > 0 ? line : null, function: null, inlined: [] });
    }
  }

  #readFunctions(unit: Unit, addresses: readonly number[], table: LineTable | undefined): void {
    const info = this.#sections.require('.debug_info');
    const unitAt = (offset: number) =>
      this.#allUnits(info).find((place) => offset >= place.offset && offset < place.end);
    for (const [address, found] of functionsAt(unit, addresses, unitAt)) {
      const place = this.#places.get(address) ?? { file: null, line: null, function: null, inlined: [] };
      this.#places.set(address, { ...place, ...this.#shown(found, address, unit, table) });
    }
  }

  #shown(
    { name, start, inlined }: FunctionAt,
    address: number,
    unit: Unit,
    table: LineTable | undefined,
  ): Pick<SourcePlace, 'function' | 'inlined'> {
    return {
      function: name === null ? null : { name, offset: address - start },
      inlined: inlined.map(({ name: called, callFile, callLine }) => ({
        function: called,
        file: (table && this.#budget.attempt(() => table.path(callFile, unit.folder))) ?? null,
        line: callLine > 0 ? callLine : null,
      })),
    };
  }
}

function unitPlace(info: Section, offset: number): UnitPlace {
  const [place] = unitPlaces(info, offset);
  if (place === undefined) throw info.budget.fail('it has a unit without an end');
  return place;
}
