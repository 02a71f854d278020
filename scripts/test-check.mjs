/**
 * `npm run test:check`: measures what the safety suite finds in the corpus of test/check/plugins, and writes the table
 * of docs/check.md and test/check/plugins/results.json. Fails if less is found than the corpus records.
 *
 * - `--runs N`: checks each correct plugin N times at torture, half of them with all processors busy. Default: 2. With 0
 *   only the others are checked.
 * - `--fuzz SECONDS`: the time for generated inputs, and for configs. Default: 30.
 * - `--only NAME`: only plugins whose name contains NAME. `--columns A,B`: only these columns of the table. The last
 *   results are kept for the others.
 * - `--no-build`: uses the suite as it is built.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { CORRECT, MISTAKES } from '../test/check/plugins/table.mjs';
import { build } from './build.mjs';
import { buildCorpus, buildDriver } from './lib/corpus-build.mjs';
import { checkPlugin, fuzzPlugin, sanitizePlugin, valgrindPlugin } from './lib/corpus-run.mjs';
import { COLUMNS, corpusSection } from './lib/corpus-table.mjs';
import { ALL_USES } from './lib/missing.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { main, StepFailure, say, step } from './lib/steps.mjs';

const RESULTS = inRoot('test', 'check', 'plugins', 'results.json');
const DOCUMENT = inRoot('docs', 'check.md');

function readOptions(args) {
  const options = { runs: 2, fuzz: 30, only: '', columns: COLUMNS, build: true };
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--runs') options.runs = count(args[++i], 0);
    else if (args[i] === '--fuzz') options.fuzz = count(args[++i]);
    else if (args[i] === '--only') options.only = args[++i] ?? '';
    else if (args[i] === '--columns') options.columns = (args[++i] ?? '').split(',');
    else if (args[i] === '--no-build') options.build = false;
    else
      throw new StepFailure(
        `Unknown option ${args[i]}. The options are described in scripts/test-check.mjs.`,
      );
  }
  const unknown = options.columns.find((column) => !COLUMNS.includes(column));
  if (unknown !== undefined)
    throw new StepFailure(`Unknown column ${unknown}, expected ${COLUMNS.join(', ')}.`);
  return options;
}

function count(text, least = 1) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new StepFailure(`Expected a number of at least ${least}, found ${text}.`);
}

const WAYS = {
  basic: (plugin) => checkPlugin(plugin, { level: 'basic' }),
  strict: (plugin) => checkPlugin(plugin, { level: 'strict' }),
  torture: (plugin) => checkPlugin(plugin, { level: 'torture' }),
  fuzz: (plugin, { fuzz }) => fuzzPlugin(plugin, 1000 * fuzz),
  sanitize: (plugin) => sanitizePlugin(plugin),
  memcheck: (plugin) => valgrindPlugin(plugin, 'memcheck'),
  helgrind: (plugin) => valgrindPlugin(plugin, 'helgrind'),
};

/** Keeps all processors busy until the returned function is called. */
function keepBusy() {
  const busy = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  return () => {
    for (const child of busy) child.kill('SIGKILL');
  };
}

/** Checks a correct plugin several times. Returns all findings, and the number of runs without any. */
async function repeat(plugin, runs, busy) {
  const stop = busy ? keepBusy() : () => {};
  const blames = [];
  let clean = 0;
  try {
    for (let i = 0; i < runs; i++) {
      const run = await checkPlugin(plugin, { level: 'torture', seed: i + 1 });
      if (run.blames.length === 0) clean++;
      blames.push(...run.blames.filter(({ id }) => !blames.some((other) => other.id === id)));
    }
  } finally {
    stop();
  }
  return { blames, clean };
}

async function measureCorrect(plugin, options) {
  const { runs, columns } = options;
  const idle = await repeat(plugin, Math.ceil(runs / 2), false);
  const busy = await repeat(plugin, Math.floor(runs / 2), true);
  const blames = [...idle.blames, ...busy.blames];
  const clean = idle.clean + busy.clean;
  const measured = { runs, clean, torture: { state: blames.length === 0 ? 'missed' : 'other', blames } };
  for (const tool of ['memcheck', 'helgrind'].filter((column) => columns.includes(column)))
    measured[tool] = await WAYS[tool](plugin, options);
  say(`${plugin.name}: ${clean} of ${runs} clean${describe(blames)}`);
  return measured;
}

