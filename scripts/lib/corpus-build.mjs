/** Builds the corpus of the safety suite: the plugins of test/check/plugins. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { CORRECT, MISTAKES } from '../../test/check/plugins/table.mjs';
import { findCargo } from './cargo.mjs';
import { flagsOf, LIBRARIES } from './corpus-libraries.mjs';
import { inRoot, librarySuffix } from './paths.mjs';
import { run, tail } from './run.mjs';
import { copyIfChanged } from './rust.mjs';
import { digest, isStamped, stamp, unstamp } from './stamps.mjs';
import { mustSucceed } from './steps.mjs';
import { findTool } from './tools.mjs';

const PLUGINS = inRoot('test', 'check', 'plugins');
const OUT = inRoot('build', 'corpus');
const RUST = join(PLUGINS, 'rust');
const TARGET = join(OUT, 'target');

/** The variants of the plugins: without a sanitizer, or with one. */
export const VARIANTS = ['plain', 'address', 'undefined', 'thread'];

/** All plugins of the corpus. */
export const CORPUS = [...CORRECT, ...MISTAKES];

const isCrate = ({ source }) => source.startsWith('rust/');

/** Returns the path of a built plugin, whether it exists or not. */
export const corpusFile = ({ name }, variant = 'plain') => join(OUT, variant, name + librarySuffix);

/** Returns the path of the driver for valgrind. */
export const driverFile = () => join(OUT, 'driver');

/** Returns the input that a plugin understands, or undefined. */
export const inputOf = ({ input }) => (input === undefined ? undefined : join(PLUGINS, 'inputs', input));

const COMMON = ['-g', '-fPIC', '-pthread', '-Wall', '-Wextra', '-Wpedantic', '-D_DEFAULT_SOURCE'];

function flagsFor({ source, defines }, variant) {
  const language = source.endsWith('.cc') ? ['-std=c++17', '-fvisibility-inlines-hidden'] : ['-std=c11'];
  const sanitized = ['-O1', '-fno-omit-frame-pointer', `-fsanitize=${variant}`];
  return [
    ...language,
    ...COMMON,
    '-D_POSIX_C_SOURCE=200809L',
    ...(variant === 'plain' ? ['-O2', '-Wl,-z,defs'] : sanitized),
    ...['-shared', '-fvisibility=hidden', '-Wl,-z,relro,-z,now', `-I${inRoot('include')}`],
    ...defines.map((name) => `-D${name}`),
  ];
}

/** Compiles a file, unless it is up to date. Returns the compiler's output if it failed. */
async function compile(source, target, flags) {
  const compiler = findTool(source.endsWith('.cc') ? 'cxx' : 'cc');
  const inputs = digest([source, inRoot('include', 'tenon.h')], compiler, flags);
  const fileOf = () => `${target}.stamp`;
  if (existsSync(target) && isStamped('', inputs, fileOf)) return undefined;
  unstamp('', fileOf);
  rmSync(target, { force: true });
  const [options, libraries] = [flags.filter((flag) => !isLibrary(flag)), flags.filter(isLibrary)];
  const result = await run(compiler, [...options, source, '-o', target, ...libraries]);
  if (!result.ok) return tail(result.output, 12);
  stamp('', inputs, fileOf);
  return undefined;
}

const isLibrary = (flag) => flag.startsWith('-l');

/** Builds one C or C++ plugin. Returns the reason if this system cannot. */
async function buildOne(plugin, variant) {
  const flags = flagsFor(plugin, variant);
  for (const library of plugin.libraries) {
    const more = await flagsOf(library);
    if (more === undefined) return `${LIBRARIES[library].pkg} is missing (Debian: ${LIBRARIES[library].apt})`;
    flags.push(...more);
  }
  const failure = await compile(join(PLUGINS, plugin.source), corpusFile(plugin, variant), flags);
  if (failure !== undefined)
    mustSucceed({ ok: false, code: 1, signal: null, output: failure }, plugin.source, 'corpus');
  return undefined;
}

/** Builds the crates and copies them. Returns the reason if this system cannot. */
async function buildCrates(plugins) {
  if (plugins.length === 0) return undefined;
  const cargo = await findCargo();
  if ('missing' in cargo) return cargo.missing;
  const args = ['build', '--release', '--locked', '--manifest-path', join(RUST, 'Cargo.toml')];
  const env = { ...cargo.env, CARGO_TARGET_DIR: TARGET };
  mustSucceed(await run(cargo.command, args, { env }), 'Building the crates of the corpus', 'corpus-cargo');
  for (const plugin of plugins) {
    const crate = plugin.source.slice(plugin.source.lastIndexOf('/') + 1).replaceAll('-', '_');
    copyIfChanged(join(TARGET, 'release', `libcorpus_${crate}${librarySuffix}`), corpusFile(plugin));
  }
  return undefined;
}

/** Runs `work` for all items, as many at a time as there are processors. */
async function inParallel(items, work) {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

/**
 * Builds plugins of the corpus.
 *
 * @param {(plugin: import('../../test/check/plugins/table.mjs').CorpusPlugin, variant: string) => boolean} [wanted]
 *   chooses the plugins and their variants
 * @returns {Promise<Map<string, string>>} the plugins that this system cannot build, with the reasons
 */
export async function buildCorpus(wanted = () => true) {
  for (const variant of VARIANTS) mkdirSync(join(OUT, variant), { recursive: true });
  const skipped = new Map();
  const jobs = CORPUS.filter((plugin) => !isCrate(plugin)).flatMap((plugin) =>
    VARIANTS.filter((variant) => wanted(plugin, variant)).map((variant) => ({ plugin, variant })),
  );
  await inParallel(jobs, async ({ plugin, variant }) => {
    const reason = await buildOne(plugin, variant);
    if (reason !== undefined) skipped.set(plugin.name, reason);
  });
  const crates = CORPUS.filter((plugin) => isCrate(plugin) && wanted(plugin, 'plain'));
  const reason = await buildCrates(crates);
  if (reason !== undefined) for (const { name } of crates) skipped.set(name, reason);
  return skipped;
}

/**
 * The plugins that `npm test` checks: every fourth one in C or C++, since crates take minutes to build. All of them with
 * TENON_TEST_ALL=1.
 */
export const TESTED =
  process.env.TENON_TEST_ALL === '1'
    ? CORPUS
    : CORPUS.filter((plugin) => !isCrate(plugin)).filter((_, index) => index % 4 === 0);

/** Builds the plugins that `npm test` checks. @returns {Promise<string>} a summary */
export async function buildTestedCorpus() {
  const isTested = (plugin, variant) =>
    TESTED.includes(plugin) &&
    (variant === 'plain' || (plugin.found === 'sanitize' && plugin.checks.includes(`sanitize/${variant}`)));
  const skipped = await buildCorpus(isTested);
  return skipped.size === 0 ? 'done' : `SKIPPED ${[...skipped.keys()].join(', ')}`;
}

/** Builds the driver for valgrind. */
export async function buildDriver() {
  const flags = ['-std=c11', ...COMMON, '-O1', '-D_POSIX_C_SOURCE=200809L', `-I${inRoot('include')}`, '-ldl'];
  const failure = await compile(join(PLUGINS, 'driver.c'), driverFile(), flags);
  if (failure !== undefined)
    mustSucceed({ ok: false, code: 1, signal: null, output: failure }, 'driver.c', 'corpus');
}
