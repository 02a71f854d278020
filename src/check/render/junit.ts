/** Renders JUnit XML for Jenkins, GitLab and others: a suite for each file, a test case for each check. */
import { basename } from 'node:path';
import type { CheckResult, FileVerdict, Finding, Verdict } from '../verdict.js';
import { counts, crashLines, placeText, reportLines, wholeFileProblem, withPlace } from './view.js';
import { element, Markup } from './xml.js';

/** A test case and its outcome. */
interface Case {
  readonly kind: 'passed' | 'failure' | 'error' | 'skipped';
  readonly markup: Markup;
}

export function renderJunit(verdict: Verdict): string {
  const suites = verdict.files.map((file, index) => suiteOf(file, index, verdict));
  const all = suites.flatMap(({ cases }) => cases);
  const root = element(
    'testsuites',
    { name: 'tenon check', ...totals(all), time: seconds(verdict.ms) },
    ...suites.flatMap(({ markup }) => [newline, markup]),
    newline,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root.text}\n`;
}

const newline = new Markup('\n');
const seconds = (ms: number) => (ms / 1000).toFixed(3);

function totals(cases: readonly Case[]): { tests: number; failures: number; errors: number } {
  const count = (kind: Case['kind']) => cases.filter((one) => one.kind === kind).length;
  return { tests: cases.length, failures: count('failure'), errors: count('error') };
}

function suiteOf(file: FileVerdict, id: number, verdict: Verdict): { cases: Case[]; markup: Markup } {
  const cases = [...wholeFile(file), ...file.results.map((result) => caseOf(result, file, verdict))];
  const skipped = cases.filter(({ kind }) => kind === 'skipped').length;
  const { level, seed, suite, abi, date } = verdict;
  const properties = Object.entries({
    level,
    seed,
    suite,
    abi,
    sha256: file.sha256 ?? '',
    outcome: file.outcome,
  });
  const attributes = {
    name: file.path,
    package: 'tenon',
    id,
    hostname: 'localhost',
    timestamp: date.slice(0, 19),
    ...totals(cases),
    skipped,
    time: seconds(file.ms),
  };
  const lines = [
    element('properties', {}, ...properties.map(([name, value]) => element('property', { name, value }))),
    ...cases.map(({ markup }) => markup),
    element('system-out', {}, ''),
    element('system-err', {}, ''),
  ];
  return {
    cases,
    markup: element('testsuite', attributes, ...lines.flatMap((line) => [newline, line]), newline),
  };
}

/** Returns a test case for a file that is not a plugin, or that changed while it was checked. */
function wholeFile(file: FileVerdict): Case[] {
  const problem = wholeFileProblem(file);
  if (problem === null) return [];
  const kind = file.outcome === 'incomplete' ? 'error' : 'failure';
  const attributes = { classname: `tenon.${basename(file.path)}`, name: 'file', time: seconds(file.ms) };
  return [
    {
      kind,
      markup: element('testcase', attributes, element(kind, { message: problem, type: file.outcome })),
    },
  ];
}

function caseOf(result: CheckResult, file: FileVerdict, verdict: Verdict): Case {
  const { id, group, ms, title } = result;
  const attributes = {
    classname: `tenon.${basename(file.path)}.${group}`,
    name: `${id}: ${title}`,
    time: seconds(ms),
  };
  const [kind, ...content] = contentOf(result, verdict);
  return { kind, markup: element('testcase', attributes, ...content) };
}

/**
 * Returns the kind and the content of a test case. JUnit does not know warnings, so findings that do not count
 * are in the output of a test case that passed.
 */
function contentOf(result: CheckResult, verdict: Verdict): [Case['kind'], ...Markup[]] {
  const { state, severity, reason, findings } = result;
  const message = reason ?? '';
  const [first] = findings;
  switch (state) {
    case 'passed':
      return ['passed'];
    case 'skipped':
      return ['skipped', element('skipped', { message })];
    case 'excepted':
      return [
        'skipped',
        element('skipped', { message: `accepted: ${message}` }),
        system('out', details(result)),
      ];
    case 'incomplete':
      return ['error', element('error', { message, type: 'incomplete' })];
    case 'failed': {
      const text = details(result);
      const errors = findings.map(({ stderr }) => stderr).join('');
      const output = errors === '' ? [] : [system('err', errors)];
      if (!counts(result, verdict)) return ['passed', system('out', `${severity}: ${text}`), ...output];
      return [
        'failure',
        element('failure', { message: first === undefined ? '' : withPlace(first), type: severity }, text),
        ...output,
      ];
    }
  }
}

const system = (stream: 'out' | 'err', text: string) => element(`system-${stream}`, {}, text);

function details({ findings, why, fix, reproduce }: CheckResult): string {
  const again = [`Reproduce: ${reproduce.command}`, ...(reproduce.gdb === null ? [] : [reproduce.gdb])];
  return [...findings.flatMap(findingLines), `Why: ${why}`, `Fix: ${fix}`, ...again].join('\n');
}

function findingLines(finding: Finding): string[] {
  const stage = finding.stage === null ? [] : [`during: ${finding.stage}`];
  const place = placeText(finding);
  const source = place === null ? [] : [`source: ${[place, finding.place?.text ?? ''].join('  ').trimEnd()}`];
  return [finding.message, ...stage, ...crashLines(finding), ...source, ...reportLines(finding)];
}
