/** Renders a finding on the page: the fault, the reason, the remedy, and commands that reproduce it. */
import { bytes } from '../../base/text.js';
import type { CheckResult, Finding } from '../verdict.js';
import { crashLines, placeText, reportLines } from './view.js';
import { element, type Markup } from './xml.js';

export function findingCard(result: CheckResult, anchor: string): Markup {
  const { id, title, severity, state, reason, why, fix, findings, reproduce } = result;
  const kind = state === 'excepted' ? 'excepted' : severity;
  const again = [reproduce.command, ...(reproduce.gdb === null ? [] : [reproduce.gdb])];
  return element(
    'article',
    { id: `finding-${anchor}`, class: `finding ${kind}` },
    element(
      'h4',
      {},
      element('span', { class: `badge ${kind}` }, state === 'excepted' ? 'accepted' : severity),
      ' ',
      element('code', {}, id),
      ' ',
      title,
    ),
    ...findings.map(found),
    ...(state === 'excepted' ? [part('Accepted', reason ?? '')] : []),
    part('Why', why),
    part('Fix', fix),
    ...again.map((line, i) => lines(i === 0 ? 'Reproduce' : 'In a debugger', [line], 'command')),
  );
}

function found(finding: Finding): Markup {
  const { message, stage, input, stderr } = finding;
  const crash = crashLines(finding);
  const report = reportLines(finding);
  const source = placeText(finding);
  return element(
    'div',
    { class: 'found' },
    element('p', { class: 'message' }, message),
    ...(stage === null ? [] : [part('During', stage)]),
    ...(crash.length === 0 ? [] : [lines('Crash', crash)]),
    ...(source === null ? [] : [sourceLine(source, finding.place?.text ?? null)]),
    ...(input === null ? [] : [part(input.role === 'config' ? 'Config' : 'Input', inputText(input))]),
    ...(report.length === 0 ? [] : [lines('Report', report)]),
    ...(stderr === '' ? [] : [lines('Standard error output', stderr.trimEnd().split('\n'))]),
  );
}

/** Renders the location, and the line itself if it is known. */
function sourceLine(place: string, text: string | null): Markup {
  const where = part('Source', place);
  if (text === null) return where;
  return element('div', { class: 'source' }, where, element('pre', {}, element('code', {}, text)));
}

function inputText({ size, sha256, file }: NonNullable<Finding['input']>): string {
  return `${bytes(size)}, sha256 ${sha256}${file === null ? '' : `, kept in ${file}`}`;
}

const part = (name: string, text: string) => element('p', {}, element('b', {}, name), ' ', text);

/** Renders lines under a name. The script adds a button next to the name of a command. */
function lines(name: string, all: readonly string[], kind = 'text'): Markup {
  const text = element('pre', {}, element('code', {}, all.join('\n')));
  return element('div', { class: kind }, element('b', {}, name), text);
}
