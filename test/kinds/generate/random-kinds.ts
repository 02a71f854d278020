/** Random kinds in C: a program that reads messages by the generated code and writes them back by it. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { cHeader, cKind } from '../../../src/kinds/generate/c.js';
import { type CField, type CType, fieldsOf as partsOf } from '../../../src/kinds/generate/c-types.js';
import { cppHeader } from '../../../src/kinds/generate/cpp.js';
import { cppNames } from '../../../src/kinds/generate/cpp-names.js';
import type { FieldModel, KindModel, TypeModel } from '../../../src/kinds/model.js';
import { root, temporaryFolder } from '../../support/index.js';

const here = join(root, 'test', 'kinds', 'generate');

/** Names that are difficult in C or C++: keywords, macros, and names that generated code could use itself. */
const NAMES = (
  'a b A B class int new bool true NULL _X __LINE__ _Bool errno INT_MAX items len at value some tag r w to in out ' +
  'size count message template operator and xor this delete register a_b a_b_list value_option f f_check f_get ' +
  'x_writer set_a begin_a TENON_OK tenon_str uint8_t memcpy std default asm typeof linux status field list end'
).split(' ');

/** Gives the fields and members of a record other names. The encoding does not depend on them. */
export function renamed(fields: readonly FieldModel[], seed: number): FieldModel[] {
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  const all = <T extends { name: string }>(members: readonly T[], change: (member: T) => T): T[] => {
    const first = next(NAMES.length);
    const step = 1 + 2 * next(20);
    return members.map((member, i) => {
      const name = NAMES[(first + i * step) % NAMES.length];
      return { ...change(member), name: i < 20 && name !== undefined ? name : member.name };
    });
  };
  const type = (model: TypeModel): TypeModel => {
    if (model.form === 'list') return { ...model, element: type(model.element) };
    if (model.form === 'option') return { ...model, value: type(model.value) };
    if (model.form === 'record') return { ...model, fields: record(model.fields) };
    if (model.form === 'union')
      return {
        ...model,
        members: unique(all(model.members, (m) => ({ ...m, type: m.type && type(m.type) }))),
      };
    if (model.form === 'enum' || model.form === 'flags')
      return { ...model, members: unique(all(model.members, (m) => m)) };
    return model;
  };
  const record = (given: readonly FieldModel[]): FieldModel[] =>
    unique(all(given, (field) => ({ ...field, type: type(field.type) })));
  return record(fields);
}

function unique<T extends { name: string }>(members: readonly T[]): T[] {
  const seen = new Set<string>();
  return members.map((member, i) => {
    const name = seen.has(member.name) ? `${member.name}_${i}` : member.name;
    seen.add(name);
    return { ...member, name };
  });
}

/** A kind whose method `m` takes a record and returns the same record. */
export function kindOf(fields: readonly FieldModel[], index: number): KindModel {
  const value: FieldModel = { name: 'v', type: { form: 'record', fields, as: 'x' } };
  return {
    name: `k${index}`,
    version: '1.0.0',
    methods: [{ name: 'm', form: 'record', input: [value], output: [value] }],
    events: [{ name: 'e', fields: [value] }],
  };
}

