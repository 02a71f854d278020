/** For people at a terminal: every check with its time, every finding with all that is known of it, and what it all comes to. */
import { bytes, count, duration, printable, wrapped } from '../../base/text.js';
import type { CheckResult, FileVerdict, Finding, PluginFacts, Severity, Verdict } from '../verdict.js';
import { measureText } from './measure-text.js';
import { type Paint, paintWith } from './paint.js';
import {
  bySeverity,
  crashLines,
  findingsBySeverity,
  placeText,
  tallyText,
  wholeFileProblem,
} from './view.js';

const WIDTH = 92;
/** Behind the name of a check. */
const REASON_WIDTH = 60;
/** Before the text of a detail. */
const LABEL = 10;
/** Of what a plugin has written, the last lines. */
const MAX_STDERR_LINES = 12;

export function renderPretty(verdict: Verdict, color: boolean): string {
  const paint = paintWith(color);
  const lines = verdict.files.flatMap((file) => [...fileLines(file, paint), '']);
  return [...lines, ...summary(verdict, paint), ''].join('\n');
}

function fileLines(file: FileVerdict, paint: Paint): string[] {
  const lines = [paint.bold(printable(file.path)), `  ${paint.dim(aboutFile(file))}`];
  const problem = wholeFileProblem(file);
  if (problem !== null) lines.push(`  ${paint.red(wrapped(problem, WIDTH, '  '))}`);
  const { results } = file;
  if (results.length > 0)
    lines.push('', ...results.flatMap((result) => resultLines(result, paint, widthOf(results))));
  const found = bySeverity(results.filter(({ state }) => state === 'failed' || state === 'excepted'));
  return [...lines, ...found.flatMap((result) => ['', ...details(result, paint)])];
}

function aboutFile({ plugin, size, sha256, ms }: FileVerdict): string {
  const facts = plugin === null ? [] : aboutPlugin(plugin);
  if (size !== null) facts.push(bytes(size));
  if (sha256 !== null) facts.push(`sha256 ${sha256.slice(0, 12)}`);
  return printable([...facts, duration(ms)].join(', '));
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
const widthOf = (results: readonly CheckResult[]) => Math.max(...results.map(({ id }) => id.length));

/** `  passed      calls/plain       3.2 ms` */
function resultLines(result: CheckResult, paint: Paint, width: number): string[] {
  const { id, state, ms, reason, measures } = result;
  const time = state === 'skipped' ? '' : `${ms.toFixed(1)} ms`;
  const line = `  ${word(result, paint)}  ${id.padEnd(width)}  ${time.padStart(10)}`;
  const why = reason === null ? '' : `  ${wrapped(reason, REASON_WIDTH, ' '.repeat(28 + width))}`;
  const numbers = measures.map((one) => `${' '.repeat(14)}${paint.dim(printable(measureText(one)))}`);
  return [`${line}${paint.dim(why)}`.trimEnd(), ...numbers];
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

/** What, why, and how to see it again. */
function details(result: CheckResult, paint: Paint): string[] {
  const { id, severity, state, reason, title, why, fix, reproduce, findings } = result;
  const title_ = state === 'excepted' ? paint.dim(`accepted ${severity}`) : paint[COLORS[severity]](severity);
  const lines = [`  ${title_} ${paint.bold(id)}  ${wrapped(title, WIDTH, '    ')}`];
  for (const finding of findings) lines.push(...findingLines(finding));
  if (state === 'excepted') lines.push(detail('accepted', reason ?? ''));
  lines.push(detail('why', why), detail('fix', fix), exact('again', reproduce.command));
  if (reproduce.gdb !== null) lines.push(exact('debug', reproduce.gdb));
  return lines;
}

function findingLines(finding: Finding): string[] {
  const { message, stage, input, stderr } = finding;
  const lines = [detail('found', message)];
  if (stage !== null && !message.endsWith(`in: ${stage}`)) lines.push(detail('during', stage));
  for (const [i, line] of crashLines(finding).entries()) lines.push(exact(i === 0 ? 'crash' : '', line));
  const place = placeText(finding);
  if (place !== null) lines.push(exact('source', [place, finding.place?.text ?? ''].join('  ').trimEnd()));
  if (input !== null) {
    const { role, size, sha256, file } = input;
    lines.push(
      exact(role, `${bytes(size)}, sha256 ${sha256.slice(0, 12)}${file === null ? '' : `, kept in ${file}`}`),
    );
  }
  const errors = stderr === '' ? [] : stderr.trimEnd().split('\n').slice(-MAX_STDERR_LINES);
  for (const [i, line] of errors.entries()) lines.push(exact(i === 0 ? 'stderr' : '', `| ${line}`));
  return lines;
}

/** Prose. */
function detail(label: string, text: string): string {
  return `    ${label.padEnd(LABEL)}${wrapped(text, WIDTH - LABEL, ' '.repeat(LABEL + 4))}`;
}

/** To be copied, or as the plugin wrote it: on one line. */
function exact(label: string, text: string): string {
  return `    ${label.padEnd(LABEL)}${printable(text)}`;
}

function summary({ files, outcome, level, seed, filter, tally, ms }: Verdict, paint: Paint): string[] {
  const found = findingsBySeverity(files).filter(([, n]) => n > 0);
  const findings = found.map(([severity, n]) => paint[COLORS[severity]](count(n, severity)));
  const only = filter.length === 0 ? '' : `, only ${printable(filter.join(' '))}`;
  const color = ({ clean: 'green', findings: 'red', incomplete: 'yellow' } as const)[outcome];
  const lines = [
    `${count(files.length, 'file')}, level ${level}${only}, seed ${seed}: ${tallyText(tally)} in ${duration(ms)}`,
  ];
  if (findings.length > 0) lines.push(findings.join(', '));
  return [...lines, paint[color](OUTCOMES[outcome])];
}

const OUTCOMES = {
  clean: 'Clean.',
  findings: 'There are findings.',
  incomplete: 'Not everything could be checked: this is no pass.',
} as const satisfies Record<Verdict['outcome'], string>;
