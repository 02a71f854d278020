/** Writes what was seen on the corpus as tables in Markdown. */
import { CORRECT, MISTAKES } from '../../test/check/plugins/table.mjs';

/** The columns of the table of mistakes, and the results that they show. */
export const COLUMNS = ['basic', 'strict', 'torture', 'fuzz', 'sanitize', 'memcheck', 'helgrind'];

/** The marks of the cells. */
const MARKS = { named: 'yes', other: 'other', missed: '', skipped: '–' };

/** The marks of reports about correct plugins. */
const ALARMS = { other: 'alarm', missed: '', skipped: '–' };

const row = (cells) => `| ${cells.join(' | ')} |`;
const head = (cells) => [row(cells), row(cells.map(() => '---'))];

/** Returns the checks that found the cause, or those that found something else. */
function checksOf(runs) {
  const blames = COLUMNS.slice(0, 5).flatMap((column) => runs[column]?.blames ?? []);
  const failed = blames.filter(({ state }) => state === 'failed');
  const named = failed.filter((blame) => blame.named);
  const ids = new Set((named.length > 0 ? named : failed).map(({ id }) => `\`${id}\``));
  return [...ids].slice(0, 3).join(', ');
}

function mistakeRows(results) {
  return MISTAKES.map((plugin) => {
    const runs = results.plugins[plugin.name];
    if (runs === undefined) return row([`\`${plugin.name}\``, plugin.mistake, ...COLUMNS.map(() => '–'), '']);
    const cells = COLUMNS.map((column) => MARKS[runs[column]?.state ?? 'skipped']);
    return row([`\`${plugin.name}\``, plugin.mistake, ...cells, checksOf(runs)]);
  });
}

/** Returns the number of mistakes whose cause one of the columns names. */
const found = (results, columns) =>
  MISTAKES.filter(({ name }) => columns.some((column) => results.plugins[name]?.[column]?.state === 'named'))
    .length;

function summaryOf(results) {
  const all = MISTAKES.length;
  const torture = found(results, ['basic', 'strict', 'torture']);
  const every = found(results, COLUMNS.slice(0, 5));
  const valgrind = found(results, ['memcheck', 'helgrind']);
  return [
    `The suite names the cause of ${torture} of ${all} mistakes at \`torture\`, and of ${every} with \`--fuzz\` and`,
    `\`--sanitize\`. memcheck and helgrind name ${valgrind} in a plain driver.`,
  ].join('\n');
}

function correctRows(results) {
  return CORRECT.map((plugin) => {
    const runs = results.plugins[plugin.name];
    const ids = [...new Set((runs?.torture?.blames ?? []).map(({ id }) => `\`${id}\``))];
    const count = runs === undefined ? '–' : `${runs.clean} of ${runs.runs}`;
    const alarms = ['memcheck', 'helgrind'].map((tool) => ALARMS[runs?.[tool]?.state ?? 'skipped']);
    return row([`\`${plugin.name}\``, count, ids.join(', '), ...alarms]);
  });
}

/** Returns the section of docs/check.md about the corpus. `results`: the contents of results.json. */
export function corpusSection(results) {
  return [
    summaryOf(results),
    '',
    ...head(['plugin', 'mistake', ...COLUMNS, 'checks']),
    ...mistakeRows(results),
    '',
    'These plugins are correct. The second column counts the runs at `torture` without a finding, half of them with',
    'all processors busy. *alarm*: valgrind reports an error, which is usually in the library.',
    '',
    ...head(['plugin', 'clean runs', 'blamed by', 'memcheck', 'helgrind']),
    ...correctRows(results),
  ].join('\n');
}