/** Writes a program with the kinds and compiles it. Returns its path. */
export function compileKinds(
  kinds: readonly KindModel[],
  compiler: string,
  flags: readonly string[],
): string {
  const folder = temporaryFolder();
  const cpp = compiler.includes('++');
  const names = kinds.map((kind) => {
    writeFileSync(join(folder, `${kind.name}.kind.h`), cHeader(kind));
    writeFileSync(join(folder, `${kind.name}.kind.hpp`), cppHeader(kind));
    return `#include "${kind.name}.kind.${cpp ? 'hpp' : 'h'}"\n`;
  });
  const functions = kinds.map((kind) => roundTrip(kind, cpp));
  const table = `const round_trip round_trips[] = {${kinds.map(({ name }) => `${name}_both`).join(', ')}};`;
  const type = 'typedef tenon_status (*round_trip)(const uint8_t *in, size_t in_len, tenon_out *out);';
  const facts = kinds.map(({ name }) => `${name.toUpperCase()}_1_FACTS;\n`);
  const external = '#ifdef __cplusplus\nextern\n#endif\n';
  const source = [
    ...names,
    ...facts,
    type,
    ...functions,
    `extern const round_trip round_trips[];\n${external}${table}\n`,
  ];
  const file = join(folder, cpp ? 'kinds.cc' : 'kinds.c');
  writeFileSync(file, source.join('\n'));
  const program = join(folder, 'kinds');
  const language = cpp ? ['-x', 'c++', '-std=c++17'] : ['-std=c11'];
  const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wno-unused-function', '-Werror'];
  const includes = [`-I${join(root, 'include')}`, `-I${folder}`];
  const args = [
    ...language,
    ...warnings,
    ...flags,
    ...includes,
    file,
    join(here, 'round-trip.c'),
    '-o',
    program,
  ];
  const { status, stderr } = spawnSync(compiler, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${compiler} ${args.join(' ')}\n${stderr.slice(0, 4000)}`);
  return program;
}

/** A class in C++ that returns the record that it gets, written field by field. */
function pluginClass(kind: KindModel): string {
  const c = cKind(kind);
  const names = cppNames(kind, c);
  const [slot] = c.slots;
  const record = c.types.defined.find(({ model }) => model.form === 'record' && model.as === 'x');
  if (slot?.input === null || slot?.output === null || slot === undefined || record === undefined)
    throw new Error('no record');
  const space = `${names.namespace}::`;
  const fields = partsOf(record).map(({ name, type }) => {
    const list = type.model.form === 'list';
    if (!list && (type.model.form !== 'record' || !type.spans)) return `    to.${name}(from.${name});`;
    if (!list) return '    abort();';
    const spans = type.parts[0]?.type?.spans === true;
    const size = spans ? `static_cast<uint32_t>(from.${name}.size())` : '';
    return `    { auto list = to.${name}(${size}); for (const auto &item : from.${name}) list.push(item); }`;
  });
  const nested = partsOf(record).some(({ type }) => type.model.form === 'record' && type.spans);
  const inside = slot.streamed
    ? `void m(const ${space}MIn &in, ${space}MOutWriter &out) override {
    auto to = out.v();
    const auto &from = in.v;
    (void)to, (void)from;
${fields.join('\n')}
  }`
    : `${space}MOut m(const ${space}MIn &in) override { return {in.v}; }`;
  const skip = nested ? 'return true; /* a record in the record is tried in C */' : '';
  return `
class ${kind.name}_class : public ${space}${names.base} {
 public:
  ${inside}
};
static bool ${kind.name}_same(const uint8_t *in, size_t in_len, tenon_status status, const tenon_out *out) {
  (void)in, (void)in_len, (void)status, (void)out; ${skip}
  ${kind.name}_class plugin;
  const auto *table = static_cast<const ${kind.name}_1 *>(${space}${names.base}::tenon_table<${kind.name}_class>("${kind.name}/1"));
  tenon_out again = tenon_memory();
  const tenon_status other = table->m(&plugin, in, in_len, &again);
  const bool same = other == status && again.len == out->len && memcmp(again.data, out->data, out->len) == 0;
  free(again.data);
  return same;
}`;
}

/** Reads the record, and writes it twice: as a whole, and field by field. Both must be the same bytes. */
function roundTrip(kind: KindModel, cpp: boolean): string {
  const { slots, types } = cKind(kind);
  const [slot] = slots;
  if (slot?.input === null || slot?.output === null || slot === undefined) throw new Error('no record');
  const [from, to] = [slot.input.c, slot.output.c];
  const streamed = slot.streamed
    ? `
  tenon_writer w;
  tenon_out again = tenon_memory();
  ${kind.name}_x_fill(${to}_begin_v(${slot.name}_begin(&w, &again)), &value.v);
  if (tenon_end(&w) != status) abort();
  if (status == TENON_OK && (again.len != out->len || memcmp(again.data, out->data, out->len) != 0)) abort();
  free(again.data);`
    : '';
  const copies = slot.streamed
    ? types.defined.filter((type) => types.uses.get(type)?.streamed && type.spans)
    : [];
  const once = `${kind.name}_once`;
  const both = cpp
    ? `
  const tenon_status status = ${once}(in, in_len, out);
  if (!${kind.name}_same(in, in_len, status, out)) abort();
  return status;`
    : `
  return ${once}(in, in_len, out);`;
  return `${cpp ? pluginClass(kind) : ''}${copies
    .filter(({ model }) => model.form === 'record')
    .map(fill)
    .join('')}
static tenon_status ${once}(const uint8_t *in, size_t in_len, tenon_out *out) {
  ${from} value;
  ${to} result;
  tenon_status status = ${slot.name}_read(in, in_len, &value, out);
  if (status != TENON_OK) return status;
  memset(&result, 0xA5, sizeof result);
  result.v = value.v;
  status = ${slot.name}_write(out, &result);${streamed}
  return status;
}
static tenon_status ${kind.name}_both(const uint8_t *in, size_t in_len, tenon_out *out) {${both}
}
`;
}

/** A function that copies a record field by field. */
function fill(type: CType): string {
  if (type.parts.some(({ model }) => model.name === 'v')) return '';
  const lines = partsOf(type).map((field) => fillField(type, field));
  return `
static void ${type.c}_fill(${type.c}_writer r, const ${type.c} *v) {
${lines.join('\n')}
}
`;
}

function fillField(type: CType, { name, type: field }: CField): string {
  if (field.model.form === 'record' && field.spans)
    return `  ${field.c}_fill(${type.c}_begin_${name}(r), &v->${name});`;
  const item = field.parts[0]?.type;
  if (field.model.form !== 'list' || item === null || item === undefined)
    return `  ${type.c}_set_${name}(r, v->${name});`;
  const begin = `${field.c}_writer list = ${type.c}_begin_${name}(r${item.spans ? `, v->${name}.len` : ''});`;
  const one = `${item.c} item = ${field.c}_at(&v->${name}, i);`;
  const add =
    item.spans && item.model.form === 'record'
      ? `${one} ${item.c}_fill(${field.c}_add(&list), &item);`
      : `${one} ${field.c}_push(&list, item);`;
  return `  { ${begin} for (uint32_t i = 0; i < v->${name}.len; i++) { ${add} } }`;
}

export interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
}

/** Passes messages to a program of {@link compileKinds}. */
export function answers(program: string, messages: readonly { kind: number; bytes: Buffer }[]): Answer[] {
  const input = messages.flatMap(({ kind, bytes }) => [
    Buffer.from(Uint32Array.of(kind, bytes.length).buffer),
    bytes,
  ]);
  const ran = spawnSync(program, { input: Buffer.concat(input), maxBuffer: 2 ** 28 });
  if (ran.status !== 0)
    throw new Error(`the program ended with ${ran.status ?? ran.signal}: ${ran.stderr.subarray(0, 4000)}`);
  const found: Answer[] = [];
  for (let at = 0; at < ran.stdout.length; ) {
    const length = ran.stdout.readUInt32LE(at + 4);
    found.push({ status: ran.stdout.readInt32LE(at), bytes: ran.stdout.subarray(at + 8, at + 8 + length) });
    at += 8 + length;
  }
  return found;
}

/** Sequences at the limits of UTF-8; some are valid. */
const SEQUENCES =
  'eda080 edbfbf ed9fbf ee8080 c080 c1bf c280 e08080 e09fbf e0a080 f0808080 f08fbfbf f0908080 f48fbfbf f4908080 f5808080 80 bf c3 e282 f09f99 ff'
    .split(' ')
    .map((bytes) => Buffer.from(bytes, 'hex'));
const sequence = (i: number): Buffer => SEQUENCES[i % SEQUENCES.length] ?? Buffer.alloc(0);

/** Changes a message as an attacker would. */
export const damages: fc.Arbitrary<(bytes: Buffer) => Buffer> = fc
  .array(
    fc.record({
      at: fc.nat(),
      word: fc.oneof(fc.constantFrom(0, 1, 2, 8, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - 4), fc.nat(100)),
      how: fc.constantFrom('word', 'word', 'byte', 'cut', 'grow', 'copy', 'text', 'text'),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((steps) => (bytes: Buffer) => {
    let damaged = Buffer.from(bytes);
    for (const { at, word, how } of steps) {
      const words = Math.floor(damaged.length / 4);
      if (how === 'grow') damaged = Buffer.concat([damaged, Buffer.alloc(1 + (word % 9))]);
      else if (damaged.length === 0) continue;
      else if (how === 'cut') damaged = damaged.subarray(0, at % damaged.length);
      else if (how === 'text') sequence(word).copy(damaged, damaged.length - 1 - (at % damaged.length));
      else if (how === 'byte') damaged[at % damaged.length] = word % 256;
      else if (words > 0 && how === 'word') damaged.writeUInt32LE(word, 4 * (at % words));
      else if (words > 0) damaged.writeUInt32LE(damaged.readUInt32LE(4 * (word % words)), 4 * (at % words));
    }
    return damaged;
  });
