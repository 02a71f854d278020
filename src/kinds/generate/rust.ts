/** Generates the Rust module of a kind: its types, a trait that the plugin implements, and the facts. */
import { toDocument } from '../document.js';
import type { KindModel } from '../model.js';
import { eventId, slotsOf } from '../wire.js';
import { literal } from './rust-names.js';
import { define } from './rust-records.js';
import { rustMethods, slotLines, traitLines } from './rust-slots.js';
import { borrows, typesOf } from './rust-types.js';

/** The options of {@link rustModule}. */
export interface RustOptions {
  /** Whether the facts in the plugin's file contain the document of the kind. Default: true. */
  readonly document?: boolean;
}

/** Returns the name of the module: `text_1`. */
export function rustModuleName(kind: KindModel): string {
  return `${kind.name.replaceAll('-', '_')}_${kind.version.split('.', 1)[0]}`;
}

/** Returns the source of the module of a kind. */
export function rustModule(kind: KindModel, options: RustOptions = {}): string {
  const { types, trait, methods: methodTypes, events } = typesOf(kind);
  const methods = rustMethods(kind, methodTypes);
  const body = [
    ...traitLines(kind, trait, methods),
    ...types.all.flatMap((type) => define(type, types)),
    ...kind.events.flatMap((event, i) => emitter(kind, event, events[i] ?? '')),
    ...slotLines(kind, trait, methods, types),
    ...factsLines(kind, options.document ?? true),
  ];
  return `${[...head(kind), ...body].join('\n')}\n`;
}

/** The lints that names of a kind can trigger, and those about parts of a kind that a plugin does not use. */
const ALLOWED = [
  'dead_code, missing_docs, non_snake_case, non_camel_case_types, unreachable_pub, unused_imports, unused_variables',
  'clippy::enum_variant_names, clippy::just_underscores_and_digits, clippy::large_enum_variant, clippy::new_ret_no_self',
  'clippy::should_implement_trait, clippy::upper_case_acronyms, clippy::wrong_self_convention',
  'clippy::doc_markdown, clippy::missing_errors_doc, clippy::must_use_candidate',
];

function head(kind: KindModel): string[] {
  const name = rustModuleName(kind);
  return [
    `//! The kind ${kind.name} ${kind.version}. \`tenon kind bind\` generated this file: change the kind, not the file.`,
    '//!',
    '//! ```ignore',
    '//! #[rustfmt::skip]',
    `//! mod ${name};`,
    '//!',
    `//! tenon::plugin!(MyPlugin, kinds: { ${name} });`,
    '//! ```',
    ...ALLOWED.map((lints) => `#![allow(${lints})]`),
    '',
    'use tenon::__private::{',
    '    Broken, Builder, Cursors, Method, Reader, Record, Sink, Typed, Writer, Written, close, method, next, open, read,',
    '    read_member, read_number, respond, skip_member, table, typed, unknown, write_member,',
    '};',
    'use tenon::kind::{List, LongArray, Value};',
    'use tenon::{EmitError, Error, Host, Output, Plugin};',
  ];
}

/** Returns a literal of 64 bits in groups of four digits. */
function literalOf(value: bigint): string {
  return `0x${value
    .toString(16)
    .padStart(16, '0')
    .replaceAll(/(?!^)(?=(?:....)+$)/g, '_')}`;
}

function emitter(kind: KindModel, event: KindModel['events'][number], name: string): string[] {
  const id = literalOf(eventId(kind, event));
  const self = borrows({ form: 'record', fields: event.fields }) ? `${name}<'_>` : name;
  return emitLines(self, `tenon::__private::emit(host, ${id}, self)`);
}

function emitLines(self: string, call: string): string[] {
  return [
    '',
    `impl ${self} {`,
    '    /// Emits the event.',
    '    pub fn emit(self, host: &Host) -> Result<(), EmitError> {',
    `        ${call}`,
    '    }',
    '}',
  ];
}

function factsLines(kind: KindModel, withDocument: boolean): string[] {
  const slots = slotsOf(kind);
  const document = withDocument ? literal(JSON.stringify(toDocument(kind))) : '""';
  return [
    '',
    '/// The hash of the layout of each slot.',
    `const HASHES: [u64; ${slots.length}] = [`,
    ...slots.map(({ hash, name }) => `    ${literalOf(hash)}, // ${name}`),
    '];',
    `const DOCUMENT: &str = ${document};`,
    `tenon::__kind_facts!(tenon_kind_${rustModuleName(kind)}, "${kind.name}/${kind.version}", HASHES, DOCUMENT);`,
  ];
}
