/** Renders text for a terminal: every check with its time, every finding with all its details, and a summary. */
import { wrapped } from '../../base/columns.js';
import { bytes, count, duration, printable } from '../../base/text.js';
import type {
  CheckResult,
  ExampleFile,
  FileVerdict,
  Finding,
  PluginFacts,
  Severity,
  Verdict,
} from '../verdict.js';
import { measureText } from './measure-text.js';
import type { RenderOptions } from './options.js';
import { type Paint, paintWith } from './paint.js';
import {
  bySeverity,
  crashLines,
  findingsBySeverity,
  placeText,
  reportLines,
  tallyText,
  wholeFileProblem,
} from './view.js';

/** The default number of columns. */
const WIDTH = 100;
/** Columns of a reason after the name of a check. If fewer than `least` are left, the reason gets its own line. */
const REASON = { most: 60, least: 24 };
/** Columns before the text of a detail. */
const LABEL = 10;
/** Columns before the numbers of a check. */
const NUMBERS = 14;
/** The number of lines kept from the end of the plugin's standard error output. */
const MAX_STDERR_LINES = 12;
/** The most lines of a sanitizer's report, from its start, which names the fault and its location. */
const MAX_REPORT_LINES = 24;

/** The look of the text. */
interface Look {
  readonly paint: Paint;
  /** Columns. */
  readonly width: number;
}

export function renderPretty(verdict: Verdict, { color = false, width = WIDTH }: RenderOptions): string {
  const look: Look = { paint: paintWith(color), width };
  const lines = verdict.files.flatMap((file) => [...fileLines(file, look), '']);
  return [...lines, ...summary(verdict, look), ''].join('\n');
}

function fileLines(file: FileVerdict, look: Look): string[] {
  const { paint, width } = look;
  const lines = [
    paint.bold(printable(file.path)),
    `  ${paint.dim(wrapped(aboutFile(file), width - 2, '  '))}`,
  ];
  if (file.examples !== undefined && file.examples.length > 0)
    lines.push(`  ${paint.dim(wrapped(printable(aboutExamples(file.examples)), width - 2, '  '))}`);
  const problem = wholeFileProblem(file);
  if (problem !== null) lines.push(`  ${paint.red(wrapped(problem, width - 4, '  '))}`);
  const { results } = file;
  if (results.length > 0)
    lines.push('', ...grouped(results).flatMap((group) => groupLines(group, look, longestId(results))));
  const found = bySeverity(results.filter(({ state }) => state === 'failed' || state === 'excepted'));
  return [...lines, ...found.flatMap((result) => ['', ...details(result, look)])];
}

function aboutFile({ plugin, size, sha256, ms }: FileVerdict): string {
  const facts = plugin === null ? [] : aboutPlugin(plugin);
  if (size !== null) facts.push(bytes(size));
  if (sha256 !== null) facts.push(`sha256 ${sha256.slice(0, 12)}`);
  return printable([...facts, duration(ms)].join(', '));
}

/** Returns `examples: foo.input, codec.kind.json (kind)`. */
function aboutExamples(examples: readonly ExampleFile[]): string {
  return `examples: ${examples.map(({ path, use }) => (use === 'input' ? path : `${path} (${use})`)).join(', ')}`;
}

function aboutPlugin({ name, version, abi, language, kinds }: PluginFacts): string[] {
  const facts = [`${name ?? 'a plugin without a descriptor'} ${version ?? ''}`.trim()];
  if (abi !== null) facts.push(`tenon ABI ${abi}`);
  if (language !== null) facts.push(LANGUAGES[language] ?? language);
  return [...facts, ...kinds];
}

const LANGUAGES: Readonly<Record<string, string>> = {
  c: 'C',
  'c++': 'C++',
  rust: 'Rust',
  go: 'Go',
  zig: 'Zig',
};
const longestId = (results: readonly CheckResult[]) => Math.max(...results.map(({ id }) => id.length));

/** The least number of adjacent checks that share a line if all were skipped or incomplete for one reason. */
const ALIKE = 3;

/** Groups adjacent results that were skipped or are incomplete for the same reason. */
function grouped(results: readonly CheckResult[]): CheckResult[][] {
  const groups: CheckResult[][] = [];
  for (const result of results) {
    const { state, reason } = result;
    const last = groups.at(-1);
    const isAlike = state === 'skipped' || state === 'incomplete';
    if (isAlike && last?.[0]?.state === state && last[0].reason === reason) last.push(result);
    else groups.push([result]);
  }
  return groups;
}

function groupLines(group: readonly CheckResult[], look: Look, ids: number): string[] {
  const [first] = group;
  if (first === undefined || group.length < ALIKE)
    return group.flatMap((result) => resultLines(result, look, ids));
  const { paint, width } = look;
  const below = ' '.repeat(NUMBERS);
  const prose = (text: string) => paint.dim(wrapped(text, width - NUMBERS, below));
  const names = group.map(({ id }) => id).join(', ');
  return [
    `  ${word(first, paint)}  ${prose(`${count(group.length, 'check')}: ${first.reason}`)}`,
    `${below}${prose(names)}`,
  ];
}

