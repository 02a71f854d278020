/** Compiles the example plugins and the fault plugins for another platform. */
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';
import { mustSucceed } from './steps.mjs';
import { findCommand, findTool } from './tools.mjs';
import { writeToolchain } from './zig.mjs';

/** gzip is left out, because it needs a zlib for the platform. */
const PLUGINS = ['echo', 'wordcount', 'metronome', 'math', 'text', 'shout', 'text-cpp'];

/**
 * @param {import('./platforms.mjs').Platform} platform
 * @param {string} zig
 * @param {string} out the build tree
 * @returns {Promise<{plugins: string, faults: string}>} the folders with the libraries
 */
export async function compilePlugins(platform, zig, out) {
  const name = `plugins-${platform.name}`;
  const tree = join(out, 'tree');
  rmSync(join(tree, 'CMakeCache.txt'), { force: true });
  const toolchain = writeToolchain(zig, platform, join(out, 'tools'));
  const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: inRoot('build', 'zig-cache') };
  for (const variable of ['CC', 'CXX', 'CFLAGS', 'CXXFLAGS', 'LDFLAGS']) delete env[variable];
  const ninja = findCommand(['ninja']) === undefined ? [] : ['-G', 'Ninja'];
  const definitions = [
    `CMAKE_TOOLCHAIN_FILE=${toolchain}`,
    'CMAKE_BUILD_TYPE=Release',
    // CMake asks for a zlib even though nothing that needs it is compiled.
    `ZLIB_INCLUDE_DIR=${inRoot('include')}`,
    `ZLIB_LIBRARY=${inRoot('include', 'tenon.h')}`,
    ...['plugins', 'faults'].map((kind) => `TENON_${kind.toUpperCase()}_DIR=${join(out, kind)}`),
  ].map((definition) => `-D${definition}`);
  const configured = await run(
    findTool('cmake'),
    ['-S', inRoot('plugins-c'), '-B', tree, ...ninja, ...definitions],
    { env },
  );
  mustSucceed(configured, `Configuring the plugins for ${platform.name} (cmake)`, name);
  const targets = [...PLUGINS.map((plugin) => `plugin-${plugin}`), 'faults'];
  const parallel = ['--parallel', String(availableParallelism())];
  const built = await run(findTool('cmake'), ['--build', tree, ...parallel, '--target', ...targets], { env });
  mustSucceed(built, `Compiling the plugins for ${platform.name} (cmake --build)`, name);
  return { plugins: join(out, 'plugins'), faults: join(out, 'faults') };
}
