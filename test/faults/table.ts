/**
 * The fault corpus, one row per library of `plugins-c/faults` and `plugins-rust/faults`: what the plugin does wrong, and what
 * the host makes of it. The tests of this folder walk through it, and the README shows it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StatusName } from '../../src/base/abi.js';
import type { TenonErrorCode } from '../../src/base/errors.js';
import type { Gate } from '../../src/base/gates.js';
import { hasRust, root } from '../support/index.js';
import { callRows, isolatedCode, processRows } from './table-calls.js';
import { loadRows } from './table-load.js';

/** How a process ends: by a signal, by an exit code, or not at all. */
export type Death = { readonly signal: NodeJS.Signals } | { readonly exit: number } | 'hangs';

/** One fault. */
export interface FaultRow {
  /** The file's name without its extension, which is also the plugin's name. */
  readonly library: string;
  readonly language: 'c' | 'c++' | 'rust';
  /** What the plugin does: reads on after its name. */
  readonly what: string;
  /**
   * Where it does it: on the way in, in `new`, in a call (or on asking for a kind's method), in `close`; or to the whole
   * process, which nothing contains that runs in it.
   */
  readonly where: 'load' | 'new' | 'call' | 'close' | 'process';
  /** The error inline and in a thread of its own; null where none can be raised. */
  readonly code: TenonErrorCode | null;
  /** The error in a process of its own; null where none is raised. */
  readonly isolated: TenonErrorCode | null;
  /** The gate that refuses, for `load`. */
  readonly gate?: Gate;
  /** What the process dies of: of the call, or, where a probe finds the fault, of loading the library without a probe. */
  readonly death?: Death;
  /** A text that the error's message has to contain. */
  readonly mentions?: string;
  /** The status in the error. */
  readonly status?: StatusName;
  /** The method of the kind `codec/1` to ask for, by its slot, instead of calling `something`. */
  readonly slot?: number;
  /** The code of a second call of the same instance. */
  readonly next?: TenonErrorCode;
}

/** All rows: those in C and C++, then those in Rust. */
export function faultTable(): readonly FaultRow[] {
  return [...loadRows, ...callRows, ...processRows, ...rustRows()];
}

/** The rows whose libraries are there: without cargo none in Rust is. */
export function builtFaults(): readonly FaultRow[] {
  return faultTable().filter(({ language }) => language !== 'rust' || hasRust);
}

const RUST_TABLE = join(root, 'plugins-rust', 'faults', 'table.json');

/** The Rust rows stand beside their sources. */
function rustRows(): readonly FaultRow[] {
  const rows = JSON.parse(readFileSync(RUST_TABLE, 'utf8')) as Omit<FaultRow, 'language' | 'isolated'>[];
  return rows.map((row) => ({ isolated: isolatedCode(row), ...row, language: 'rust' }));
}

const SECTIONS: readonly (readonly [FaultRow['where'], string])[] = [
  ['load', 'On the way in: the file is refused, the host goes on'],
  ['new', 'In `new`'],
  ['call', 'During calls'],
  ['close', 'In `drop`'],
  ['process', 'To the whole process: only a process of its own contains it'],
];

/** The table as Markdown, for the README. */
export function renderFaultTable(): string {
  const table = faultTable();
  return SECTIONS.flatMap(([where, title]) => {
    const rows = table.filter((row) => row.where === where);
    if (rows.length === 0) return [];
    return [`**${title}** (${rows.length})`, '', ...header(where), ...rows.map(render), ''];
  })
    .join('\n')
    .trimEnd();
}

function header(where: FaultRow['where']): string[] {
  const last =
    where === 'load' ? ['Error, and the gate that refuses'] : ['Inline, thread', 'A process of its own'];
  const columns = ['Plugin', 'What it does', ...last];
  return [columns, columns.map(() => '---')].map((cells) => `| ${cells.join(' | ')} |`);
}

function render(row: FaultRow): string {
  const plugin =
    row.language === 'c'
      ? `\`${row.library}\``
      : `\`${row.library}\` (${row.language === 'rust' ? 'Rust' : 'C++'})`;
  const cells = [plugin, row.what.replaceAll('|', '\\|'), outcome(row)];
  if (row.where !== 'load') cells.push(isolatedOutcome(row));
  return `| ${cells.join(' | ')} |`;
}

function outcome({ where, code, gate, death, next }: FaultRow): string {
  if (where === 'process') return death === undefined ? 'happens to the whole process' : describeDeath(death);
  if (code === null) return 'none: the host goes on';
  const then = next === undefined || next === code ? '' : `, then \`${next}\``;
  return gate === undefined ? `\`${code}\`${then}` : `\`${code}\` (${gate})`;
}

function isolatedOutcome(row: FaultRow): string {
  if (row.where !== 'process') return row.isolated === row.code ? 'the same' : `\`${row.isolated}\``;
  const { death } = row;
  if (death === undefined) return 'its own process only';
  if (death === 'hangs') return `\`${row.isolated}\` by the timeout`;
  // Whoever closes an instance wants nothing of it any more: the crash is told, not thrown.
  if (row.isolated === null) return 'the event `exit` tells';
  return `\`${row.isolated}\`, ${'signal' in death ? death.signal : `exited with ${death.exit}`}`;
}

/** How a process ended, in words. */
export function describeDeath(death: Death): string {
  if (death === 'hangs') return 'the call never returns';
  return 'signal' in death ? `the process dies of ${death.signal}` : `the process exits with ${death.exit}`;
}
