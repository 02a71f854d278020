/**
 * The example plugins of this package, for a first try and for documentation:
 *
 *     import { PluginHost } from 'tenon';
 *     import { examplePlugins } from 'tenon/examples';
 *
 *     const host = new PluginHost({ paths: [await examplePlugins()] });
 *
 * They are the C sources of the folder `plugins-c`: `echo`, `wordcount`, `math` and `metronome`.
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

/** Each is one file that needs nothing but a C compiler and this package's headers. */
const SOURCES = ['echo', 'wordcount', 'math', 'metronome'] as const;
const EXTENSION = { win32: '.dll', darwin: '.dylib' }[process.platform as 'win32' | 'darwin'] ?? '.so';

let found: Promise<string> | undefined;

/**
 * A folder with the example plugins: the one that the build of this package made or, where there is none, one in which they are compiled
 * now, once for each version of this package and user.
 *
 * @throws TenonError ERR_TENON_UNSUPPORTED if they have to be compiled, and there is no C compiler (`cc`, or what the environment
 *   variable CC names)
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
  const advice = 'Remove it, or set TENON_CACHE_DIR to another one.';
  await makePrivateFolder(cache, 'the example plugins', advice);
  const folder = join(cache, `examples-${packageVersion()}`);
  if (existsSync(folder)) return folder;
  const making = await mkdtemp(`${folder}-`);
  try {
    for (const name of SOURCES) await compile(name, making);
    // Whoever is first wins; the others have made the same.
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
      `Cannot compile the example plugin ${name}: ${messageOf(cause)}. Install a C compiler (cc, or name one in the environment variable CC).`,
      { cause },
    );
  }
}
