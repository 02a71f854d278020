/**
 * `npm run bench`: measures every figure of docs/benchmarks.md in one run, with interleaved contenders.
 * `--write` writes that page, its plot and the figures of the README. `--json` prints the measurements as
 * JSON. `--quick` uses fewer rounds. `npm run bench -- flow` measures only flows, `-- living` only reloads and
 * watches.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { admissionRows } from './admission.mjs';
import { callRows, YARDSTICK } from './calls.mjs';
import { withCosts } from './costs.mjs';
import { flowRows, flowTable } from './flow.mjs';
import { kindFigures, kindRows } from './kinds.mjs';
import { livingFigures, livingRows, livingTable } from './living.mjs';
import { latencyPlot } from './plot.mjs';
import { processCrowd, processFigures, processRows } from './processes.mjs';
import { NEXT_ANSWER, restartRow } from './restarts.mjs';
import { suiteFigures, suiteRows } from './suite.mjs';
import { THREAD_YARDSTICK, threadRows } from './threads.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean' }, json: { type: 'boolean' }, quick: { type: 'boolean' } },
});
const build = join(root, 'build');
const dist = join(root, 'dist');
const quick = values.quick === true;

/** @param {string} text */
const say = (text) => process.stderr.write(`${text}\n`);

/**
 * Measures in a process of its own. Some parts measure modules that the package does not export, and the addon
 * serves one copy of the JavaScript.
 *
 * @template T
 * @param {string} file
 * @param {(options: {build: string, dist: string, rounds?: number}) => Promise<T>} measure
 * @param {number} [rounds]
 * @returns {T}
 */
function apart(file, measure, rounds) {
  const part = [join(root, 'bench', 'part.mjs'), file, measure.name, JSON.stringify({ build, dist, rounds })];
  const stdio = /** @type {import('node:child_process').StdioOptions} */ (['ignore', 'pipe', 'inherit']);
  const options = { encoding: /** @type {const} */ ('utf8'), cwd: root, stdio, maxBuffer: 64 << 20 };
  return JSON.parse(execFileSync(process.execPath, ['--expose-gc', ...part], options));
}

const [only, ...others] = positionals;
if (others.length > 0 || (only !== undefined && only !== 'flow' && only !== 'living'))
  throw new Error(
    `There is no part '${positionals.join(' ')}' of the benchmark. The parts are flow and living.`,
  );
if (only !== undefined && values.write) throw new Error('--write needs the whole benchmark.');
if (only === 'flow') {
  const measured = apart('flow.mjs', flowRows, quick ? 1 : 5);
  const text = [...figureTable(measured.figures), ...flowTable(measured, round)].join('\n');
  console.log(values.json ? JSON.stringify(measured, null, 2) : text);
  process.exit(0);
}
if (only === 'living') {
  const measured = apart('living.mjs', livingRows, quick ? 5 : 21);
  console.log(values.json ? JSON.stringify(measured, null, 2) : livingTable(measured, round).join('\n'));
  process.exit(0);
}

say('Calls …');
const calls = apart('calls.mjs', callRows, quick ? 7 : 41);
say('Kinds …');
const kinds = apart('kinds.mjs', kindRows, quick ? 7 : 41);
say('Admission …');
const admission = apart('admission.mjs', admissionRows, quick ? 8 : 101);
say('Threads …');
const threads = apart('threads.mjs', threadRows, quick ? 7 : 41);
say('Processes …');
const processes = apart('processes.mjs', processRows, quick ? 7 : 41);
processes.push(apart('restarts.mjs', restartRow, quick ? 7 : 41));
const crowd = apart('processes.mjs', processCrowd);
say('Flows …');
const flows = apart('flow.mjs', flowRows, quick ? 1 : 5);
say('Living plugins …');
const living = apart('living.mjs', livingRows, quick ? 5 : 21);
say('Safety suite …');
const suite = apart('suite.mjs', suiteRows, quick ? 1 : 5);
say('Memory (a minute) …');
const memory = JSON.parse(
  execFileSync(
    process.execPath,
    ['--expose-gc', join(root, 'bench', 'memory.mjs'), build, dist, quick ? '0.05' : '1'],
    {
      encoding: 'utf8',
    },
  ),
);