/** Returns lines such as `  passed      calls/plain       3.2 ms`. */
function resultLines(result: CheckResult, { paint, width }: Look, ids: number): string[] {
  const { id, state, ms, reason, measures } = result;
  const time = state === 'skipped' ? '' : `${ms.toFixed(1)} ms`;
  const line = `  ${word(result, paint)}  ${id.padEnd(ids)}  ${time.padStart(10)}`;
  const below = ' '.repeat(NUMBERS);
  const numbers = measures.map(
    (one) => `${below}${paint.dim(wrapped(measureText(one), width - NUMBERS, below))}`,
  );
  if (reason === null) return [line.trimEnd(), ...numbers];
  const beside = Math.min(REASON.most, width - 28 - ids);
  if (beside < REASON.least)
    return [line.trimEnd(), `${below}${paint.dim(wrapped(reason, width - NUMBERS, below))}`, ...numbers];
  return [`${line}${paint.dim(`  ${wrapped(reason, beside, ' '.repeat(28 + ids))}`)}`, ...numbers];
}

function word({ state, severity }: CheckResult, paint: Paint): string {
  if (state === 'failed') return paint[COLORS[severity]](severity.toUpperCase().padEnd(10));
  if (state === 'incomplete') return paint.yellow('INCOMPLETE');
  return paint[state === 'passed' ? 'green' : 'dim'](state.padEnd(10));
}

const COLORS = { error: 'red', warning: 'yellow', note: 'cyan' } as const satisfies Record<
  Severity,
  keyof Paint
>;

/** Returns the details of a failed check: the findings, the reason, the remedy, and commands that reproduce it. */
function details(result: CheckResult, { paint, width }: Look): string[] {
  const { id, severity, state, reason, title, why, fix, reproduce, findings } = result;
  const label = state === 'excepted' ? `accepted ${severity}` : severity;
  const painted = state === 'excepted' ? paint.dim(label) : paint[COLORS[severity]](label);
  // The label and the id occupy the beginning of the first line.
  const text = wrapped(`${label} ${id}  ${title}`, width - 4, '    ').slice(`${label} ${id}`.length);
  const lines = [`  ${painted} ${paint.bold(id)}${text}`];
  for (const finding of findings) lines.push(...findingLines(finding, width));
  if (state === 'excepted') lines.push(detail('accepted', reason ?? '', width));
  lines.push(detail('why', why, width), detail('fix', fix, width), exact('reproduce', reproduce.command));
  if (reproduce.gdb !== null) lines.push(exact('debug', reproduce.gdb));
  return lines;
}

function findingLines(finding: Finding, width: number): string[] {
  const { message, stage, input, stderr } = finding;
  const lines = [detail('found', message, width)];
  if (stage !== null && !message.endsWith(`in: ${stage}`)) lines.push(detail('during', stage, width));
  for (const [i, line] of crashLines(finding).entries()) lines.push(exact(i === 0 ? 'crash' : '', line));
  const place = placeText(finding);
  if (place !== null) lines.push(exact('source', [place, finding.place?.text ?? ''].join('  ').trimEnd()));
  if (input !== null) {
    const { role, size, sha256, file } = input;
    lines.push(
      exact(role, `${bytes(size)}, sha256 ${sha256.slice(0, 12)}${file === null ? '' : `, kept in ${file}`}`),
    );
  }
  const report = reportLines(finding).slice(0, MAX_REPORT_LINES);
  for (const [i, line] of report.entries()) lines.push(exact(i === 0 ? 'report' : '', `| ${line}`));
  const errors = stderr === '' ? [] : stderr.trimEnd().split('\n').slice(-MAX_STDERR_LINES);
  for (const [i, line] of errors.entries()) lines.push(exact(i === 0 ? 'stderr' : '', `| ${line}`));
  return lines;
}

/** Returns a detail in prose, which is wrapped. */
function detail(label: string, text: string, width: number): string {
  return `    ${label.padEnd(LABEL)}${wrapped(text, width - 4 - LABEL, ' '.repeat(LABEL + 4))}`;
}

/** Returns a detail on one line, because it may be copied or is the plugin's output. */
function exact(label: string, text: string): string {
  return `    ${label.padEnd(LABEL)}${printable(text)}`;
}

function summary(
  { files, outcome, level, seed, filter, tally, ms }: Verdict,
  { paint, width }: Look,
): string[] {
  const found = findingsBySeverity(files).filter(([, n]) => n > 0);
  const findings = found.map(([severity, n]) => paint[COLORS[severity]](count(n, severity)));
  const only = filter.length === 0 ? '' : `, only ${printable(filter.join(' '))}`;
  const color = ({ clean: 'green', findings: 'red', incomplete: 'yellow' } as const)[outcome];
  const whole = `${count(files.length, 'file')}, level ${level}${only}, seed ${seed}: ${tallyText(tally)} in ${duration(ms)}`;
  const lines = [wrapped(whole, width, '')];
  if (findings.length > 0) lines.push(findings.join(', '));
  return [...lines, paint[color](OUTCOMES[outcome])];
}

const OUTCOMES = {
  clean: 'Clean.',
  findings: 'There are findings.',
  incomplete: 'Not everything could be checked: this is not a pass.',
} as const satisfies Record<Verdict['outcome'], string>;
