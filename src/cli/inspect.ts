/** `tenon inspect`: what the bytes of library files tell. Nothing of them runs. */
import { type Descriptor, inspectFileSync, type LibraryFacts, TenonError } from '../index.js';
import { type Command, Exit, parse, UsageError } from './command.js';
import type { Io, Output } from './io.js';
import { count, paragraph, printable, table } from './text.js';

const HELP = `Usage: tenon inspect FILE… [--json]

Tells what the bytes of library files say: format, system and processor, exported symbols, needed
libraries, and the tenon descriptor. Nothing of the files is loaded or run.

  --json   print an array of {path, format, os, arch, exports, needed, descriptor, error}
  --help   print this text

Exit code: 0 fine, 1 a file was refused, 2 wrong usage, 4 a fault of tenon itself.
`;

/** One element of the output of --json. `error` alone is set for a file that cannot be inspected. */
export interface Inspection {
  readonly path: string;
  readonly format: string | null;
  readonly os: string | null;
  readonly arch: string | null;
  readonly exports: readonly { readonly name: string; readonly type: string }[];
  readonly needed: readonly string[];
  readonly descriptor: Descriptor | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export const inspect: Command = {
  summary: 'show what library files are, without loading them',
  help: HELP,
  loadsPlugins: false,
  prepare(args) {
    const { values, positionals } = parse({
      args: [...args],
      options: { json: { type: 'boolean' } },
      allowPositionals: true,
    });
    if (positionals.length === 0) throw new UsageError('name at least one file');
    return async (io) => report(positionals.map(inspectOne), values.json === true, io);
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
      error: { code, message },
    };
  }
}

function fromFacts(path: string, facts: LibraryFacts): Inspection {
  const { format, os, arch, needed, descriptor, descriptorProblem } = facts;
  const exports = facts.exports.map(({ name, type }) => ({ name, type }));
  const message = `The descriptor of ${path} cannot be read: ${descriptorProblem ?? ''}. Rebuild the plugin with tenon's SDK.`;
  const error = descriptorProblem === null ? null : { code: 'ERR_TENON_BAD_DESCRIPTOR', message };
  return { path, format, os, arch, exports, needed, descriptor, error };
}

/** More symbols than this are only counted. */
const MAX_SHOWN = 24;
const FORMATS: Readonly<Record<string, string>> = { elf: 'ELF', pe: 'PE', macho: 'Mach-O' };

function describe(one: Inspection, out: Output): string {
  const lines = [out.bold(printable(one.path))];
  if (one.error !== null) lines.push(out.red(`  ${one.error.code}`), paragraph(one.error.message, '    '));
  if (one.format !== null) {
    const exports = one.exports.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const format = `${FORMATS[one.format] ?? one.format}, ${one.os} ${one.arch}`;
    const rows = [
      ['format', format],
      ['descriptor', one.descriptor === null ? 'none' : descriptorText(one.descriptor)],
      ['needs', one.needed.join(', ') || 'no other library'],
      ['exports', count(exports.length, 'symbol')],
    ];
    lines.push(...table(rows, '  '));
    lines.push(
      ...table(
        exports.slice(0, MAX_SHOWN).map(({ name, type }) => [name, type]),
        '    ',
      ),
    );
    if (exports.length > MAX_SHOWN)
      lines.push(out.dim(`    and ${exports.length - MAX_SHOWN} more; --json lists them`));
  }
  return `${lines.join('\n')}\n`;
}

function descriptorText({ name, version, abi, kinds }: Descriptor): string {
  const list = Object.entries(kinds).map(([kind, one]) => `${kind} ${one}`);
  return `${name} ${version}, tenon ABI ${abi}, ${list.length === 0 ? 'no kinds' : `kinds: ${list.join(', ')}`}`;
}
