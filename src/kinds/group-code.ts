/**
 * The source of the code that encodes many records with strings. Each call of Node.js costs more than the conversion of
 * many bytes, so the records are encoded in groups: one string is made of all strings of a group and of zeros where
 * the fixed parts will be, and is written at once. If it was ASCII, as most text of programs is, every byte is where
 * it belongs, and the fixed parts are written over the zeros. Otherwise, the records are written one by one.
 */
import type { FieldModel, TypeModel } from './model.js';
import { recordSource, type Writer, writerOf } from './span-code.js';
import { ASCII_ROOM } from './utf8.js';
import { place } from './wire.js';

/** The characters from which a group is written, and those from which the strings of a record are written directly. */
const GROUP = 4096;
const LONG = 1024;
/** The number of calls after which groups are tried again, since there was text that was not ASCII. */
const RETRY = 16;

/**
 * Returns the source of `encodeMany(inputs, offsets, out)`; null for records with types other than strings, scalars
 * and options of scalars, or without strings. It writes the records and their boundaries, and returns their end. It
 * returns early when that is more than `most`.
 */
export function encodeManySource(fields: readonly FieldModel[]): string | null {
  const strings = fields.flatMap(({ type }, i) => (type.form === 'str' ? [`v${i}`] : []));
  if (strings.length === 0 || !fields.every(({ type }) => isPlain(type))) return null;
  const { size, take, check, write } = recordSource(fields);
  const names = fields.map((_, i) => `v${i}`);
  return [
    `const pads = Array.from({ length: 8 }, (_, i) => "\\0".repeat(i + ${size}));`,
    'let plain = false, calls = 0;',
    `function one(out, base, ${names.join(', ')}) {`,
    ...write,
    'return base + Math.ceil(end / 8) * 8;',
    '}',
    ...groupSource(fields, size, names),
    'function encodeMany(inputs, offsets, out) {',
    'const count = offsets.length - 1, values = [];',
    'let base = 0, first = 0, n = 0, pad = 0, text = "";',
    `plain = plain && ++calls % ${RETRY} !== 0;`,
    'for (let i = 0; i < count && base <= most; i++) {',
    'setIndex(i);',
    'const input = inputs[i];',
    ...take,
    ...check,
    `const chars = ${strings.map((v) => `${v}.length`).join(' + ')};`,
    `if (plain || chars > ${LONG}) {`,
    'if (n > 0) base = group(values, n, text, first, offsets, out, base);',
    'setIndex(i);',
    `offsets[i + 1] = base = one(out, base, ${names.join(', ')});`,
    'n = pad = 0; text = ""; first = i + 1;',
    'continue;',
    '}',
    ...names.map((v) => `values[n++] = ${v};`),
    // V8 joins such a chain faster than one of longer parts.
    `text = text + pads[pad] + ${strings.join(' + ')};`,
    `pad = -(${size} + chars) & 7;`,
    `if (text.length >= ${GROUP}) {`,
    'base = group(values, n, text, first, offsets, out, base);',
    'n = pad = 0; text = ""; first = i + 1;',
    '}',
    '}',
    'return n > 0 ? group(values, n, text, first, offsets, out, base) : base;',
    '}',
  ].join('\n');
}

function isPlain(type: TypeModel): boolean {
  return (
    type.form === 'str' || type.form === 'scalar' || (type.form === 'option' && type.value.form === 'scalar')
  );
}

/** The source of `group`, which writes the `n` values of a group from record `first`, and returns their end. */
function groupSource(fields: readonly FieldModel[], size: number, names: readonly string[]): string[] {
  const values = `const ${names.map((v, i) => `${v} = values[k + ${i}]`).join(', ')};`;
  const each = `for (let k = 0, i = first; k < n; k += ${fields.length}, i++) {`;
  return [
    'function group(values, n, text, first, offsets, out, base) {',
    `const room = text.length + ${ASCII_ROOM};`,
    'if (base + room > out.memory.length) grow(out, base, room);',
    'const { memory, view } = out;',
    'if (!writeAscii(text, memory, base)) {',
    'plain = true;',
    each,
    'setIndex(i);',
    values,
    `offsets[i + 1] = base = one(out, base, ${names.join(', ')});`,
    '}',
    'return base;',
    '}',
    each,
    values,
    `let end = ${size};`,
    ...place(fields).fields.map(({ field, offset }, i) => fixedWriter(field.type).write(`v${i}`, offset, i)),
    'offsets[i + 1] = base += (end + 7) & ~7;',
    '}',
    'return base;',
    '}',
  ];
}

/** The steps of a field whose spans have been written. */
function fixedWriter(type: TypeModel): Pick<Writer, 'write'> {
  if (type.form !== 'str') return writerOf(type);
  return {
    write: (v, offset) =>
      `view.setUint32(base + ${offset}, ${v}.length === 0 ? 0 : end, true);
view.setUint32(base + ${offset + 4}, ${v}.length, true);
end += ${v}.length;`,
  };
}