const figures = judge();
const text = [
  `Measured by \`npm run bench\` on ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}, Node.js ${process.version}.`,
  'Ratios are more reliable than times.',
  '',
  ...figureTable(figures),
  ...table('inline call', calls, 1, 'ns'),
  ...table('typed call with strings', kinds, 1, 'ns'),
  ...table('thread tier, a call', threads, 1000, 'µs'),
  ...table('process tier, a call', processes, 1000, 'µs'),
  ...flowTable(flows, round),
  ...livingTable(living, round),
  '| admission | median | p99 |',
  '| --- | --- | --- |',
  ...admission.map(({ name, medianMs, p99Ms }) => `| ${name} | ${round(medianMs)} ms | ${round(p99Ms)} ms |`),
].join('\n');

if (values.json)
  console.log(
    JSON.stringify(
      { figures, calls, kinds, threads, processes, crowd, flows, living, admission, memory, suite },
      null,
      2,
    ),
  );
else console.log(text);
if (values.write) {
  replacePart('docs/benchmarks.md', 'bench', text);
  replacePart('README.md', 'headline', headline());
  const rows = [...calls, ...threads, ...processes];
  const medianOf = (/** @type {string} */ name) =>
    (rows.find((row) => row.name === name)?.medianNs ?? Number.NaN) / 1000;
  const readme = join(root, 'README.md');
  writeFileSync(readme, withCosts(readFileSync(readme, 'utf8'), medianOf));
  writeFileSync(join(root, 'docs', 'images', 'latency.svg'), latencyPlot(rows));
}

/**
 * Replaces a generated section of a file.
 *
 * @param {string} file @param {string} name @param {string} part the text between the two comments with the
 * name
 */
function replacePart(file, name, part) {
  const path = join(root, file);
  const pattern = new RegExp(`(<!-- ${name}:begin -->\\n)[\\s\\S]*(<!-- ${name}:end -->)`);
  const text = readFileSync(path, 'utf8').replace(pattern, (_, begin, end) => `${begin}\n${part}\n\n${end}`);
  writeFileSync(path, text);
}

/**
 * Returns a table of the figures with a limit.
 *
 * @param {readonly {what: string, found: number, limit: number, unit: string, least?: boolean}[]} all
 */
function figureTable(all) {
  return [
    '| figure | measured | limit | |',
    '| --- | --- | --- | --- |',
    ...all.map(
      ({ what, found, limit, unit, least = false }) =>
        `| ${what} | ${round(found)} ${unit} | ${round(limit)} ${unit} | ${(least ? found >= limit : found <= limit) ? 'reached' : '**missed**'} |`,
    ),
    '',
  ];
}

/** Returns the three figures of the README. */
function headline() {
  const found = (/** @type {string} */ start) =>
    figures.find(({ what }) => what.startsWith(start))?.found ?? Number.NaN;
  return [
    '| a call of 64 bytes | against the strongest contender of its kind |',
    '| --- | --- |',
    `| inline | ${round(found('callSync, 64 bytes in, 8 out, against a C Node-API function into'))} × a hand-written C Node-API function |`,
    `| thread | ${round(found('thread: 64 calls in flight'))} × \`napi_async_work\`, 64 calls in flight |`,
    `| process | ${round(found('process: callSync, 64 bytes, against two C processes'))} × two C processes over shared memory |`,
  ].join('\n');
}

/**
 * Returns a table with one row per contender.
 *
 * @param {string} title
 * @param {readonly {name: string, medianNs: number, p99Ns: number, maxNs?: number, ratio: number | null,
 * against: string | null}[]} rows
 * @param {number} ns nanoseconds per unit
 * @param {string} unit
 */
