/** Runs the safety suite and valgrind on the plugins of the corpus. */
import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { corpusFile, driverFile, inputOf } from './corpus-build.mjs';
import { inRoot } from './paths.mjs';
import { findCommand } from './tools.mjs';

/**
 * A finding or an incomplete check. `named`: whether it is the cause of the plugin's mistake.
 *
 * @typedef {{id: string, level: string, state: string, message: string, named: boolean, place: boolean}} Blame
 *
 * The result of one way of looking for the mistake. `named`: the cause was found. `other`: only something else was
 * found. `missed`: nothing was found. `skipped`: it was not tried, for the reason.
 *
 * @typedef {{state: 'named' | 'other' | 'missed' | 'skipped', blames: readonly Blame[], reason?: string, ms: number}}
 *   Seen
 */

/** The seed of all runs, so that a run can be repeated. */
const SEED = 1;

/** Findings that are right, but do not concern the code of a plugin: all that it needs is on this machine. */
const RULES = {
  'file/host-symbols': { except: 'the libraries of the corpus are those of the system' },
};

/** Loads the built suite. */
const suite = async () => import(pathToFileURL(inRoot('dist', 'check', 'index.js')).href);

function blameOf(plugin, { id, level, state, findings, reason }) {
  const [first] = findings;
  const all = JSON.stringify(findings);
  return {
    id,
    level,
    state,
    message: first?.message ?? reason ?? '',
    named: state === 'failed' && (plugin.checks?.includes(id) ?? false),
    place: state === 'failed' && plugin.place !== undefined && all.includes(plugin.place),
  };
}

/** @returns {Seen} */
function seen(blames, ms) {
  const failed = blames.filter(({ state }) => state === 'failed');
  const state = blames.some(({ named }) => named) ? 'named' : failed.length > 0 ? 'other' : 'missed';
  return { state, blames, ms };
}

/**
 * Checks a plugin.
 *
 * @param {import('../../test/check/plugins/table.mjs').CorpusPlugin} plugin
 * @param {object} options options of `check()`
 * @returns {Promise<Seen>}
 */
export async function checkPlugin(plugin, options, variant = 'plain') {
  const { check } = await suite();
  const input = inputOf(plugin);
  const begin = performance.now();
  const { files } = await check([corpusFile(plugin, variant)], {
    seed: SEED,
    timeout: plugin.timeout,
    allowNeeded: ['*'],
    inputs: input === undefined ? [] : [input],
    rules: { ...RULES, ...plugin.rules },
    ...options,
  });
  const results = files.flatMap((file) => file.results);
  const blames = results
    .filter(({ state }) => state === 'failed' || state === 'incomplete')
    .map((result) => blameOf(plugin, result));
  return seen(blames, performance.now() - begin);
}

/** The checks that generate inputs and configs. */
const FUZZ = ['fuzz/input', 'fuzz/config'];

/** Checks a plugin with generated inputs and configs, each for `budget` milliseconds. `filter`: the checks to run. */
export const fuzzPlugin = (plugin, budget, filter = FUZZ) =>
  checkPlugin(plugin, { fuzz: { budget }, filter });

/** The sanitizers of the suite. */
export const SANITIZERS = ['address', 'undefined', 'thread'];

/** Checks the builds of a plugin with all sanitizers. @returns {Promise<Seen>} */
export async function sanitizePlugin(plugin) {
  if (plugin.source.startsWith('rust/')) return skippedFor('sanitizers of Rust need a nightly compiler');
  const all = [];
  for (const sanitize of SANITIZERS) all.push(await checkPlugin(plugin, { sanitize }, sanitize));
  const ms = all.reduce((sum, one) => sum + one.ms, 0);
  return seen(
    all.flatMap(({ blames }) => blames),
    ms,
  );
}

/** @returns {Seen} */
const skippedFor = (reason) => ({ state: 'skipped', blames: [], reason, ms: 0 });

/** The exit code of valgrind if it has found errors. */
const ERRORS = 99;
/** The longest run under valgrind, in milliseconds. A run that is longer hangs. */
const VALGRIND_MS = 120_000;

const TOOLS = {
  memcheck: [
    '--leak-check=full',
    '--errors-for-leak-kinds=definite',
    '--track-fds=yes',
    '--track-origins=yes',
  ],
  helgrind: [],
};

/**
 * Runs the driver of the corpus with a plugin under valgrind.
 *
 * @param {'memcheck' | 'helgrind'} tool
 * @returns {Promise<Seen>}
 */
export async function valgrindPlugin(plugin, tool) {
  const valgrind = findCommand(['valgrind']);
  if (valgrind === undefined) return skippedFor('valgrind is missing');
  const input = inputOf(plugin);
  const args = [`--tool=${tool}`, `--error-exitcode=${ERRORS}`, ...TOOLS[tool], driverFile()];
  const begin = performance.now();
  const ended = await capture(valgrind, [
    ...args,
    corpusFile(plugin),
    ...(input === undefined ? [] : [input]),
  ]);
  const message = messageOf(ended, tool);
  const state = message === undefined ? 'passed' : 'failed';
  const place = plugin.place !== undefined && ended.output.includes(plugin.place);
  const named = place && isRace(plugin) === (tool === 'helgrind');
  const blame = { id: tool, level: tool, state, message: message ?? '', named, place };
  return seen(state === 'failed' ? [blame] : [], performance.now() - begin);
}

/** Returns the line about a descriptor that the plugin has left open. The next line says who opened it. */
const lostDescriptor = (lines) =>
  lines.find((line, i) => line.startsWith('Open file descriptor') && !lines[i + 1]?.includes('<inherited'));

/** Whether the mistake concerns threads, which helgrind looks at. memcheck is for the others. */
const isRace = ({ checks = [] }) =>
  checks.some((id) => id === 'sanitize/thread' || id.startsWith('threads/concurrent'));

/** The lines with which the errors of valgrind begin. */
const ERROR_LINES =
  /^(Invalid|Conditional|Use of|Syscall param|Possible data race|Thread #\d+: |Mismatched|Source and|.* bytes in .* definitely lost|Process terminating)/;

/** Returns the first error in the output of valgrind, or undefined if there is none. */
function messageOf({ code, signal, output, late }, tool) {
  if (late) return `no end after ${VALGRIND_MS / 1000} s`;
  const lines = output.split('\n').map((line) => line.replace(/^==\d+== ?/, ''));
  const error = lines.find((line) => ERROR_LINES.test(line));
  if (code === ERRORS || signal !== null || error !== undefined) return error ?? `ended by ${signal ?? code}`;
  const lost = tool === 'memcheck' ? lostDescriptor(lines) : undefined;
  if (lost !== undefined) return lost;
  return code === 0 ? undefined : `exit code ${code}`;
}

/** Runs a program to its end, which is a kill if it takes too long. Keeps its standard error output. */
function capture(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, VALGRIND_MS);
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, output, late });
    });
  });
}
