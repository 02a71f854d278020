/** Compiles the native files for other platforms, and checks what came out. */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot, root } from './paths.mjs';
import { GLIBC_FLOOR } from './platforms.mjs';
import { run } from './run.mjs';
import { mustSucceed, StepFailure } from './steps.mjs';
import { findCommand, findTool } from './tools.mjs';
import { writeToolchain } from './zig.mjs';

/** Linked for size, and without the names of this machine's folders. */
const LINK = { linux: '-s -Wl,--build-id=none', win32: '-s', darwin: '-s' };
/** zig links programs for musl statically by default, and those cannot load a library. */
const PROGRAM_LINK = { musl: '-dynamic -pie', glibc: '-pie' };

function definitions(platform, source) {
  // Compilers are started by a shell, which would take apart a path with spaces.
  const map = `-ffile-prefix-map=${source}=.`;
  const flags = /^[\w./=-]+$/.test(map) ? map : `"${map}"`;
  const link = LINK[platform.os];
  return [
    'CMAKE_BUILD_TYPE=Release',
    'CMAKE_POSITION_INDEPENDENT_CODE=ON',
    `CMAKE_C_FLAGS=${flags}`,
    `CMAKE_CXX_FLAGS=${flags}`,
    `CMAKE_SHARED_LINKER_FLAGS=${link}`,
    `CMAKE_MODULE_LINKER_FLAGS=${link}`,
    `CMAKE_EXE_LINKER_FLAGS=${link} ${PROGRAM_LINK[platform.libc] ?? ''}`.trim(),
    `TENON_NODE=${process.execPath}`,
    'TENON_PLUGINS=OFF',
    'TENON_WERROR=ON',
  ];
}

/**
 * Compiles all files of a platform.
 *
 * @param {import('./platforms.mjs').Platform} platform
 * @param {{zig: string, out: string, source?: string, jobs?: number}} options `out`: the build tree, which is
 *   emptied. `source`: the folder with the sources.
 * @returns {Promise<string>} the folder with the files
 */
export async function compilePlatform(platform, { zig, out, source = root, jobs = availableParallelism() }) {
  rmSync(join(out, 'tools'), { recursive: true, force: true });
  const toolchain = writeToolchain(zig, platform, join(out, 'tools'));
  // The caches are outside of the build tree: zig compiles the libraries of each system only once.
  const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: inRoot('build', 'zig-cache') };
  for (const name of ['CC', 'CXX', 'CFLAGS', 'CXXFLAGS', 'LDFLAGS']) delete env[name];
  const ninja = findCommand(['ninja']) === undefined ? [] : ['-G', 'Ninja'];
  const given = definitions(platform, source).map((definition) => `-D${definition}`);
  const tree = join(out, 'tree');
  const configured = await run(
    findTool('cmake'),
    ['-S', source, '-B', tree, ...ninja, `-DCMAKE_TOOLCHAIN_FILE=${toolchain}`, ...given],
    { env },
  );
  mustSucceed(configured, `Configuring ${platform.name} (cmake)`, `compile-${platform.name}`);
  const targets = ['tenon-host-parts', ...platform.files.filter((file) => file === 'tenon-checker')];
  const built = await run(
    findTool('cmake'),
    ['--build', tree, '--config', 'Release', '--parallel', String(jobs), '--target', ...targets],
    { env },
  );
  mustSucceed(built, `Compiling ${platform.name} (cmake --build)`, `compile-${platform.name}`);
  return join(tree, 'Release');
}

/** The largest sizes of the files, in bytes. A larger file was probably not stripped. */
const LARGEST = {
  'tenon.node': 1_300_000,
  'tenon-runner': 1_300_000,
  'tenon-runner.exe': 1_300_000,
  'tenon-checker': 2_600_000,
};

/** The libraries that each system has. A file that needs another one works only on some machines. */
const SYSTEM_LIBRARIES = {
  glibc: /^(lib(c|m|dl|pthread|rt)\.so\.\d|ld-linux-[\w-]+\.so\.\d)$/,
  musl: /^libc\.so$/,
  win32: /^(kernel32|ntdll|advapi32|api-ms-win-crt-[\w-]+)\.dll$/i,
  darwin: /^\/usr\/lib\/libSystem\.B\.dylib$/,
};

