/**
 * The source of the code that encodes and decodes the records of one method. All names and places are constants in
 * it, which is several times faster than a loop over the fields. The model has been checked, so all names are
 * identifiers.
 */
import { SCALAR_SIZE, type Scalar } from './layout.js';
import type { FieldModel, TypeModel } from './model.js';
import { SCALARS } from './scalars.js';
import { alignOf, optionOffset, place, sizeOf } from './wire.js';

const ACCESSOR: Readonly<Record<Scalar, string>> = {
  i8: 'Int8',
  u8: 'Uint8',
  i16: 'Int16',
  u16: 'Uint16',
  i32: 'Int32',
  u32: 'Uint32',
  i64: 'BigInt64',
  u64: 'BigUint64',
  f32: 'Float32',
  f64: 'Float64',
  bool: 'Uint8',
};

/** A record whose encoder is written: its fields with the steps of each. */
export interface RecordSource {
  readonly size: number;
  /** Reads the members of `input` into variables v0, v1, … */
  readonly take: readonly string[];
  readonly check: readonly string[];
  /** Writes the variables at `base` of the memory of `out`, and sets `end` to the size of the record. */
  readonly write: readonly string[];
}

/** Returns the steps of the encoder of a record. */
export function recordSource(fields: readonly FieldModel[]): RecordSource {
  const { fields: placed, size } = place(fields);
  const forms = placed.map(({ field }) => writerOf(field.type));
  const each = (make: (form: Writer, i: number, name: string, offset: number) => string): string[] =>
    placed.map(({ field, offset }, i) => make(forms[i] as Writer, i, field.name, offset));
  const take = [
    'if (typeof input !== "object" || input === null) notObject(input);',
    `let ${fields.map((_, i) => `v${i}`).join(', ')};`,
    'try {',
    ...each((form, i, name) => `v${i} = ${form.take(`input.${name}`, i)};`),
    '} catch (cause) { unreadable(cause); }',
  ];
  return {
    size,
    take: fields.length === 0 ? [] : take,
    check: each((form, i) => form.check(`v${i}`, i)),
    write: [
      `let bound = ${size};`,
      ...each((form, i) => form.bound(`v${i}`, i)),
      'let { memory, view } = out;',
      'if (base + bound > memory.length) {',
      `bound = ${size};`,
      ...each((form, i) => form.exact(`v${i}`, i)),
      'if (base + bound > memory.length) { grow(out, base, bound); ({ memory, view } = out); }',
      '}',
      `let end = ${size};`,
      ...each((form, i, _, offset) => form.write(`v${i}`, offset, i)),
    ],
  };
}

/**
 * Returns the source of `encode(input, out, base)`: it reads the members of the object, checks them, and writes the
 * record at `base` of the memory of `out`. It returns the size of the record.
 */
export function encodeSource(fields: readonly FieldModel[]): string {
  const { take, check, write } = recordSource(fields);
  return ['function encode(input, out, base) {', ...take, ...check, ...write, 'return end;', '}'].join('\n');
}

/** The steps of a field, as source. `v` is the variable with its value. */
export interface Writer {
  take(v: string, i: number): string;
  check(v: string, i: number): string;
  /** Adds the most bytes of the field's spans to `bound`. */
  bound(v: string, i: number): string;
  /** Adds the exact number. */
  exact(v: string, i: number): string;
  write(v: string, offset: number, i: number): string;
}

const same = (v: string): string => v;
const nothing = (): string => '';

/** Returns the steps of a field. */
export function writerOf(type: TypeModel): Writer {
  if (type.form === 'scalar') return scalarWriter(type.scalar);
  if (type.form === 'str')
    return {
      take: same,
      check: (v, i) => `if (typeof ${v} !== "string") refuse(${i}, ${v});`,
      bound: (v) => `bound += 3 * ${v}.length;`,
      exact: (v) => `bound += byteLength(${v});`,
      write: (v, offset, i) =>
        `{ const at = base + end, to = encodeUtf8(${v}, memory, at);
if (to < 0) refuse(${i}, ${v});
view.setUint32(base + ${offset}, to === at ? 0 : end, true);
view.setUint32(base + ${offset + 4}, to - at, true);
end += to - at; }`,
    };
  if (type.form === 'option' && type.value.form === 'scalar') return optionWriter(type.value.scalar);
  return otherWriter(sizeOf(type));
}

/** An option of a scalar. The value of an absent option is zero. */
function optionWriter(scalar: Scalar): Writer {
  const value = scalarWriter(scalar);
  const at = SCALAR_SIZE[scalar];
  const zero = ACCESSOR[scalar].startsWith('Big') ? '0n' : '0';
  const absent = (v: string): string => `${v} === undefined || ${v} === null`;
  return {
    ...value,
    check: (v, i) => `if (!(${absent(v)})) ${value.check(v, i)}`,
    write: (v, offset, i) =>
      `if (${absent(v)}) { view.setUint8(base + ${offset}, 0); view.set${ACCESSOR[scalar]}(base + ${offset + at}, ${zero}, true); }
else { view.setUint8(base + ${offset}, 1); ${value.write(v, offset + at, i)} }`,
  };
}

function scalarWriter(scalar: Scalar): Writer {
  const test = (v: string): string => SCALARS[scalar].source.replaceAll('$', () => v);
  const order = SCALAR_SIZE[scalar] > 1 ? ', true' : '';
  return {
    take: same,
    check: (v, i) => `if (!(${test(v)})) refuse(${i}, ${v});`,
    bound: nothing,
    exact: nothing,
    write: (v, offset) => {
      const stored = scalar === 'bool' ? `${v} ? 1 : 0` : v;
      return `view.set${ACCESSOR[scalar]}(base + ${offset}, ${stored}${order});`;
    },
  };
}

