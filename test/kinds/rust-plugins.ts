/** Plugins in Rust that are generated from kinds, and calls of their slots with plain values. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../../scripts/lib/tools.mjs';
import type { Instance } from '../../src/index.js';
import { decode, encode } from '../../src/kinds/codec.js';
import { readDocument } from '../../src/kinds/document.js';
import { rustModule, rustModuleName } from '../../src/kinds/generate/rust.js';
import { members } from '../../src/kinds/generate/rust-names.js';
import type { FieldModel, KindModel, TypeModel } from '../../src/kinds/model.js';
import { hasSpans, type KindSlot, slotsOf } from '../../src/kinds/wire.js';
import { extension, root } from '../support/index.js';

export const read = (name: string): string => readFileSync(join(root, name), 'utf8');
export const text = readDocument(JSON.parse(read('examples/kinds/text.kind.json')));

/** Returns a function that calls a slot of a plugin with plain values. */
export function caller(instance: Instance, kind: KindModel): (name: string, input: object) => unknown {
  const id = `${kind.name}/${kind.version.split('.')[0]}`;
  return (name, input) => {
    const [slot, index] = slotNamed(kind, name);
    const answer = instance.method(id, index).callSync(encode(slot.input ?? [], input));
    return decode(slot.output ?? [], answer);
  };
}

export function slotNamed(kind: KindModel, name: string): [KindSlot, number] {
  const slots = slotsOf(kind);
  const index = slots.findIndex((slot) => slot.name === name);
  const slot = slots[index];
  if (slot === undefined) throw new Error(`no slot ${name}`);
  return [slot, index];
}

/** Names every type of a kind, so that an input and an output have the same Rust types. */
export function named(fields: readonly FieldModel[]): FieldModel[] {
  return fields.map((field) => ({ ...field, type: namedType(field.type) }));
}

export const aliases = new Map<string, string>();

export function namedType(type: TypeModel): TypeModel {
  const inner = withInner(type);
  if (!('members' in inner) && inner.form !== 'record') return inner;
  const key = JSON.stringify(inner);
  const as = aliases.get(key) ?? `t${aliases.size}`;
  aliases.set(key, as);
  return { ...inner, as };
}

export function withInner(type: TypeModel): TypeModel {
  if (type.form === 'list') return { ...type, element: namedType(type.element) };
  if (type.form === 'option') return { ...type, value: namedType(type.value) };
  if (type.form === 'record') return { ...type, fields: named(type.fields) };
  if (type.form !== 'union') return type;
  const all = type.members.map((one) => ({ ...one, type: one.type === null ? null : namedType(one.type) }));
  return { ...type, members: all };
}

/** A kind with an echoing method, an echoing cursor and a method without anything. */
export function echoing(name: string, fields: readonly FieldModel[]): KindModel {
  return {
    name,
    version: '1.0.0',
    methods: [
      { name: 'echo', form: 'record', input: fields, output: fields },
      { name: 'nothing', form: 'record', input: [], output: [] },
      { name: 'raw', form: 'bytes' },
    ],
    events: [{ name: 'echoed', fields }],
  };
}

export const traitOf = (kind: KindModel): string => kind.name.charAt(0).toUpperCase() + kind.name.slice(1);

/** Returns the implementation of an echoing kind. */
export function implementation(kind: KindModel, fields: readonly FieldModel[]): string {
  const module = rustModuleName(kind);
  const source = rustModule(kind);
  const own = members(fields.map((field) => field.name));
  const sets = fields.map(
    (field, i) => `        out.${own[i]}(input.${own[i]})${hasSpans(field.type) ? '?' : ''};`,
  );
  const lifetime = /pub struct EchoIn<'a>/.test(source) ? "<'_>" : '';
  const hasFields = fields.length > 0;
  const parameters = hasFields
    ? `, input: ${module}::EchoIn${lifetime}, mut out: ${module}::EchoOut<'_>`
    : '';
  return `impl ${module}::${traitOf(kind)} for Echo {
    fn echo(&mut self${parameters}) -> Result<(), Error> {
${sets.join('\n')}
        Ok(())
    }
    fn nothing(&mut self) -> Result<(), Error> { Ok(()) }
    fn raw(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> { out.append(input) }
}`;
}

/** Builds a plugin that offers all of the kinds. Returns the path of its library. */
export function build(
  kinds: readonly (readonly [KindModel, readonly FieldModel[]])[],
  name: string,
  write = implementation,
): string {
  const folder = join(root, 'plugins-rust', 'target', `test-${name}`);
  mkdirSync(join(folder, 'src'), { recursive: true });
  const sdk = join(root, 'plugins-rust', 'tenon');
  writeFileSync(
    join(folder, 'Cargo.toml'),
    `[package]\nname = "${name}"\nversion = "1.0.0"\nedition = "2024"\n[lib]\ncrate-type = ["cdylib"]\n[dependencies]\ntenon = { path = '${sdk}' }\n[workspace]\n`,
  );
  for (const [kind] of kinds)
    writeFileSync(join(folder, 'src', `${rustModuleName(kind)}.rs`), rustModule(kind, { document: false }));
  const modules = kinds.map(([kind]) => rustModuleName(kind));
  const source = `#![forbid(unsafe_code)]
#![deny(warnings)]
${modules.map((module) => `mod ${module};`).join('\n')}
use tenon::{Error, Host, Output, Plugin};
struct Echo;
impl Plugin for Echo {
    const NAME: &'static str = "${name}";
    const VERSION: &'static str = "1.0.0";
    fn new(_: Host, _: &str) -> Result<Self, Error> { Ok(Echo) }
    fn something(&mut self, input: &[u8], out: &mut Output<'_>) -> Result<(), Error> { out.append(input) }
}
${kinds.map(([kind, fields]) => write(kind, fields)).join('\n')}
tenon::plugin!(Echo, kinds: { ${modules.join(', ')} });
`;
  writeFileSync(join(folder, 'src', 'lib.rs'), source);
  // A separate package of cargo; CI has it.
  if (findCommand(['cargo-clippy']) !== undefined)
    execFileSync('cargo', ['clippy', '--quiet', '--offline', '--', '-D', 'warnings'], {
      cwd: folder,
      stdio: 'pipe',
    });
  execFileSync('cargo', ['build', '--quiet', '--offline'], { cwd: folder, stdio: 'pipe' });
  return join(folder, 'target', 'debug', `lib${name}${extension}`);
}
