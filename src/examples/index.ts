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
 * Their C sources are in the folder `plugins-c`: `echo`, `wordcount`, `math`, `text` and `metronome`. The connectors of
 * flows are in `plugins-c/flow`.
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

/** Plugins that are compiled together. Each is one source, which needs only a C compiler and this package's headers. */
interface Collection {
  /** The folder of the libraries below `build/plugins`, and of the sources below `plugins-c`. */
  readonly folder: string;
  /** The plugins, each with its source if that has another name. */
  readonly plugins: Readonly<Record<string, string | null>>;
  found?: Promise<string> | undefined;
}

const EXAMPLES: Collection = {
  folder: '',
  plugins: { echo: null, wordcount: null, math: null, text: null, metronome: null },
};
const CONNECTORS: Collection = {
  folder: 'flow',
  plugins: {
    ...{ blaster: null, 'metronome-source': 'metronome', tail: null, lines: null, 'length-prefixed': null },
    ...{ file: null, blackhole: null, 'tcp-source': null, 'tcp-sink': null },
  },
};
const EXTENSION = { win32: '.dll', darwin: '.dylib' }[process.platform as 'win32' | 'darwin'] ?? '.so';

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
  return folderOf(EXAMPLES);
}

/**
 * Returns a folder with connectors for flows: `blaster`, `metronome-source`, `tail`, `tcp-source`, `lines`,
 * `length-prefixed`, `file`, `tcp-sink` and `blackhole`. They are built or compiled as {@link examplePlugins} are. A
 * build also has those that need a library or Rust, for example `gzip-stream`.
 *
 * @throws TenonError as {@link examplePlugins}
 */
export function exampleConnectors(): Promise<string> {
  return folderOf(CONNECTORS);
}

function folderOf(collection: Collection): Promise<string> {
  collection.found ??= find(collection);
  collection.found.catch(() => {
    collection.found = undefined;
  });
  return collection.found;
}

async function find({ folder: name, plugins }: Collection): Promise<string> {
  const built = join(packageRoot, 'build', 'plugins', name);
  if (Object.keys(plugins).every((plugin) => existsSync(join(built, `${plugin}${EXTENSION}`)))) return built;
  const cache = cacheFolder();
  const advice = 'Remove it, or set TENON_CACHE_DIR to another folder.';
  await makePrivateFolder(cache, 'the example plugins', advice);
  const folder = join(cache, `examples-${packageVersion()}${name === '' ? '' : `-${name}`}`);
  if (existsSync(folder)) return folder;
  const making = await mkdtemp(`${folder}-`);
  try {
    for (const [plugin, source] of Object.entries(plugins))
      await compile(plugin, join(name, source ?? plugin), making);
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

async function compile(name: string, source: string, folder: string): Promise<void> {
  const compiler = process.env['CC'] || 'cc';
  const args = [
    ...[
      '-std=c11',
      '-O2',
      '-shared',
      '-fPIC',
      '-fvisibility=hidden',
      '-D_POSIX_C_SOURCE=200809L',
      '-D_DEFAULT_SOURCE',
      '-D_DARWIN_C_SOURCE',
    ],
    ...[`-I${join(packageRoot, 'include')}`, join(packageRoot, 'plugins-c', `${source}.c`), '-lpthread'],
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
