/** `tenon check --list` and `--explain`: what is checked. */
import { CHECKS, type CheckDefinition, checkById } from '../../check/index.js';
import { TenonError } from '../../index.js';
import { Exit, UsageError } from '../command.js';
import type { Io } from '../io.js';
import { count, table, wrapped } from '../text.js';

const WIDTH = 96;

export function list(json: boolean, { out }: Io): number {
  if (json) out.line(JSON.stringify(CHECKS.map(facts), null, 2));
  else {
    out.write(lines(table([['ID', 'LEVEL', 'SEVERITY', 'WHAT MUST HOLD'], ...CHECKS.map(row)])));
    out.line();
    out.line(`${count(CHECKS.length, 'check')}; tenon check --explain ID tells more about one.`);
  }
  return Exit.fine;
}

const row = ({ id, level, severity, title }: CheckDefinition) => [id, level, severity, title];
const lines = (all: readonly string[]) => all.map((line) => `${line}\n`).join('');

/** Everything but the code. */
function facts({ method, ...check }: CheckDefinition): object {
  const timeout = method.type === 'scenario' ? method.timeout : null;
  return { ...check, method: method.type, timeout };
}

function howOf(method: CheckDefinition['method']): string {
  switch (method.type) {
    case 'bytes':
      return 'reads the bytes of the file; nothing of it runs';
    case 'scenario':
      return `runs the plugin in a process of its own, for at most ${method.timeout} ms`;
    case 'processes':
      return 'runs the plugin in as many processes of their own as it takes';
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
  out.line(out.bold(check.id));
  out.line(wrapped(check.title, WIDTH, ''));
  out.line();
  for (const [name, text] of paragraphs)
    out.line(`${name.padEnd(8)}  ${wrapped(text, WIDTH - 10, ' '.repeat(10))}`);
  return Exit.fine;
}

function known(id: string): CheckDefinition {
  try {
    return checkById(id);
  } catch (cause) {
    if (!(cause instanceof TenonError)) throw cause;
    const near = CHECKS.filter((check) => check.id.includes(id) || check.id.endsWith(`/${id}`));
    const hint =
      near.length === 0
        ? 'tenon check --list shows all'
        : `did you mean ${near.map((one) => one.id).join(', ')}?`;
    throw new UsageError(`there is no check '${id}': ${hint}`, { cause });
  }
}
