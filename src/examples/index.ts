/**
 * The example plugins of this package, for first experiments and for documentation:
 *
 * ```js
 * import { PluginHost } from 'tenon';
 * import { examplePlugins } from 'tenon/examples';
 *
 * const host = new PluginHost({ paths: [await examplePlugins()] });
 * ```
 *
 * Their C sources are in the folder `plugins-c`: `echo`, `wordcount`, `math` and `metronome`.
 * @module
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, TenonError } from '../base/errors.js';
import { packageRoot, packageVersion } from '../base/package.js';
import { makePrivateFolder } from '../base/private-folder.js';

const run = promisify(execFile);

/**
 * The names of the sources. Each is a single file that needs only a C compiler and the headers of this
 * package.
 */
const SOURCES = ['echo', 'wordcount', 'math', 'metronome'] as const;
const EXTENSION = { win32: '.dll', darwin: '.dylib' }[process.platform as 'win32' | 'darwin'] ?? '.so';

let found: Promise<string> | undefined;

/**
 * Returns a folder with the example plugins. If the build of this package made them, it is the build's
 * folder. Otherwise they are compiled, once per user and per version of this package, into a cache folder:
 * the one that the environment variable TENON_CACHE_DIR names, or one in the system's temporary folder.
 *
 * @throws TenonError ERR_TENON_UNSUPPORTED if they must be compiled, and the compiler fails or is missing.
 *   The compiler is `cc`, or the value of the environment variable CC
 * @throws TenonError ERR_TENON_UNTRUSTED if other users can write to the cache folder
 */
export function examplePlugins(): Promise<string> {
  found ??= find();
  found.catch(() => {
    found = undefined;
  });
  return found;
}

async function find(): Promise<string> {
  const built = join(packageRoot, 'build', 'plugins');
  if (SOURCES.every((name) => existsSync(join(built, `${name}${EXTENSION}`)))) return built;
  const cache = cacheFolder();
  const advice = 'Remove it, or set TENON_CACHE_DIR to another folder.';
  await makePrivateFolder(cache, 'the example plugins', advice);
  const folder = join(cache, `examples-${packageVersion()}`);
  if (existsSync(folder)) return folder;
  const making = await mkdtemp(`${folder}-`);
  try {
    for (const name of SOURCES) await compile(name, making);
    // The first process to rename its folder wins. The others have compiled the same files.
    await rename(making, folder).catch((error) => {
      if (!existsSync(folder)) throw error;
    });
    return folder;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

function cacheFolder(): string {
  const named = process.env['TENON_CACHE_DIR'];
  if (named !== undefined && named !== '') return named;
  return join(tmpdir(), `tenon-examples-${process.getuid?.() ?? 'user'}`);
}

async function compile(name: string, folder: string): Promise<void> {
  const compiler = process.env['CC'] || 'cc';
  const args = [
    ...['-std=c11', '-O2', '-shared', '-fPIC', '-fvisibility=hidden', '-D_POSIX_C_SOURCE=200809L'],
    ...[`-I${join(packageRoot, 'include')}`, join(packageRoot, 'plugins-c', `${name}.c`), '-lpthread'],
    ...['-o', join(folder, `${name}${EXTENSION}`)],
  ];
  try {
    await run(compiler, args);
  } catch (cause) {
    throw new TenonError(
      'ERR_TENON_UNSUPPORTED',
      `Cannot compile the example plugin ${name}: ${messageOf(cause)}. Install a C compiler (cc, or set the environment variable CC to one).`,
      { cause },
    );
  }
}
