/**
 * `npm run test:platforms [-- NAME…] [--write]`: runs tenon for other platforms and in other runtimes, as far as this
 * machine can, from the packages of `npm run build:platforms`: calls and messages in every tier, crashes, and the faulty
 * plugins that admission refuses. Prints a table. Whatever cannot run is in it with the reason. `--write`: puts the
 * table into docs/platforms.md.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { HERE } from './lib/install-scenarios.mjs';
import { packMain } from './lib/packed.mjs';
import { inRoot } from './lib/paths.mjs';
import { faultsOn } from './lib/platform-faults.mjs';
import { compilePlugins } from './lib/platform-plugins.mjs';
import { makeProject, missingArchives } from './lib/platform-project.mjs';
import { CannotRun, RUNTIMES } from './lib/platform-runtimes.mjs';
import { readTrial, tableLines, writeTable } from './lib/platform-table.mjs';
import { PLATFORMS, packageOf } from './lib/platforms.mjs';
import { outcome, tail } from './lib/run.mjs';
import { main, StepFailure, say, step } from './lib/steps.mjs';
import { findZig } from './lib/zig.mjs';
import { setUp } from './setup.mjs';

const LINUX = ['inline', 'thread', 'process over shared-memory', 'process over pipe'];
const WINDOWS = ['inline', 'thread', 'process over pipe'];
const MACOS = ['inline', 'thread'];
/** The longest time of a trial in milliseconds. Emulated ones are slow. */
const LONGEST = 30 * 60_000;
const UNTRIED = 'nothing on this machine can run it';

/**
 * The rows of the table. `groups`: the tiers that must be there. `reason`: why a platform cannot be tried on another one.
 * The platform of this machine needs neither an emulator nor a reason.
 */
const TRIALS = [
  { name: 'linux-x64-gnu', runtime: 'native', groups: LINUX },
  { name: 'linux-arm64-gnu', runtime: 'qemu', groups: LINUX },
  { name: 'linux-x64-musl', runtime: 'musl', groups: LINUX },
  { name: 'linux-arm64-musl', groups: LINUX, reason: UNTRIED },
  { name: 'win32-x64', runtime: 'wine', groups: WINDOWS },
  { name: 'win32-arm64', groups: WINDOWS, reason: UNTRIED },
  { name: 'darwin-x64', groups: MACOS, reason: UNTRIED },
  { name: 'darwin-arm64', groups: MACOS, reason: UNTRIED },
  {
    name: 'Bun',
    platform: 'linux-x64-gnu',
    runtime: 'bun',
    groups: ['inline', 'thread', 'process over pipe'],
  },
  { name: 'Deno', platform: 'linux-x64-gnu', runtime: 'deno', groups: ['inline'] },
];

/** Reads the tables of faults, which are TypeScript without anything but data. */
async function readFaults() {
  const { build } = await import('esbuild');
  const folder = mkdtempSync(join(tmpdir(), 'tenon-faults-'));
  try {
    const outfile = join(folder, 'table-load.mjs');
    const entryPoints = [inRoot('test', 'faults', 'table-load.ts')];
    await build({ entryPoints, outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'silent' });
    const { loadRows } = await import(pathToFileURL(outfile).href);
    return loadRows.filter(({ where }) => where === 'load');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Crashes that the process tier contains. */
const CRASHES = ['process-segfault', 'process-abort', 'process-exit'].map((library) => ({
  library,
  isolated: 'ERR_TENON_CRASHED',
}));

/**
 * Runs the trial, and ends it with everything that it started if it takes too long. The output goes to a file, because
 * Node.js cannot write to a pipe under Wine.
 */
function runTrial({ command, args, env = {} }, cwd) {
  const log = join(cwd, 'output.log');
  const file = openSync(log, 'w');
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', file, file],
      detached: true,
    });
    closeSync(file);
    const end = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group has no processes left.
      }
    };
    const timer = setTimeout(end, LONGEST);
    const settle = (result) => {
      clearTimeout(timer);
      resolve({ output: readFileSync(log, 'utf8'), ...result });
    };
    child.once('error', (error) => settle({ code: null, signal: null, output: error.message }));
    child.once('exit', (code, signal) => {
      end();
      settle({ code, signal });
    });
  });
}

const extensionOf = ({ os }) => ({ win32: '.dll', darwin: '.dylib' })[os] ?? '.so';

/** Returns the settings of the trial, with the paths by which the program knows the files. */
function configOf(platform, { plugins, faults }, place, loadFaults) {
  const extension = extensionOf(platform);
  return {
    plugins: place(plugins),
    faults: place(faults),
    extension,
    probeTimeout: 20_000,
    loadFaults: faultsOn(loadFaults, platform),
    crashes: CRASHES,
    files: [{ os: platform.os, arch: platform.cpu, path: place(join(plugins, `echo${extension}`)) }],
    check: platform.os === 'linux',
  };
}

