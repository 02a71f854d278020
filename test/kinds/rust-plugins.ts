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
import type { FieldModel, KindModel } from '../../src/kinds/model.js';
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
export function build(...[kinds, name, write]: Parameters<typeof writePlugin>): string {
  const folder = writePlugin(kinds, name, write);
  lint(folder);
  execFileSync('cargo', ['build', '--quiet', '--offline'], { cwd: folder, stdio: 'pipe' });
  return join(folder, 'target', 'debug', `lib${name}${extension}`);
}

/** Compiles such a plugin without a library. There must be no warning. */
export function check(...[kinds, name, write]: Parameters<typeof writePlugin>): void {
  const folder = writePlugin(kinds, name, write);
  if (!lint(folder)) execFileSync('cargo', ['check', '--quiet', '--offline'], { cwd: folder, stdio: 'pipe' });
}

/** Runs clippy, a separate package of cargo, which CI has. Returns whether it is there. */
function lint(folder: string): boolean {
  if (findCommand(['cargo-clippy']) === undefined) return false;
  const args = ['clippy', '--quiet', '--offline', '--', '-D', 'warnings'];
  execFileSync('cargo', args, { cwd: folder, stdio: 'pipe' });
  return true;
}

/** Writes a plugin that offers all of the kinds. Returns its folder. */
function writePlugin(
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
  return folder;
}