/** A field of any other type: its coder does the work. */
function otherWriter(size: number): Writer {
  return {
    take: (v, i) => `take(${i}, ${v})`,
    check: nothing,
    bound: (v, i) => `bound = extend(${i}, ${v}, bound);`,
    exact: (v, i) => `bound = extend(${i}, ${v}, bound);`,
    write: (v, offset, i) => `end = writeOther(${i}, ${v}, out, base, ${offset}, ${size}, end);`,
  };
}

/** The source of a decoder, and the types that it leaves to their coders. */
export interface DecodeSource {
  readonly source: string;
  readonly others: readonly TypeModel[];
}

/**
 * Returns the source of `decode(memory, view, base, length)`. It calls `bad` for bytes that are not such a record.
 */
export function decodeSource(fields: readonly FieldModel[]): DecodeSource {
  const { size } = place(fields);
  const type: TypeModel = { form: 'record', fields };
  const reader = new ReaderSource();
  const value = reader.read(type, 'base');
  const { others } = reader;
  const wrong = fields.some(({ type }) => hasTail(type)) ? `length < ${size}` : `length !== ${size}`;
  return {
    source: [
      'function decode(memory, view, base, length) {',
      'const bad = () => malformed(memory, base, length);',
      `if (${wrong}) bad();`,
      `let end = ${size}${others.length > 0 ? ', input = makeInput(memory, base, length)' : ''};`,
      ...reader.lines,
      `return ${value};`,
      '}',
    ].join('\n'),
    others,
  };
}

function hasTail(type: TypeModel): boolean {
  if (type.form === 'option') return hasTail(type.value);
  if (type.form === 'record') return type.fields.some((field) => hasTail(field.type));
  return type.form === 'str' || type.form === 'bytes' || type.form === 'list' || type.form === 'union';
}

/** Collects statements that read a value, and returns expressions for it. */
class ReaderSource {
  lines: string[] = [];
  readonly others: TypeModel[] = [];
  #names = 0;

  /** Adds the statements that read the value at `at`. Returns an expression for the value. */
  read(type: TypeModel, at: string): string {
    switch (type.form) {
      case 'scalar':
        return this.#scalar(type.scalar, at);
      case 'str':
        return this.#str(at);
      case 'bytes':
        return this.#bytes(at);
      case 'list':
        return type.element.form === 'scalar' ? this.#other(type, at) : this.#list(type.element, at);
      case 'record': {
        const members = place(type.fields).fields.map(({ field, offset }) => {
          const value = this.read(field.type, offset === 0 ? at : `${at} + ${offset}`);
          return `${field.name}: ${value}`;
        });
        return `{ ${members.join(', ')} }`;
      }
      case 'option':
        return this.#option(type.value, at);
      default:
        return this.#other(type, at);
    }
  }

  #name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  #scalar(scalar: Scalar, at: string): string {
    const value = this.#name('r');
    const order = SCALAR_SIZE[scalar] > 1 ? ', true' : '';
    this.lines.push(`const ${value} = view.get${ACCESSOR[scalar]}(${at}${order});`);
    if (scalar !== 'bool') return value;
    this.lines.push(`if (${value} > 1) bad();`);
    return `${value} === 1`;
  }

  /** Reads a span. Returns the variables with its place in the memory and its number of elements. */
  #span(at: string, size: number, align: number): { start: string; count: string } {
    const start = this.#name('s');
    const count = this.#name('n');
    const aligned = align > 1 ? ` || ${start} % ${align} !== 0` : '';
    this.lines.push(
      `const ${start} = view.getUint32(${at}, true), ${count} = view.getUint32(${at} + 4, true);`,
      `if (${count} === 0) { if (${start} !== 0) bad(); }`,
      `else if (${start} < end${aligned} || (end = ${start} + ${count} * ${size}) > length) bad();`,
    );
    return { start: `base + ${start}`, count };
  }

  #str(at: string): string {
    const { start, count } = this.#span(at, 1, 1);
    const value = this.#name('r');
    this.lines.push(`const ${value} = decodeUtf8(memory, ${start}, ${start} + ${count});`);
    this.lines.push(`if (${value} === null) bad();`);
    return value;
  }

  #bytes(at: string): string {
    const { start, count } = this.#span(at, 1, 1);
    const value = this.#name('r');
    this.lines.push(`const ${value} = copyOf(memory, ${start}, ${count});`);
    return value;
  }

  #list(element: TypeModel, at: string): string {
    const size = sizeOf(element);
    const { start, count } = this.#span(at, size, alignOf(element));
    const [list, index, place] = [this.#name('r'), this.#name('i'), this.#name('p')];
    this.lines.push(`const ${list} = new Array(${count});`);
    this.lines.push(
      `for (let ${index} = 0, ${place} = ${start}; ${index} < ${count}; ${index}++, ${place} += ${size}) {`,
    );
    const value = this.read(element, place);
    this.lines.push(`${list}[${index}] = ${value};`, '}');
    return list;
  }

  #option(type: TypeModel, at: string): string {
    const value = this.#name('r');
    const present = this.#name('o');
    this.lines.push(`let ${value}; const ${present} = memory[${at}];`);
    this.lines.push(`if (${present} > 1) bad();`, `if (${present} === 1) {`);
    const read = this.read(type, `${at} + ${optionOffset(type)}`);
    this.lines.push(`${value} = ${read};`, '}');
    return value;
  }

  #other(type: TypeModel, at: string): string {
    const value = this.#name('r');
    const index = this.others.push(type) - 1;
    this.lines.push(
      `input.end = end; const ${value} = others[${index}].read(input, ${at} - base); end = input.end;`,
    );
    return value;
  }
}
