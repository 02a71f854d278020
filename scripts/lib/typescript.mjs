/** Compiles src to dist, without source maps: what is published has no sources that they could point to. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ENTRY_POINTS, writeCommonJsTypes } from './commonjs-types.mjs';
import { inRoot } from './paths.mjs';
import { runNode } from './run.mjs';
import { digest, filesBelow, isStamped, stamp, unstamp } from './stamps.mjs';
import { mustSucceed } from './steps.mjs';

const STAMP = 'typescript';
const GENERATOR = inRoot('scripts', 'lib', 'commonjs-types.mjs');

/** Runs the compiler of the repository. */
export const runTsc = (args) => runNode([inRoot('node_modules', 'typescript', 'bin', 'tsc'), ...args]);

const outputOf = (source, ending) => inRoot('dist', relative(inRoot('src'), source).replace(/\.ts$/, ending));

/** All that is in dist when it was compiled. */
const outputsOf = (sources) => [
  ...['.js', '.d.ts'].flatMap((ending) => sources.map((source) => outputOf(source, ending))),
  ...ENTRY_POINTS.map((entry) => inRoot('dist', `${entry}.d.cts`)),
];

/** Removes what earlier sources left in dist: a deleted module must not stay importable. */
function prune(sources) {
  const kept = new Set(outputsOf(sources));
  for (const entry of readdirSync(inRoot('dist'), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !kept.has(path)) rmSync(path);
  }
}

export async function compileTypeScript() {
  const sources = filesBelow([inRoot('src')]).filter((file) => file.endsWith('.ts'));
  const inputs = digest([...sources, inRoot('tsconfig.json'), inRoot('package-lock.json'), GENERATOR]);
  if (isStamped(STAMP, inputs) && outputsOf(sources).every((file) => existsSync(file))) return 'up to date';
  unstamp(STAMP);
  mustSucceed(await runTsc(['-p', inRoot('tsconfig.json')]), 'The TypeScript compiler', 'typescript');
  await writeCommonJsTypes();
  prune(sources);
  stamp(STAMP, inputs);
  return 'compiled';
}
