/** Finds the tools of the system. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';
import { TOOLS } from './tool-table.mjs';

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Returns the absolute path of the first of the commands that is in the PATH. */
export function findCommand(commands, path = process.env.PATH ?? '') {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  for (const command of commands) {
    for (const folder of folders) {
      const found = endings.map((ending) => join(folder, command + ending)).find(isProgram);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Returns the path of the tool, or undefined. */
export const findTool = (name, path) => findCommand(TOOLS[name].commands, path);

/** The program of npm's package clang-format for this platform. Its format is the same on all platforms. */
const CLANG_FORMAT = {
  linux: { x64: 'linux_x64/clang-format' },
  darwin: { x64: 'darwin_x64/clang-format', arm64: 'darwin_x64/clang-format' },
  win32: { x64: 'win32/clang-format.exe' },
}[process.platform]?.[process.arch];

/** Whether npm installs clang-format on this platform. Before `npm ci` the program does not exist yet. */
export const npmHasClangFormat = CLANG_FORMAT !== undefined;

/** Returns the program that formats C and C++, or undefined. */
export const findClangFormat = () =>
  npmHasClangFormat ? inRoot('node_modules', 'clang-format', 'bin', CLANG_FORMAT) : findTool('clangFormat');

/** Returns the browser for tests: the value of `CHROMIUM`, or the Chromium of the system. */
export const findChromium = () => process.env.CHROMIUM || findTool('chromium');

/**
 * Returns whether the compiler finds the header of zlib.
 *
 * @param {string} header the usual path of the header, which is checked if there is no compiler
 */
export async function hasZlib(path = process.env.PATH, header = '/usr/include/zlib.h') {
  if (process.platform === 'win32') return true;
  const cc = process.env.CC ?? findTool('cc', path);
  if (cc === undefined) return existsSync(header);
  const probe = await run(cc, ['-fsyntax-only', '-x', 'c', '-'], { input: '#include <zlib.h>\n' });
  return probe.ok;
}
