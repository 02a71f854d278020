/** Renders a self-contained page: summary, table of checks, findings, plots. It loads nothing and runs one script. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { bytes, count, duration } from '../../base/text.js';
import type { CheckResult, FileVerdict, Verdict } from '../verdict.js';
import { findingCard } from './html-finding.js';
import { SCRIPT } from './html-script.js';
import { STYLE } from './html-style.js';
import { measureText } from './measure-text.js';
import { plot } from './plot.js';
import { bySeverity, counts, findingsBySeverity, tallyText, wholeFileProblem } from './view.js';
import { element, escaped, type Markup } from './xml.js';

export function renderHtml(verdict: Verdict): string {
  const names = verdict.files.map(({ path }) => basename(path)).join(', ');
  const head = [
    '<meta charset="utf-8">',
    // If something got past the escaping, it would still be neither run nor loaded.
    `<meta http-equiv="Content-Security-Policy" content="${policy()}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escaped(`tenon check: ${names}`)}</title>`,
    `<style>${STYLE}</style>`,
  ];
  const body = [
    header(verdict),
    ...verdict.files.map((file, i) => section(file, i, verdict)),
    footer(verdict),
  ];
  const page = element('main', {}, ...body).text;
  return [
    '<!DOCTYPE html>',
    '<html lang="en">',
    `<head>\n${head.join('\n')}\n</head>`,
    `<body>\n${page}\n<script>${SCRIPT}</script>\n</body>`,
    '</html>\n',
  ].join('\n');
}

function policy(): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; base-uri 'none'; form-action 'none'`;
}

const OUTCOMES: Readonly<Record<FileVerdict['outcome'], string>> = {
  clean: 'clean',
  findings: 'findings',
  incomplete: 'incomplete',
  'not-a-plugin': 'not a plugin',
};

const badge = (kind: string, text: string) => element('span', { class: `badge ${kind}` }, text);

function header(verdict: Verdict): Markup {
  const { outcome, files, level, seed, filter, tally, ms, date, failOn } = verdict;
  const found = findingsBySeverity(files).filter(([, n]) => n > 0);
  const facts: (readonly [string, string])[] = [
    ['level', level],
    ...(filter.length === 0 ? [] : [['only', filter.join(' ')] as const]),
    ['seed', String(seed)],
    ['fails on', failOn],
    ['time', duration(ms)],
    ['date', date.slice(0, 16).replace('T', ' ')],
  ];
  return element(
    'header',
    {},
    element('h1', {}, 'tenon check ', badge(outcome, OUTCOMES[outcome])),
    element('p', { class: 'tally' }, `${count(files.length, 'file')}: ${tallyText(tally)}`),
    ...(found.length === 0
      ? []
      : [element('p', {}, ...found.map(([severity, n]) => badge(severity, count(n, severity))))]),
    definitions(facts),
  );
}

function definitions(facts: readonly (readonly [string, string])[]): Markup {
  const pairs = facts.map(([name, value]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, value)),
  );
  return element('dl', { class: 'facts' }, ...pairs);
}

function section(file: FileVerdict, index: number, verdict: Verdict): Markup {
  const problem = wholeFileProblem(file);
  const failed = bySeverity(file.results.filter(({ state }) => state === 'failed' || state === 'excepted'));
  return element(
    'section',
    { id: `file-${index}` },
    element('h2', {}, element('code', {}, file.path), ' ', badge(file.outcome, OUTCOMES[file.outcome])),
    definitions(aboutFile(file)),
    ...(problem === null ? [] : [element('p', { class: 'problem' }, problem)]),
    ...(failed.length === 0 ? [] : [element('h3', {}, 'Findings')]),
    ...failed.map((result) => findingCard(result, `${index}-${result.id}`)),
    ...(file.results.length === 0
      ? []
      : [element('h3', {}, 'Checks'), filterBar(index), table(file, index, verdict)]),
    ...measured(file.results),
  );
}

function aboutFile({ plugin, size, sha256, ms }: FileVerdict): (readonly [string, string])[] {
  const facts: (readonly [string, string | null | undefined])[] = [
    ['plugin', [plugin?.name, plugin?.version].filter(Boolean).join(' ')],
    ['ABI', plugin?.abi],
    ['language', plugin?.language],
    ['kinds', plugin?.kinds.join(', ')],
    ['size', size === null ? null : bytes(size)],
    ['time', duration(ms)],
    ['sha256', sha256],
  ];
  return facts.flatMap(([name, value]) => (value ? [[name, value] as const] : []));
}

/** Renders the filter. It needs the script. Without the script, everything is shown. */
function filterBar(index: number): Markup {
  const label = (text: string) => ({ 'aria-label': text, title: text });
  const states = ['all', 'failed', 'incomplete', 'skipped', 'excepted', 'passed'];
  return element(
    'form',
    { class: 'filter', 'data-for': `checks-${index}` },
    element('input', {
      type: 'search',
      name: 'text',
      placeholder: 'filter checks',
      ...label('filter checks'),
    }),
    element(
      'select',
      { name: 'state', ...label('state') },
      ...states.map((state) => element('option', { value: state === 'all' ? '' : state }, state)),
    ),
    element('output', { class: 'shown' }, ''),
  );
}