const describe = (blames) => blames.map(({ id, message }) => `\n    ${id}: ${message}`).join('');

async function measureMistake(plugin, options) {
  const runs = {};
  for (const column of options.columns) runs[column] = await WAYS[column](plugin, options);
  say(
    `${plugin.name}: ${Object.entries(runs)
      .map(([column, { state }]) => `${column} ${state}`)
      .join(', ')}`,
  );
  return runs;
}

/** Returns the first of the levels and options of the suite that names the cause. */
const depthOf = (runs) => COLUMNS.slice(0, 5).find((column) => runs[column]?.state === 'named');

/** Returns the plugins of which the suite says less than the corpus records. */
function worse(results) {
  const order = (depth) => (depth === undefined ? COLUMNS.length : COLUMNS.indexOf(depth));
  const lost = MISTAKES.filter(({ name, found }) => {
    const runs = results.plugins[name];
    return runs !== undefined && order(depthOf(runs)) > order(found);
  });
  const blamed = CORRECT.filter(({ name, blamed: known }) =>
    results.plugins[name]?.torture.blames.some(({ id }) => !known.includes(id)),
  );
  return [
    ...lost.map(
      ({ name, found }) =>
        `${name}: recorded at ${found}, found at ${depthOf(results.plugins[name]) ?? 'none'}`,
    ),
    ...blamed.map(({ name }) => `${name}: is correct but was blamed`),
  ];
}

/** Returns the plugins of which the suite says more than the corpus records. */
const better = (results) =>
  MISTAKES.flatMap(({ name, found }) => {
    const runs = results.plugins[name];
    const depth = runs === undefined ? undefined : depthOf(runs);
    return depth === undefined || depth === found
      ? []
      : [`${name}: record '${depth}' instead of ${found ?? 'undefined'}`];
  });

/** Writes JSON without the times, which differ in each run, and without the path of this checkout. */
function textOf(results) {
  const kept = (key, value) => {
    if (key === 'ms') return undefined;
    return typeof value === 'string' ? value.replaceAll(`${root}/`, '') : value;
  };
  return `${JSON.stringify(results, kept, 2)}\n`;
}

function writeResults(results) {
  writeFileSync(RESULTS, textOf(results));
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = ['<!-- corpus:begin -->', '<!-- corpus:end -->'];
  const [before] = text.split(begin);
  const after = text.slice(text.indexOf(end));
  writeFileSync(DOCUMENT, `${before}${begin}\n\n${corpusSection(results)}\n\n${after}`);
}

function lastResults() {
  try {
    return JSON.parse(readFileSync(RESULTS, 'utf8'));
  } catch {
    return { plugins: {} };
  }
}

await main(import.meta.url, async () => {
  const options = readOptions(process.argv.slice(2));
  if (options.build) await build({ faults: true, uses: [...ALL_USES, 'corpus'], install: true });
  let skipped = new Map();
  await step('corpus', async () => {
    skipped = await buildCorpus();
    await buildDriver();
  });
  for (const [name, reason] of skipped) say(`${name}: SKIPPED, because ${reason}`);
  const results = lastResults();
  const chosen = ({ name }) => name.includes(options.only) && !skipped.has(name);
  // Written after each plugin, so that an interrupted run keeps what it has measured.
  const record = ({ name }, facts) => {
    results.plugins[name] = { ...results.plugins[name], ...facts };
    writeResults(results);
  };
  for (const plugin of options.runs === 0 ? [] : CORRECT.filter(chosen))
    record(plugin, await measureCorrect(plugin, options));
  for (const plugin of MISTAKES.filter(chosen)) record(plugin, await measureMistake(plugin, options));
  for (const line of better(results)) say(`better than recorded: ${line}`);
  const problems = worse(results);
  for (const line of problems) say(`WORSE than recorded: ${line}`);
  return problems.length === 0 ? 0 : 1;
});
