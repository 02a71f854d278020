/**
 * Compiles src. `dist` is published: it has the types of each module, the code of all modules in a few files, because
 * Node.js needs twice the time to load a hundred small modules, and the headers of Node-API. `build/modules` has the
 * code of each module, for tests and benchmarks of parts that are not exported. There are no source maps, because
 * published ones would refer to missing sources.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { ENTRY_POINTS, writeCommonJsTypes } from './commonjs-types.mjs';
import { copyNodeHeaders, HEADERS } from './node-headers.mjs';
import { inRoot } from './paths.mjs';
import { runNode } from './run.mjs';
import { digest, filesBelow, isStamped, stamp, unstamp } from './stamps.mjs';
import { mustSucceed } from './steps.mjs';

const STAMP = 'typescript';
const GENERATORS = ['typescript.mjs', 'commonjs-types.mjs', 'node-headers.mjs'].map((name) =>
  inRoot('scripts', 'lib', name),
);
const MODULES = inRoot('build', 'modules');
const DIST = inRoot('dist');

/** Entry points without types: the command, and the programs of child processes. */
const PROGRAMS = ['cli/main', 'cli/worker', 'admission/probe-child'];

/** Runs the compiler of the repository. */
export const runTsc = (args) => runNode([inRoot('node_modules', 'typescript', 'bin', 'tsc'), ...args]);

/** Returns the path of a source below src, without its extension. */
const nameOf = (source) => relative(inRoot('src'), source).replace(/\.ts$/, '');

/** Returns the outputs whose names are known in advance: all except the shared files of dist. */
const outputsOf = (names) => [
  ...names.flatMap((name) => [join(MODULES, `${name}.js`), join(DIST, `${name}.d.ts`)]),
  ...[...ENTRY_POINTS, ...PROGRAMS].map((name) => join(DIST, `${name}.js`)),
  ...ENTRY_POINTS.map((entry) => join(DIST, `${entry}.d.cts`)),
  join(HEADERS, 'napi.h'),
];

/**
 * Bundles the modules into one file per entry point. Code that entry points share goes into dist/shared. A bundler
 * that turns constants of modules into variables (esbuild does) makes calls about 5 % slower.
 */
async function bundle() {
  const { rolldown } = await import('rolldown');
  rmSync(join(DIST, 'shared'), { recursive: true, force: true });
  const bundled = await rolldown({
    input: Object.fromEntries(
      [...ENTRY_POINTS, ...PROGRAMS].map((name) => [name, join(MODULES, `${name}.js`)]),
    ),
    platform: 'node',
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    logLevel: 'warn',
  });
  await bundled.write({
    dir: DIST,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name]-[hash].js',
    comments: false,
  });
  await bundled.close();
}

/** Removes outputs of earlier sources: a deleted module must not stay importable. */
function prune(folder, isKept) {
  mkdirSync(folder, { recursive: true });
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !isKept(path)) rmSync(path);
  }
}

export async function compileTypeScript() {
  const sources = filesBelow([inRoot('src')]).filter((file) => file.endsWith('.ts'));
  const inputs = digest([...sources, inRoot('tsconfig.json'), inRoot('package-lock.json'), ...GENERATORS]);
  const outputs = outputsOf(sources.map(nameOf));
  if (isStamped(STAMP, inputs) && outputs.every((file) => existsSync(file))) return 'up to date';
  unstamp(STAMP);
  const options = ['--outDir', MODULES, '--declarationDir', DIST];
  const compiled = await runTsc(['-p', inRoot('tsconfig.json'), ...options]);
  mustSucceed(compiled, 'The TypeScript compiler', 'typescript');
  await bundle();
  await writeCommonJsTypes();
  copyNodeHeaders();
  const kept = new Set(outputs);
  const folders = [join(DIST, 'shared'), HEADERS];
  prune(MODULES, (path) => kept.has(path));
  prune(DIST, (path) => kept.has(path) || folders.some((folder) => path.startsWith(join(folder, '/'))));
  stamp(STAMP, inputs);
  return 'compiled';
}
