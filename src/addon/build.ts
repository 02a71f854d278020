/** Builds the native files of this package from source with CMake, in the folder where it is installed. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { messageOf, TenonError } from '../base/errors.js';
import { isCheckout, packageRoot } from '../base/package.js';
import { builtFile, isExecutable } from './native-files.js';

/** A part to build. `host` is the addon and, on Linux, the runner. The others are programs of the safety suite. */
export type NativePart = 'host' | CheckerName;
/** `tenon-checker`, or its variant for plugins that were built with a sanitizer. */
export type CheckerName = 'tenon-checker' | `tenon-checker-${'address' | 'undefined' | 'thread'}`;

const KEPT_LINES = 15;
const TOOLS =
  'CMake 3.18 or newer and a C and C++ compiler (on Debian or Ubuntu: apt-get install cmake g++ make)';

/**
 * Builds a part in a new folder, moves the results to the folder where tenon looks for native files, and
 * removes the new folder. Processes that use the old files keep them. Concurrent builds do not interfere.
 * @throws TenonError ERR_TENON_UNSUPPORTED if the build fails; the message has CMake's first error, and `stderr` the
 *   end of its output
 */
export async function buildNativePart(part: NativePart): Promise<void> {
  if (isCheckout) throw failed(part, 'this is a checkout of tenon. Run npm run build');
  const tree = makeTree(part);
  try {
    const addon = part === 'host';
    const target = addon ? 'tenon-host-parts' : part;
    await cmake(part, ['-S', packageRoot, '-B', tree, ...configuration(addon)]);
    const parallel = ['--parallel', String(availableParallelism())];
    await cmake(part, ['--build', tree, '--config', 'Release', '--target', target, ...parallel]);
    for (const name of readdirSync(join(tree, 'Release')))
      renameSync(join(tree, 'Release', name), builtFile(name));
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

function makeTree(part: NativePart): string {
  try {
    mkdirSync(builtFile('.'), { recursive: true });
    return mkdtempSync(join(packageRoot, 'build', 'tree-'));
  } catch (error) {
    throw failed(
      part,
      `${packageRoot} cannot be written to. Run this as the user who installed tenon`,
      error,
    );
  }
}

function configuration(addon: boolean): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const hasNinja = folders.some((folder) => folder !== '' && isExecutable(join(folder, 'ninja')));
  const useNinja = hasNinja && process.env['CMAKE_GENERATOR'] === undefined;
  const arch = process.arch === 'x64' ? 'x86_64' : process.arch;
  return [
    ...(useNinja ? ['-G', 'Ninja'] : []),
    ...(process.platform === 'darwin' ? [`-DCMAKE_OSX_ARCHITECTURES=${arch}`] : []),
    '-DCMAKE_BUILD_TYPE=Release',
    `-DTENON_ADDON=${addon ? 'ON' : 'OFF'}`,
    `-DTENON_NODE=${process.execPath}`,
  ];
}

/**
 * Runs CMake.
 * @throws TenonError if it cannot be run, or if its exit code is not 0
 */
async function cmake(part: NativePart, args: readonly string[]): Promise<void> {
  const child = spawn('cmake', args, { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) => reject(failed(part, `cmake cannot be run. Install ${TOOLS}`, cause)));
    child.on('close', resolve);
  });
  if (code === 0) return;
  const lines = output.trim().split('\n');
  const stderr = lines.slice(-KEPT_LINES).join('\n');
  // CMake and compilers print what follows from the first error after it.
  const first = lines.find((line) => FAILURE.test(line)) ?? lines.at(-1) ?? '';
  const problem = `cmake failed with: ${first.trim()} (It needs ${TOOLS})`;
  throw failed(part, problem, undefined, stderr);
}

/** A line about an error. */
const FAILURE = /\berror\b|could be found|not found|No such file/i;

function failed(part: NativePart, problem: string, cause?: unknown, stderr?: string): TenonError {
  const what = part === 'host' ? 'the native addon and the runner' : part;
  const reason = cause === undefined ? '' : ` (${messageOf(cause)})`;
  const message = `Cannot build ${what}: ${problem}${reason}.`;
  return new TenonError('ERR_TENON_UNSUPPORTED', message, { cause, stderr });
}
