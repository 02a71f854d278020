/** The results of platforms as lines, and as the table of docs/platforms.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { inRoot } from './paths.mjs';

const PAGE = inRoot('docs', 'platforms.md');
const [BEGIN, END] = ['<!-- platforms:begin -->', '<!-- platforms:end -->'];

/**
 * The result of one platform or runtime.
 *
 * @typedef {object} Result
 * @property {string} name
 * @property {string} runtime
 * @property {'works' | 'fails' | 'skipped'} state
 * @property {string} [reason] why it was skipped
 * @property {Map<string, {passed: number, failed: number}>} [groups] the cases by tier or purpose
 * @property {string[]} [problems]
 */

/**
 * Reads the lines of a trial.
 *
 * @param {string} text
 * @returns {{
 *   groups: Map<string, {passed: number, failed: number}>,
 *   problems: string[],
 *   capabilities?: object,
 *   ended: boolean,
 * }}
 */
export function readTrial(text) {
  const groups = new Map();
  const problems = [];
  let capabilities;
  let ended = false;
  let running = 'starting';
  for (const line of text.split('\n').filter((row) => row !== '')) {
    const record = JSON.parse(line);
    if (record.begins !== undefined) running = record.begins;
    if (record.capabilities !== undefined) capabilities = record.capabilities;
    if (record.end === true) ended = true;
    if (record.ok === undefined) continue;
    const group = groups.get(record.group) ?? { passed: 0, failed: 0 };
    group[record.ok ? 'passed' : 'failed']++;
    groups.set(record.group, group);
    if (!record.ok) problems.push(`${record.group}: ${record.name}: ${record.problem}`);
  }
  if (!ended) problems.push(`ended during: ${running}`);
  return { groups, problems, capabilities, ended };
}

const summary = ({ state, reason, groups }) => {
  if (state === 'skipped') return reason;
  const parts = [...groups]
    .filter(([name]) => name !== 'end')
    .map(([name, { passed, failed }]) => `${name} ${passed}/${passed + failed}`);
  return parts.join(', ');
};

/** Returns the lines for a terminal. */
export function tableLines(results) {
  const width = (key) => Math.max(...results.map((row) => row[key].length));
  const widths = ['name', 'runtime', 'state'].map(width);
  return results.flatMap((result) => {
    const { name, runtime, state, problems = [] } = result;
    const cells = [name, runtime, state].map((cell, index) => cell.padEnd(widths[index]));
    return [
      `  ${[...cells, summary(result)].join('  ')}`,
      ...problems.slice(0, 5).map((text) => `      ${text}`),
    ];
  });
}

/** Writes the table into docs/platforms.md. */
export function writeTable(results) {
  const page = readFileSync(PAGE, 'utf8');
  const escaped = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const rows = results.map((result) =>
    [result.name, result.runtime, result.state, summary(result)].map(escaped).join(' | '),
  );
  const table = [
    '| platform | run with | result | cases that passed |',
    '| --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ];
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  writeFileSync(PAGE, `${page.slice(0, from)}${BEGIN}\n\n${table.join('\n')}\n\n${page.slice(to)}`);
}
