/**
 * Builds the contenders of the benchmark that come from package registries: a function of napi-rs, built with cargo,
 * and a WebAssembly component, translated by jco. Only `npm run bench` builds them. One that cannot be built is skipped,
 * with the reason.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { inRoot, librarySuffix } from './paths.mjs';
import { run, runNode, runNpm, tail } from './run.mjs';
import { copyIfChanged, runCargo } from './rust.mjs';
import { digest, isStamped, stamp, unstamp } from './stamps.mjs';
import { say, step } from './steps.mjs';

const NAPI_ADDON = inRoot('build', 'bench', 'napi.node');
const JCO = inRoot('bench', 'native', 'jco');
const JCO_OUT = inRoot('build', 'bench', 'jco');
const JCO_FILES = ['package.json', 'package-lock.json', 'find.wit', 'find.c', 'transpile.mjs'];
const CLANG = ['--target=wasm32', '-O3', '-ffreestanding', '-nostdlib', '-Wl,--no-entry'];

/** @param {{command: string, env: NodeJS.ProcessEnv} | undefined} cargo */
export async function buildContenders(cargo) {
  await step('napi-rs, a contender', () => skipped(NAPI_ADDON, () => buildNapi(cargo)));
  await step('jco, a contender', () => skipped(JCO_OUT, buildJco));
}

/** Builds, or removes what an earlier build made, so that nothing old is measured. */
async function skipped(output, build) {
  try {
    return await build();
  } catch (error) {
    rmSync(output, { recursive: true, force: true });
    say(error.message);
    return 'SKIPPED';
  }
}

async function buildNapi(cargo) {
  if (cargo === undefined) throw new Error('napi-rs: there is no cargo.');
  const manifest = inRoot('bench', 'native', 'napi', 'Cargo.toml');
  must(await runCargo(cargo, ['build', '--release', '--locked'], { manifest }), 'cargo build');
  const name = { win32: 'bench_napi' }[process.platform] ?? 'libbench_napi';
  copyIfChanged(inRoot('plugins-rust', 'target', 'release', name + librarySuffix), NAPI_ADDON);
}

async function buildJco() {
  const inputs = digest(
    JCO_FILES.map((name) => `${JCO}/${name}`),
    CLANG,
  );
  if (isStamped('jco', inputs) && existsSync(`${JCO_OUT}/find.js`)) return 'up to date';
  unstamp('jco');
  mkdirSync(JCO_OUT, { recursive: true });
  for (const name of JCO_FILES) copyFileSync(`${JCO}/${name}`, `${JCO_OUT}/${name}`);
  const here = { cwd: JCO_OUT };
  must(await run('clang', [...CLANG, '-o', 'find.wasm', 'find.c'], here), 'clang --target=wasm32');
  must(await runNpm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], here), 'npm ci');
  must(await runNode(['transpile.mjs'], here), 'jco');
  stamp('jco', inputs);
  return 'built';
}

function must({ ok, output }, what) {
  if (!ok) throw new Error(`${what} failed. The end of its output:\n${tail(output, 10)}`);
}
