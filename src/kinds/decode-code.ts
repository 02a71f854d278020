/**
 * The source of the code that decodes the records of one method, as span-code.ts has that of the encoder. There are two
 * functions, which V8 optimizes apart: for one record, and for records one behind the other.
 */
import { SCALAR_SIZE, type Scalar } from './layout.js';
import type { FieldModel, TypeModel } from './model.js';
import { ACCESSOR } from './span-code.js';
import { PART, WINDOW } from './utf8.js';
import { alignOf, hasSpans, optionOffset, place, sizeOf } from './wire.js';

/** The source of a decoder, and the types that it leaves to their coders. */
export interface DecodeSource {
  readonly source: string;
  readonly others: readonly TypeModel[];
}

/** The statement for bytes that are not such a record. It is short, so that V8 can inline the function. */
const BAD = 'bad();';

/**
 * Returns the source of `decode(memory, view, base, length)`. It calls `malformed` for bytes that are not such a record.
 */
export function decodeSource(fields: readonly FieldModel[]): DecodeSource {
  const { lines, value, others } = recordReader(fields, oneText);
  const source = [
    'function decode(memory, view, base, length) {',
    'const bad = () => malformed(memory, base, length);',
    ...lines,
    `return ${value};`,
    '}',
  ].join('\n');
  return { source, others };
}

/**
 * Returns the source of `decode(memory, view, offsets, statuses, first, last, into)`. It appends the values of the
 * records from `first` to `into`, until it comes to `last` or to a record that failed. It calls `malformed`, without
 * arguments, for bytes that are not such a record.
 *
 * Each call of Node.js costs more than the conversion of many bytes. So all bytes of a window are converted to one
 * string, whatever they are, and the strings in it are parts of that string, if they are ASCII.
 */
export function decodeRangeSource(fields: readonly FieldModel[]): DecodeSource {
  const { lines, value, others } = recordReader(fields, windowText);
  const source = [
    'function decode(memory, view, offsets, statuses, first, last, into) {',
    'const bad = malformed, stop = offsets[last];',
    'let from = 0, to = 0, window = "";',
    'for (let k = first; k < last; k++) {',
    'if (statuses[k] !== 0) return;',
    'const base = offsets[k], length = offsets[k + 1] - base;',
    ...lines,
    `into.push(${value});`,
    '}',
    '}',
  ].join('\n');
  return { source, others };
}

/** The statements that read a record at `base`, the expression for its value, and the types left to their coders. */
interface Reader {
  readonly lines: readonly string[];
  readonly value: string;
  readonly others: readonly TypeModel[];
}

function recordReader(fields: readonly FieldModel[], text: TextLines): Reader {
  const { size } = place(fields);
  const type: TypeModel = { form: 'record', fields };
  const reader = new ReaderSource(text);
  const value = reader.read(type, 'base');
  const { others } = reader;
  const wrong = hasSpans(type) ? `length < ${size}` : `length !== ${size}`;
  const begin = [
    `if (${wrong}) ${BAD}`,
    `let end = ${size}${others.length > 0 ? ', input = makeInput(memory, base, length)' : ''};`,
  ];
  return { lines: [...begin, ...reader.lines], value, others };
}

/** Returns the statements that set `value` to the string from `start`, whose length `count` was checked. */
type TextLines = (value: string, start: string, count: string) => string[];

const oneText: TextLines = (value, start, count) => [
  `const ${value} = decodeUtf8(memory, ${start}, ${start} + ${count});`,
  `if (${value} === null) ${BAD}`,
];

const windowText: TextLines = (value, start, count) => [
  `let ${value} = "";`,
  `if (${count} !== 0) {`,
  `const a = ${start}, z = a + ${count};`,
  `if (${count} <= ${PART} && isAscii(view, a, z)) {`,
  `if (a < from || z > to) { from = a; to = Math.min(a + ${WINDOW}, stop); window = latin1(memory, from, to); }`,
  `${value} = window.substring(a - from, z - from);`,
  `} else if ((${value} = decodeUtf8(memory, a, z)) === null) ${BAD}`,
  '}',
];

/** Collects statements that read a value, and returns expressions for it. */
class ReaderSource {
  readonly lines: string[] = [];
  readonly others: TypeModel[] = [];
  readonly #text: TextLines;
  #names = 0;

  constructor(text: TextLines) {
    this.#text = text;
  }

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
    this.lines.push(`if (${value} > 1) ${BAD}`);
    return `${value} === 1`;
  }

  /** Reads a span. Returns the variables with its place in the memory and its number of elements. */
  #span(at: string, size: number, align: number): { start: string; count: string } {
    const start = this.#name('s');
    const count = this.#name('n');
    const aligned = align > 1 ? ` || ${start} % ${align} !== 0` : '';
    this.lines.push(
      `const ${start} = view.getUint32(${at}, true), ${count} = view.getUint32(${at} + 4, true);`,
      `if (${count} === 0) { if (${start} !== 0) ${BAD} }`,
      `else if (${start} < end${aligned} || (end = ${start} + ${count} * ${size}) > length) ${BAD}`,
    );
    return { start: `base + ${start}`, count };
  }

  #str(at: string): string {
    const { start, count } = this.#span(at, 1, 1);
    const value = this.#name('r');
    this.lines.push(...this.#text(value, start, count));
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
    this.lines.push(`if (${present} > 1) ${BAD}`, `if (${present} === 1) {`);
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
