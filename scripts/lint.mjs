/**
 * Lint and format: `npm run lint` checks. `npm run format` is the same with `--write`, which fixes what it can.
 */
import { findCargo, hasCargoTool } from './lib/cargo.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { toolsAreRequired } from './lib/provide.mjs';
import { run, runNode, tail } from './lib/run.mjs';
import { runCargo } from './lib/rust.mjs';
import { filesBelow } from './lib/stamps.mjs';
import { main, say } from './lib/steps.mjs';
import { findClangFormat } from './lib/tools.mjs';
import { setUp } from './setup.mjs';

/** The clang-format version of the repository. Other versions break lines in other places. */
const CLANG_FORMAT_VERSION = 15;

/**
 * The result of a check. `needs`: the missing tool for which it was skipped, by its name in the table.
 *
 * @typedef {{name: string, state: 'passed' | 'failed' | 'skipped', text?: string, needs?: string}} CheckResult
 */

const CORPUS_MANIFEST = inRoot('test', 'check', 'plugins', 'rust', 'Cargo.toml');

/** Returns the result of a check that cannot run here. It is a failure where every tool is required. */
const skipped = (name, needs, text) => ({
  name,
  state: toolsAreRequired ? 'failed' : 'skipped',
  needs,
  text,
});

const judge = (name, { ok, output }) =>
  ok ? { name, state: 'passed' } : { name, state: 'failed', text: tail(output, 80) };

async function biome(write) {
  const args = ['check', '--error-on-warnings', ...(write ? ['--write'] : [])];
  return judge(
    'Biome',
    await runNode([inRoot('node_modules', '@biomejs', 'biome', 'bin', 'biome'), ...args]),
  );
}

const nativeSources = () =>
  filesBelow(
    ['include', 'native', 'plugins-c', 'bench', 'examples', 'test'].map((folder) => inRoot(folder)),
  ).filter((file) => /\.(c|h|cc)$/.test(file));

async function clangFormat(write) {
  const name = 'clang-format';
  const command = findClangFormat();
  if (command === undefined) return skipped(name, 'clangFormat', 'clang-format is missing');
  const mode = write ? ['-i'] : ['--dry-run', '-Werror'];
  const result = await run(command, ['--style=file', ...mode, ...nativeSources()]);
  const { output } = await run(command, ['--version']);
  const version = Number(/version (\d+)/.exec(output)?.[1]);
  if (result.ok || version === CLANG_FORMAT_VERSION) return judge(name, result);
  const text = `This is clang-format ${version}; the repository is formatted by version ${CLANG_FORMAT_VERSION}, whose output differs.`;
  return skipped(name, 'clangFormat', text);
}

/** Runs a tool of cargo. The tools are separate packages. Without the package the check is skipped. */
async function cargoTool(cargo, name, args, manifest) {
  const [tool] = args;
  if (await hasCargoTool(cargo, tool)) return judge(name, await runCargo(cargo, args, { manifest }));
  return skipped(name, tool === 'fmt' ? 'rustfmt' : tool, `cargo ${tool} is missing`);
}

async function rust(write) {
  const cargo = await findCargo();
  const names = ['cargo fmt', 'cargo fmt of the corpus', 'cargo clippy'];
  if ('missing' in cargo) return names.map((name) => skipped(name, 'cargo', cargo.missing));
  const mode = ['--all', ...(write ? [] : ['--check'])];
  const formats = [await cargoTool(cargo, names[0], ['fmt', ...mode])];
  // The crates of the corpus are a workspace of their own.
  formats.push(await cargoTool(cargo, names[1], ['fmt', ...mode], CORPUS_MANIFEST));
  const clippy = ['clippy', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings'];
  return write ? formats : [...formats, await cargoTool(cargo, names[2], clippy)];
}

/**
 * Runs all checks, even if one fails.
 *
 * @returns {Promise<CheckResult[]>}
 */
export async function lint({ write = false } = {}) {
  const results = [];
  for (const check of [biome, clangFormat, rust]) {
    for (const result of [await check(write)].flat()) {
      results.push(result);
      printCheck(result);
    }
  }
  return results;
}

/** Prints the result of a check, and its findings. */
export function printCheck({ name, state, text }) {
  say(`${name}: ${state === 'passed' ? 'passed' : state.toUpperCase()}`);
  if (text !== undefined) console.log(text.replaceAll(`${root}/`, '').replace(/^/gm, '    '));
}

await main(import.meta.url, async () => {
  await setUp({ uses: ['build', 'rust', 'lint'] });
  const results = await lint({ write: process.argv.includes('--write') });
  return results.some(({ state }) => state === 'failed') ? 1 : 0;
});