function table(title, rows, ns, unit) {
  const hasMaxima = rows.some(({ maxNs }) => maxNs !== undefined);
  const maximum = (/** @type {number | undefined} */ value) =>
    hasMaxima ? ` ${round((value ?? 0) / ns)} ${unit} |` : '';
  return [
    `| ${title} | median | p99 |${hasMaxima ? ' max |' : ''} ratio |`,
    `| --- | --- | --- |${hasMaxima ? ' --- |' : ''} --- |`,
    ...rows.map(
      ({ name, medianNs, p99Ns, maxNs, ratio, against }) =>
        `| ${name} | ${round(medianNs / ns)} ${unit} | ${round(p99Ns / ns)} ${unit} |${maximum(maxNs)} ${ratio === null ? '' : `${round(ratio)} × ${against}`} |`,
    ),
    '',
  ];
}

/** Returns the figures with a limit, each with its measured value. */
function judge() {
  /** @param {string} name @param {string} against */
  const ratio = (name, against) =>
    calls.find((row) => row.name === name && row.against === against)?.ratio ?? Number.NaN;
  /** @param {string} name @param {string} against */
  const threadRatio = (name, against) =>
    threads.find((row) => row.name === name && row.against === against)?.ratio ?? Number.NaN;
  /** @param {string} start */
  const ms = (start) => admission.find(({ name }) => name.startsWith(start))?.medianMs ?? Number.NaN;
  const { buffer, into, record, message } = YARDSTICK;
  return [
    {
      what: 'callSync, 64 bytes in, 8 out, against a C Node-API function into a Buffer from JavaScript',
      found: ratio('tenon callSync', into),
      limit: 1.3,
      unit: '×',
    },
    {
      what: 'callSync, 64 bytes in, 8 out, against a C Node-API function that creates a Buffer',
      found: ratio('tenon callSync', buffer),
      limit: 1.3,
      unit: '×',
    },
    {
      what: 'typed record, two i32 in, one out, against a C Node-API function',
      found: ratio('tenon typed record', record),
      limit: 0.8,
      unit: '×',
    },
    {
      what: 'callMany, packed, 1 000 × 64 bytes, per message, against callSync',
      found: ratio('tenon callMany, packed', message),
      limit: 0.15,
      unit: '×',
    },
    {
      what: 'callSync without the addon, against a C Node-API function',
      found: ratio('tenon without the addon, callSync', buffer),
      limit: 2.5,
      unit: '×',
    },
    ...kindFigures(kinds),
    { what: 'inspect of a Rust cdylib above 3 MB, warm', found: ms('inspect'), limit: 0.4, unit: 'ms' },
    {
      what: 'admission of a known digest, minus raw dlopen + dlsym',
      found: ms('admission, known digest, unchanged') - ms('raw dlopen + 3 dlsym, an open library'),
      limit: 1,
      unit: 'ms',
    },
    { what: 'first admission, probe included', found: ms('first admission'), limit: 15, unit: 'ms' },
    { what: 'growth over 1 000 admissions', found: memory.admissions, limit: 20, unit: 'MB' },
    { what: 'growth over 1 000 000 × new, call, close', found: memory.calls, limit: 20, unit: 'MB' },
    {
      what: 'thread: sequential calls, against napi_async_work',
      found: threadRatio('tenon, thread, call', THREAD_YARDSTICK.sequential),
      limit: 1.2,
      unit: '×',
    },
    {
      what: 'thread: 64 calls in flight, against napi_async_work',
      found: threadRatio('tenon, thread, 64 in flight', THREAD_YARDSTICK.maxInFlight),
      limit: 1 / 3,
      unit: '×',
    },
    ...processFigures(processes, crowd),
    {
      what: 'process: SIGSEGV to the answer of the next generation',
      found: (processes.find(({ name }) => name === NEXT_ANSWER)?.medianNs ?? Number.NaN) / 1e6,
      limit: 30,
      unit: 'ms',
    },
    ...flows.figures,
    ...livingFigures(living),
    ...suiteFigures(suite),
  ];
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(3)).toLocaleString('en', {
    maximumSignificantDigits: 3,
    useGrouping: false,
  });
}
