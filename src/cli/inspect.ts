/** `tenon inspect`: prints the facts in the bytes of library files. None of their code runs. */
import { type Descriptor, inspectFileSync, type KindFacts, type LibraryFacts, TenonError } from '../index.js';
import { type KindDocument, readDocument, toDocument } from '../kinds/document.js';
import { documentedModel } from '../kinds/documented.js';
import { type Command, Exit } from './command.js';
import type { Io, Output } from './io.js';
import { signaturesOf } from './kind/signatures.js';
import { type OptionTable, parse } from './options.js';
import { count, padded, printable, shortened, table, wrapped, wrappedLines } from './text.js';
import { UsageError } from './usage.js';

const OPTIONS = {
  json: { about: 'print an array of {path, format, os, arch, exports, needed, descriptor, kinds, error}' },
} as const satisfies OptionTable;

/** One element of the output of --json. For a file that cannot be inspected, only `error` is set. */
export interface Inspection {
  readonly path: string;
  readonly format: string | null;
  readonly os: string | null;
  readonly arch: string | null;
  readonly exports: readonly { readonly name: string; readonly type: string }[];
  readonly needed: readonly string[];
  readonly descriptor: Descriptor | null;
  readonly kinds: readonly InspectedKind[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A kind about which the file has facts. */
export interface InspectedKind {
  readonly id: string;
  readonly version: string;
  /** The hash of each slot. */
  readonly hashes: readonly string[];
  /** The document of the kind; null if the file has none that is valid. */
  readonly document: KindDocument | null;
  /** Why there is no document. */
  readonly problem: string | null;
}

export const inspect: Command = {
  usage: ['FILE… [OPTION…]'],
  about: [
    'Reads the bytes of library files: format, system and processor, exported symbols, needed libraries, and the tenon descriptor. The files are not loaded, and none of their code runs.',
  ],
  options: OPTIONS,
  operands: 'files',
  exits: '1 a file was refused',
  prepare(args) {
    const { values, operands } = parse(OPTIONS, args);
    if (operands.length === 0) throw new UsageError('a file is missing. Name at least one.');
    return { run: (io) => report(operands.map(inspectOne), values.json === true, io) };
  },
};

function report(inspections: readonly Inspection[], json: boolean, io: Io): number {
  if (json) io.out.line(JSON.stringify(inspections, null, 2));
  else io.out.write(inspections.map((one) => describe(one, io.out)).join('\n'));
  return inspections.some((one) => one.error !== null) ? Exit.refused : Exit.fine;
}

function inspectOne(path: string): Inspection {
  try {
    return fromFacts(path, inspectFileSync(path));
  } catch (error) {
    if (!(error instanceof TenonError)) throw error;
    const { code, message } = error;
    return {
      path,
      format: null,
      os: null,
      arch: null,
      exports: [],
      needed: [],
      descriptor: null,
      kinds: [],
      error: { code, message },
    };
  }
}

function fromFacts(path: string, facts: LibraryFacts): Inspection {
  const { format, os, arch, needed, descriptor } = facts;
  const exports = facts.exports.map(({ name, type }) => ({ name, type }));
  const kinds = facts.kindFacts.map(inspectedKind);
  return { path, format, os, arch, exports, needed, descriptor, kinds, error: errorOf(path, facts) };
}

function errorOf(path: string, { descriptorProblem, kindProblems }: LibraryFacts): Inspection['error'] {
  const code = 'ERR_TENON_BAD_DESCRIPTOR';
  const cure = "Rebuild the plugin with tenon's SDK.";
  if (descriptorProblem !== null)
    return { code, message: `The descriptor of ${path} cannot be read: ${descriptorProblem}. ${cure}` };
  const [problem] = Object.entries(kindProblems);
  if (problem === undefined) return null;
  return {
    code,
    message: `The facts of ${path} about the kind ${problem[0]} cannot be read: ${problem[1]}. ${cure}`,
  };
}

function inspectedKind(facts: KindFacts): InspectedKind {
  const { id, version, hashes } = facts;
  const found = documentedModel(facts);
  return 'model' in found
    ? { id, version, hashes, document: toDocument(found.model), problem: null }
    : { id, version, hashes, document: null, problem: found.problem };
}

/** The maximum number of symbols that are listed. Others are only counted. */
const MAX_SHOWN = 24;
const FORMATS: Readonly<Record<string, string>> = { elf: 'ELF', pe: 'PE', macho: 'Mach-O' };

function describe(one: Inspection, out: Output): string {
  const lines = [out.bold(printable(one.path))];
  if (one.error !== null)
    lines.push(out.red(`  ${one.error.code}`), wrappedLines(one.error.message, out.columns, '    '));
  if (one.format !== null) {
    const exports = one.exports.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const rows = [
      ['format', `${FORMATS[one.format] ?? one.format}, ${one.os} ${one.arch}`],
      ['descriptor', one.descriptor === null ? 'none' : descriptorText(one.descriptor)],
      ['needs', one.needed.join(', ') || 'no other library'],
      ['exports', count(exports.length, 'symbol')],
    ] as const;
    lines.push(...rows.slice(0, 2).map(([label, text]) => fact(label, text, out.columns)));
    lines.push(...one.kinds.flatMap((kind) => kindLines(kind, out.columns)));
    lines.push(...rows.slice(2).map(([label, text]) => fact(label, text, out.columns)));
    const symbols = exports.slice(0, MAX_SHOWN).map(({ name, type }) => [shownName(name, out.columns), type]);
    lines.push(...table(symbols, '    '));
    if (exports.length > MAX_SHOWN)
      lines.push(out.dim(`    and ${exports.length - MAX_SHOWN} more; --json lists them`));
  }
  return `${lines.join('\n')}\n`;
}

const LABEL = 10;
const INDENT = LABEL + 4;

function fact(label: string, text: string, columns: number): string {
  return `  ${padded(label, LABEL)}  ${wrapped(text, columns - INDENT, ' '.repeat(INDENT))}`;
}

/** Describes a kind: its methods, events and types, or why they are unknown. */
function kindLines({ id, version, hashes, document, problem }: InspectedKind, columns: number): string[] {
  const about = problem === null ? version : `${version}, ${count(hashes.length, 'slot')}: ${problem}`;
  const lines = document === null ? [] : signaturesOf(readDocument(document));
  const indent = ' '.repeat(8);
  return [
    fact('kind', `${id}, version ${about}`, columns),
    ...lines.map((line) => `    ${wrapped(line, columns - 8, indent)}`),
  ];
}

/** Shortens a name so that the type of the symbol fits after it. */
const shownName = (name: string, columns: number) =>
  shortened(printable(name), columns - 4 - 2 - 'function'.length);

function descriptorText({ name, version, abi, kinds }: Descriptor): string {
  const list = Object.entries(kinds).map(([kind, one]) => `${kind} ${one}`);
  return `${name} ${version}, tenon ABI ${abi}, ${list.length === 0 ? 'no kinds' : `kinds: ${list.join(', ')}`}`;
}
