/** `tenon check --list` and `--explain`: the checks and their descriptions. */
import { nearest } from '../../base/options.js';
import { CHECKS, type CheckDefinition, checkById } from '../../check/index.js';
import { TenonError } from '../../index.js';
import { Exit } from '../command.js';
import type { Io } from '../io.js';
import { count, padded, wrapped } from '../text.js';
import { UsageError } from '../usage.js';

export function list(json: boolean, { out }: Io): number {
  if (json) out.line(JSON.stringify(CHECKS.map(facts), null, 2));
  else {
    for (const line of tableOf(
      [['ID', 'LEVEL', 'SEVERITY', 'WHAT MUST HOLD'], ...CHECKS.map(row)],
      out.columns,
    ))
      out.line(line);
    out.line();
    const more = `${count(CHECKS.length, 'check')}; 'tenon check --explain ID' explains one.`;
    out.line(wrapped(more, out.columns, ''));
  }
  return Exit.fine;
}

/** The minimum width of a sentence, in columns. */
const LEAST_SENTENCE = 40;

const row = ({ id, level, severity, title }: CheckDefinition): Row => [id, level, severity, title];

/** Returns the table. Sentences are wrapped next to the other columns, or below the ids on a narrow terminal. */
function tableOf(rows: readonly Row[], columns: number): string[] {
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const before = widths.reduce((sum, width) => sum + width + 2, 0);
  const [, ...checks] = rows;
  if (columns - before < LEAST_SENTENCE)
    return checks.map(
      ([id, level, severity, title]) =>
        `${id}\n    ${wrapped(`${severity}, ${level}: ${title}`, columns - 4, '    ')}`,
    );
  return rows.map(([id, level, severity, title]) => {
    const cells = [id, level, severity].map((cell, i) => padded(cell, widths[i] ?? 0)).join('  ');
    return `${cells}  ${wrapped(title, columns - before, ' '.repeat(before))}`;
  });
}

type Row = readonly [id: string, level: string, severity: string, title: string];

/** Returns the definition without its code. */
function facts({ method, ...check }: CheckDefinition): object {
  const timeout = method.type === 'scenario' ? method.timeout : null;
  return { ...check, method: method.type, timeout };
}

function howOf(method: CheckDefinition['method']): string {
  switch (method.type) {
    case 'bytes':
      return 'reads the bytes of the file and runs none of its code';
    case 'scenario':
      return `runs the plugin in a process of its own, for at most ${method.timeout} ms`;
    case 'processes':
      return 'runs the plugin in several processes, as many as needed';
  }
}

/** @throws UsageError */
export function explain(id: string, { out }: Io): number {
  const check = known(id);
  const { method, needs } = check;
  const paragraphs = [
    ['Why', check.why],
    ['Fix', check.fix],
    ['How', howOf(method)],
    ['Severity', check.severity],
    ['Level', check.level],
    ['Needs', needs.length === 0 ? 'nothing' : needs.join(', ')],
  ] as const;
  const width = out.proseWidth;
  out.line(out.bold(check.id));
  out.line(wrapped(check.title, width, ''));
  out.line();
  for (const [name, text] of paragraphs)
    out.line(`${name.padEnd(8)}  ${wrapped(text, width - 10, ' '.repeat(10))}`);
  return Exit.fine;
}

function known(id: string): CheckDefinition {
  try {
    return checkById(id);
  } catch (cause) {
    if (!(cause instanceof TenonError)) throw cause;
    const near = CHECKS.filter((check) => check.id.includes(id)).map((check) => check.id);
    const meant = nearest(
      id,
      CHECKS.map((check) => check.id),
    );
    const all = near.length > 0 ? near : meant === undefined ? [] : [meant];
    const hint = all.length === 0 ? 'See tenon check --list.' : `Did you mean ${all.join(', ')}?`;
    throw new UsageError(`there is no check '${id}'. ${hint}`, { cause });
  }
}