/** The symbols that each file exports. A program also has the variables of the C library that it uses. */
const EXPORTS = {
  'tenon.node': /^(napi_register_module_v1|node_api_module_get_api_version_v1)$/,
  'tenon-runner': /^(_*environ|std(in|out|err)|__progname)$/,
  'tenon-runner.exe': /^$/,
  'tenon-checker': /^(__sanitizer_cov_\w+|_*environ|std(in|out|err)|__progname)$/,
};

/**
 * zig's linker for macOS takes no list of symbols. The operators new and delete of the static C++ library stay weak
 * symbols there, like those of the system's, and like those they call malloc and free.
 */
const LEFT_OVER = {
  darwin: /^(_Zn[aw]m(St11align_val_t)?|_Zd[al]Pvm?(St11align_val_t)?|_mh_dylib_header|__dso_handle)$/,
};

/** Returns the newest version of glibc that a file needs, as numbers. */
function newestGlibc(bytes) {
  let newest = [0, 0];
  for (const [, major, minor] of bytes.toString('latin1').matchAll(/\0GLIBC_(\d+)\.(\d+)(?:\.\d+)?(?=\0)/g)) {
    const version = [Number(major), Number(minor)];
    if (version[0] > newest[0] || (version[0] === newest[0] && version[1] > newest[1])) newest = version;
  }
  return newest;
}

/** Yields what is wrong with a compiled file. */
function* problemsOf(platform, name, file, facts) {
  const bytes = readFileSync(file);
  if (facts.os !== platform.os || facts.arch !== platform.cpu)
    yield `is for ${facts.os}-${facts.arch}, expected ${platform.os}-${platform.cpu}`;
  const foreign = facts.needed.filter(
    (library) => !SYSTEM_LIBRARIES[platform.libc ?? platform.os].test(library),
  );
  if (foreign.length > 0) yield `needs ${foreign.join(', ')}, which a machine may lack`;
  const exported = facts.exports.map((symbol) => symbol.name);
  const leaked = exported.filter(
    (symbol) => !EXPORTS[name].test(symbol) && LEFT_OVER[platform.os]?.test(symbol) !== true,
  );
  if (leaked.length > 0) yield `exports ${leaked.length} more symbols: ${leaked.slice(0, 5).join(', ')}`;
  if (name === 'tenon.node' && !exported.includes('napi_register_module_v1'))
    yield 'exports no napi_register_module_v1';
  const [major, minor] = newestGlibc(bytes);
  if (platform.libc === 'glibc' && (major === 0 || major > GLIBC_FLOOR[0] || minor > GLIBC_FLOOR[1]))
    yield `needs glibc ${major}.${minor}, expected at most ${GLIBC_FLOOR.join('.')}`;
  if (bytes.length > LARGEST[name]) yield `has ${bytes.length} bytes, expected at most ${LARGEST[name]}`;
  if (name !== 'tenon.node' && (statSync(file).mode & 0o111) !== 0o111)
    yield 'has no permission to be executed';
  if (bytes.includes(root)) yield `contains the path ${root}`;
}

/** Returns the bytes of a file as those of a library. Inspection refuses programs of Windows, which differ by one bit. */
function libraryBytes(file) {
  const bytes = readFileSync(file);
  if (!file.endsWith('.exe')) return bytes;
  const flags = bytes.readUInt32LE(60) + 22;
  bytes.writeUInt16LE(bytes.readUInt16LE(flags) | 0x2000, flags);
  return bytes;
}

/** Checks the compiled files of a platform. @throws {StepFailure} that lists everything that is wrong */
export async function checkPlatform(platform, folder) {
  const { inspectBytes } = await import(
    pathToFileURL(inRoot('build', 'modules', 'inspect', 'index.js')).href
  );
  const problems = platform.files.flatMap((name) => {
    const file = join(folder, name);
    const facts = inspectBytes(libraryBytes(file), file, { arch: platform.cpu });
    return [...problemsOf(platform, name, file, facts)].map((problem) => `  ${name} ${problem}`);
  });
  if (problems.length === 0) return;
  throw new StepFailure(
    `The files of ${platform.name} in ${folder} are not as they must be:\n${problems.join('\n')}`,
  );
}
