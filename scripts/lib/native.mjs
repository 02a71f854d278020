/** Builds what is C and C++: the addon, the runner, the C plugins, the fault plugins and the contenders of the benchmark. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { inRoot, root } from './paths.mjs';
import { run } from './run.mjs';
import { digest, isStamped, stamp, unstamp } from './stamps.mjs';
import { mustSucceed } from './steps.mjs';
import { findCommand, findTool } from './tools.mjs';

/** The build tree that everything but the sanitized run uses. */
export const BUILD = inRoot('build');

/** A checkout is held to no warnings; the published package, which npm's hook builds, must not break over one. */
const CHECKOUT = ['TENON_WERROR=ON'];

/** CMake refuses a cache that was made elsewhere, which is what a moved or copied checkout has. */
function discardCache(out) {
  for (const name of ['CMakeCache.txt', 'CMakeFiles'])
    rmSync(join(out, name), { recursive: true, force: true });
}

const hasCache = (out) => {
  try {
    return readFileSync(join(out, 'CMakeCache.txt'), 'utf8').includes(
      `CMAKE_HOME_DIRECTORY:INTERNAL=${root}\n`,
    );
  } catch {
    return false;
  }
};

/** Ninja is faster where it is there; otherwise CMake chooses. */
const generator = () =>
  process.env.CMAKE_GENERATOR === undefined && findCommand(['ninja']) !== undefined ? ['-G', 'Ninja'] : [];

/** CMake itself watches its own files afterwards. */
async function configure(out, definitions) {
  const { CC, CXX, CFLAGS, CXXFLAGS, LDFLAGS, CMAKE_GENERATOR } = process.env;
  const surroundings = { CC, CXX, CFLAGS, CXXFLAGS, LDFLAGS, CMAKE_GENERATOR };
  // The top-level file looks which parts are there; CMake does not notice when one is added.
  const parts = ['native', 'plugins-c', 'bench/native'].filter((part) =>
    existsSync(inRoot(part, 'CMakeLists.txt')),
  );
  const given = [
    ...generator(),
    '-DCMAKE_BUILD_TYPE=Release',
    `-DTENON_NODE=${process.execPath}`,
    ...definitions.map((definition) => `-D${definition}`),
  ];
  const inputs = digest([inRoot('package-lock.json')], out, given, surroundings, parts);
  const name = 'stamps/cmake';
  const fileOf = () => join(out, name);
  if (isStamped(name, inputs, fileOf) && hasCache(out)) return;
  unstamp(name, fileOf);
  discardCache(out);
  mustSucceed(
    await run(findTool('cmake'), ['-S', root, '-B', out, ...given]),
    'Configuring the native parts (cmake)',
    'cmake-configure',
  );
  stamp(name, inputs, fileOf);
}

/** @throws {StepFailure} if the build of the targets fails; no targets are all that are built by default */
async function build(out, targets) {
  const chosen = targets.length === 0 ? [] : ['--target', ...targets];
  const args = [
    '--build',
    out,
    '--config',
    'Release',
    '--parallel',
    String(availableParallelism()),
    ...chosen,
  ];
  const what = targets.length === 0 ? 'the native parts' : targets.join(' and ');
  mustSucceed(await run(findTool('cmake'), args), `Building ${what} (cmake --build)`, 'cmake-build');
}

/**
 * Configures and builds.
 *
 * @param {readonly string[]} targets beside the default ones: `faults`, `bench-native`
 * @param {{out?: string, definitions?: readonly string[]}} [options] `NAME=value` each, for CMake
 */
export async function buildNative(targets = [], { out = BUILD, definitions = [] } = {}) {
  await configure(out, [...CHECKOUT, ...definitions]);
  await build(out, []);
  if (targets.length > 0) await build(out, targets);
}