/** Copies the folders of plugins to where the program sees them. */
function provide(compiled, base) {
  const copies = Object.entries(compiled).map(([kind, from]) => {
    const to = join(base, kind);
    if (existsSync(from) && from !== to) cpSync(from, to, { recursive: true });
    return [kind, to];
  });
  return Object.fromEntries(copies);
}

/** Returns the folders of the plugins: those of this checkout if they are for the platform, otherwise compiled ones. */
async function pluginsOf(platform, zig, folder) {
  const built = { plugins: inRoot('build', 'plugins'), faults: inRoot('build', 'faults') };
  const isBuilt = existsSync(built.plugins) && existsSync(built.faults);
  return platform === HERE && isBuilt ? built : compilePlugins(platform, await zig(), folder);
}

/** Tries one platform. @returns {Promise<import('./lib/platform-table.mjs').Result>} */
async function tryPlatform({ name, platform: of = name, runtime: kind, groups }, { zig, loadFaults }) {
  const platform = PLATFORMS.find((one) => one.name === of);
  const lacking = missingArchives(platform);
  if (lacking.length > 0)
    throw new CannotRun(`${basename(lacking[0])} is not packed (npm run build:platforms)`);
  const folder = inRoot('build', 'platforms', of);
  const modules = (base) => join(base, 'project', 'node_modules', ...packageOf(platform).split('/'));
  const runtime = await RUNTIMES[kind]({ folder, compiled: modules(folder) });
  const base = runtime.inside ?? folder;
  const plugins = provide(await pluginsOf(platform, zig, folder), base);
  const project = join(base, 'project');
  await makeProject(platform, project);
  const [config, results] = ['config.json', 'results.jsonl'].map((file) => join(project, file));
  writeFileSync(config, JSON.stringify(configOf(platform, plugins, runtime.place, loadFaults)));
  writeFileSync(results, '');
  try {
    const args = [join(project, 'trial.mjs'), config, results].map(runtime.place);
    const ended = await runTrial(runtime.command(args), project);
    const trial = readTrial(readFileSync(results, 'utf8'));
    if (!trial.ended || ended.code !== 0)
      trial.problems.push(`${outcome(ended)}: ${tail(ended.output.trim(), 4)}`);
    for (const group of groups.filter((one) => !trial.groups.has(one)))
      trial.problems.push(`${group}: not available: ${JSON.stringify(trial.capabilities)}`);
    const state = trial.problems.length === 0 ? 'works' : 'fails';
    return { name, runtime: runtime.label, state, ...trial };
  } finally {
    await runtime.end?.();
  }
}

/** Tries one row, or says why it cannot be tried. */
async function tryRow(row, tools) {
  const skipped = { name: row.name, runtime: '–', state: 'skipped' };
  const isHere = row.name === HERE?.name;
  if (row.reason !== undefined && !isHere) return { ...skipped, reason: row.reason };
  try {
    return await tryPlatform(isHere ? { ...row, runtime: 'native' } : row, tools);
  } catch (error) {
    if (error instanceof CannotRun) return { ...skipped, reason: error.message };
    if (error instanceof StepFailure)
      return { ...skipped, state: 'fails', groups: new Map(), problems: [error.message] };
    throw error;
  }
}

function choose(names) {
  const unknown = names.find((name) => !TRIALS.some((row) => row.name === name));
  if (unknown !== undefined)
    throw new StepFailure(
      `There is no platform ${unknown}, only ${TRIALS.map(({ name }) => name).join(', ')}.`,
    );
  return TRIALS.filter(({ name }) => names.length === 0 || names.includes(name));
}

await main(import.meta.url, async () => {
  const { values, positionals } = parseArgs({
    options: { write: { type: 'boolean' } },
    allowPositionals: true,
  });
  const rows = choose(positionals);
  if (values.write && rows.length < TRIALS.length) throw new StepFailure('--write needs all platforms.');
  await setUp({ uses: ['build'] });
  let found;
  const zig = async () => {
    found ??= await findZig();
    return found;
  };
  // Of this build, and with what is packed for the platforms now.
  await step('main package', packMain);
  const tools = { zig, loadFaults: await readFaults() };
  const results = [];
  for (const row of rows)
    await step(row.name, async () => {
      results.push(await tryRow(row, tools));
      return results.at(-1).state;
    });
  console.log('');
  for (const line of tableLines(results)) console.log(line);
  if (values.write) writeTable(results);
  const count = (state) => results.filter((result) => result.state === state).length;
  say(`${count('works')} passed, ${count('fails')} failed, ${count('skipped')} skipped`);
  return count('fails') === 0 && count('works') > 0 ? 0 : 1;
});
