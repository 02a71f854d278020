/** Tables of abbreviations, which list the attributes of entries and their forms. */
import { Cursor, type Section } from './cursor.js';
import { type Encoding, Form, readForm, sizeOfForm } from './forms.js';

export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  /** Name, form, implicit value and size (-1 if not fixed) of each attribute in turn. */
  readonly attributes: readonly number[];
  /** The size of all values in bytes, or null if it is not fixed. */
  readonly size: number | null;
}

/** The maximum number of attributes. A hostile file can give an entry of one byte any number of them. */
const MOST_ATTRIBUTES = 256;
const FIELDS = 4;

/** A table, read on demand. */
export class Abbreviations {
  readonly #cursor: Cursor;
  readonly #encoding: Encoding;
  readonly #known = new Map<number, Abbreviation>();
  #isRead = false;

  constructor(section: Section, offset: number, encoding: Encoding) {
    this.#cursor = new Cursor(section, offset);
    this.#encoding = encoding;
  }

  /** Returns the abbreviation of a code. @throws TenonError if there is none */
  get(code: number): Abbreviation {
    for (;;) {
      const known = this.#known.get(code);
      if (known !== undefined) return known;
      if (this.#isRead) throw this.#cursor.section.budget.fail(`it has no abbreviation ${code}`);
      this.#readOne();
    }
  }

  #readOne(): void {
    const cursor = this.#cursor;
    const code = cursor.isAtEnd ? 0 : cursor.uleb();
    if (code === 0) {
      this.#isRead = true;
      return;
    }
    const tag = cursor.uleb();
    const hasChildren = cursor.u8() !== 0;
    const attributes: number[] = [];
    let size: number | null = 0;
    for (;;) {
      const name = cursor.uleb();
      const form = cursor.uleb();
      const implicit = form === Form.implicitConst ? cursor.sleb() : 0;
      if (name === 0 && form === 0) break;
      if (attributes.length >= FIELDS * MOST_ATTRIBUTES)
        throw cursor.section.budget.fail('it has an entry with too many attributes');
      const one = sizeOfForm(form, this.#encoding);
      attributes.push(name, form, implicit, one ?? -1);
      size = size === null || one === null ? null : size + one;
    }
    cursor.section.budget.spend(attributes.length / FIELDS);
    if (!this.#known.has(code)) this.#known.set(code, { tag, hasChildren, attributes, size });
  }
}

/** A value and its form. */
export interface Value {
  readonly form: number;
  readonly value: number;
}

/**
 * Attributes of an entry by name. The object is reused, because a unit can have a hundred thousand entries.
 */
export class Attributes {
  readonly #names: number[] = [];
  readonly #forms: number[] = [];
  readonly #values: number[] = [];
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  add(name: number, form: number, value: number): void {
    this.#names[this.#count] = name;
    this.#forms[this.#count] = form;
    this.#values[this.#count] = value;
    this.#count += 1;
  }

  get(name: number): Value | undefined {
    for (let at = 0; at < this.#count; at += 1) {
      if (this.#names[at] === name)
        return { form: this.#forms[at] as number, value: this.#values[at] as number };
    }
    return undefined;
  }
}

/** Reads the attributes of an entry into `kept`, as far as they are in `wanted`. */
export function readAttributes(
  cursor: Cursor,
  { attributes }: Abbreviation,
  encoding: Encoding,
  wanted: ReadonlySet<number>,
  kept = new Attributes(),
): Attributes {
  kept.clear();
  cursor.section.budget.spend(attributes.length / FIELDS);
  for (let at = 0; at < attributes.length; at += FIELDS) {
    const name = attributes[at] as number;
    const form = attributes[at + 1] as number;
    const size = attributes[at + 3] as number;
    if (!wanted.has(name)) {
      if (size >= 0) cursor.skip(size);
      else readForm(cursor, form, encoding);
    } else if (form === Form.implicitConst) kept.add(name, form, attributes[at + 2] as number);
    else
      kept.add(name, form, size > 0 && size <= 8 ? cursor.unsigned(size) : readForm(cursor, form, encoding));
  }
  return kept;
}

/** Skips the attributes of an entry. */
export function skipAttributes(cursor: Cursor, { attributes, size }: Abbreviation, encoding: Encoding): void {
  if (size !== null) {
    cursor.section.budget.spend(1);
    cursor.skip(size);
    return;
  }
  cursor.section.budget.spend(attributes.length / FIELDS);
  for (let at = 0; at < attributes.length; at += FIELDS) {
    const one = attributes[at + 3] as number;
    if (one >= 0) cursor.skip(one);
    else readForm(cursor, attributes[at + 1] as number, encoding);
  }
}