function table(file: FileVerdict, index: number, verdict: Verdict): Markup {
  const headings = ['State', 'Check', 'Requirement', 'Level', 'Severity', 'ms'];
  return element(
    'div',
    { class: 'scroll' },
    element(
      'table',
      { id: `checks-${index}` },
      element(
        'thead',
        {},
        element('tr', {}, ...headings.map((name) => element('th', { scope: 'col' }, name))),
      ),
      element('tbody', {}, ...file.results.map((result) => row(result, index, verdict))),
    ),
  );
}

function row(result: CheckResult, index: number, verdict: Verdict): Markup {
  const { id, title, level, severity, state, reason, ms } = result;
  const kind = state === 'failed' ? severity : state;
  const isLinked = state === 'failed' || state === 'excepted';
  const name = element('code', {}, id);
  const strength = counts(result, verdict) ? ' counts' : '';
  return element(
    'tr',
    { 'data-state': state, class: `${kind}${strength}` },
    element('td', {}, badge(kind, state)),
    element('td', {}, isLinked ? element('a', { href: `#finding-${index}-${id}` }, name) : name),
    element('td', {}, title, ...(reason === null ? [] : [element('div', { class: 'reason' }, reason)])),
    element('td', {}, level),
    element('td', {}, severity),
    element('td', { class: 'number' }, ms.toFixed(1)),
  );
}

/** Renders plots next to each other, then measures that are single numbers. */
function measured(results: readonly CheckResult[]): Markup[] {
  const all = results.flatMap(({ id, measures }) =>
    measures.map((measure) => ({ id, text: measureText(measure), plot: plot(measure) })),
  );
  if (all.length === 0) return [];
  const name = (id: string) => element('code', {}, id);
  const plots = all.flatMap(({ id, text, plot }) =>
    plot === null ? [] : [element('figure', {}, element('figcaption', {}, name(id), ' ', text), plot)],
  );
  const numbers = all.flatMap(({ id, text, plot }) =>
    plot === null ? [element('li', {}, name(id), ' ', text)] : [],
  );
  return [
    element('h3', {}, 'Measured'),
    ...(plots.length === 0 ? [] : [element('div', { class: 'plots' }, ...plots)]),
    ...(numbers.length === 0 ? [] : [element('ul', { class: 'numbers' }, ...numbers)]),
  ];
}

function footer({ suite, abi, platform }: Verdict): Markup {
  const { os, arch, node } = platform;
  return element('footer', {}, `tenon ${suite}, ABI ${abi}, ${os} ${arch}, Node.js ${node}`);
}
