/**
 * The fault corpus: one row per library of `plugins-c/faults` and `plugins-rust/faults`, with the fault and
 * the result that the host reports. The tests of this folder run every row, and docs/faults.md lists them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StatusName } from '../../src/base/abi.js';
import type { TenonErrorCode } from '../../src/base/errors.js';
import type { Gate } from '../../src/base/gates.js';
import { root } from '../support/index.js';
import { lacks, tryable } from '../support/tools.js';
import { callRows, isolatedCode, processRows } from './table-calls.js';
import { loadRows } from './table-load.js';

/** The end of a process: a signal, an exit code, or none because it hangs. */
export type Death = { readonly signal: NodeJS.Signals } | { readonly exit: number } | 'hangs';

/** One fault. */
export interface FaultRow {
  /** The name of the file without its extension, which is also the name of the plugin. */
  readonly library: string;
  readonly language: 'c' | 'c++' | 'rust';
  /** A predicate that describes the fault. Its subject is the plugin. */
  readonly what: string;
  /**
   * The stage at which the fault occurs. `call` includes the lookup of a method of a kind. `process` is a
   * fault that affects the whole process, so that the inline and thread tiers cannot contain it.
   */
  readonly where: 'load' | 'new' | 'call' | 'close' | 'process';
  /** The error in the inline tier and in the thread tier, or null if none can be raised. */
  readonly code: TenonErrorCode | null;
  /** The error in the process tier, or null if none is raised. */
  readonly isolated: TenonErrorCode | null;
  /** The gate that refuses the plugin, for `load`. */
  readonly gate?: Gate;
  /**
   * The way in which the call ends the process. If the probe finds the fault: in which a load without a probe
   * ends it.
   */
  readonly death?: Death;
  /** A string that the message of the error must contain. */
  readonly mentions?: string;
  /** The status in the error. */
  readonly status?: StatusName;
  /** The slot of the method of the kind `codec/1` to call instead of `something`. */
  readonly slot?: number;
  /** The code of a second call of the same instance. */
  readonly next?: TenonErrorCode;
}

/** Returns all rows: those in C and C++, then those in Rust. */
export function faultTable(): readonly FaultRow[] {
  return [...loadRows, ...callRows, ...processRows, ...rustRows()];
}

/** Returns the rows whose libraries were built. Those in Rust need cargo. */
export function builtFaults(): readonly FaultRow[] {
  return faultTable().filter(({ language }) => language !== 'rust' || !lacks('cargo'));
}

/** Returns the rows whose libraries were built, and adds a skipped test for each other row. */
export function faultsToTest(): readonly FaultRow[] {
  return tryable(
    faultTable(),
    ({ library, what }) => `${library}, which ${what}`,
    ({ language }) => (language === 'rust' ? ['cargo'] : []),
  );
}

const RUST_TABLE = join(root, 'plugins-rust', 'faults', 'table.json');

/** Reads the Rust rows, which are stored with their sources. */
function rustRows(): readonly FaultRow[] {
  const rows = JSON.parse(readFileSync(RUST_TABLE, 'utf8')) as Omit<FaultRow, 'language' | 'isolated'>[];
  return rows.map((row) => ({ isolated: isolatedCode(row), ...row, language: 'rust' }));
}

const SECTIONS: readonly (readonly [FaultRow['where'], string])[] = [
  ['load', 'At load: the file is refused, and the host keeps working'],
  ['new', 'In `new`'],
  ['call', 'During calls'],
  ['close', 'In `drop`'],
  ['process', 'In the whole process: only the process tier contains the fault'],
];

/** Renders the table as Markdown, for docs/faults.md. */
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
  const last = where === 'load' ? ['Error (gate)'] : ['Inline and thread tiers', 'Process tier'];
  const columns = ['Plugin', 'Fault', ...last];
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
  if (where === 'process') return death === undefined ? 'affects the whole process' : describeDeath(death);
  if (code === null) return 'none: the host keeps working';
  const then = next === undefined || next === code ? '' : `, then \`${next}\``;
  return gate === undefined ? `\`${code}\`${then}` : `\`${code}\` (${gate})`;
}

function isolatedOutcome(row: FaultRow): string {
  if (row.where !== 'process') return row.isolated === row.code ? 'the same' : `\`${row.isolated}\``;
  const { death } = row;
  if (death === undefined) return 'affects its own process only';
  if (death === 'hangs') return `\`${row.isolated}\` after the timeout`;
  // The caller of close expects no result, so the crash is an event and not an error.
  if (row.isolated === null) return 'none: the event `exit` reports the crash';
  return `\`${row.isolated}\`, ${'signal' in death ? death.signal : `exited with ${death.exit}`}`;
}

/** Describes how a process ended. */
export function describeDeath(death: Death): string {
  if (death === 'hangs') return 'the call never returns';
  return 'signal' in death
    ? `the process is ended by ${death.signal}`
    : `the process exits with ${death.exit}`;
}
