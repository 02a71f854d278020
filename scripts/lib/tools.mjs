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

/** The first of the commands that is in the PATH, as an absolute path. */
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

/** Where the tool is, or undefined. */
export const findTool = (name, path) => findCommand(TOOLS[name].commands, path);

/** Where npm's package clang-format has a program for this platform. It has one format everywhere. */
const CLANG_FORMAT = {
  linux: { x64: 'linux_x64/clang-format' },
  darwin: { x64: 'darwin_x64/clang-format', arm64: 'darwin_x64/clang-format' },
  win32: { x64: 'win32/clang-format.exe' },
}[process.platform]?.[process.arch];

/** True if npm installs clang-format here; before that it is not there yet. */
export const npmHasClangFormat = CLANG_FORMAT !== undefined;

/** The program that formats C and C++, or undefined. */
export const findClangFormat = () =>
  npmHasClangFormat ? inRoot('node_modules', 'clang-format', 'bin', CLANG_FORMAT) : findTool('clangFormat');

/** The program that shows pages in tests: what `CHROMIUM` names, or the one of the system. */
export const findChromium = () => process.env.CHROMIUM || findTool('chromium');

/**
 * Whether the compiler finds the header of zlib.
 *
 * @param {string} header where a system has it: while there is no compiler to ask, its usual place has to do
 */
export async function hasZlib(path = process.env.PATH, header = '/usr/include/zlib.h') {
  if (process.platform === 'win32') return true;
  const cc = process.env.CC ?? findTool('cc', path);
  if (cc === undefined) return existsSync(header);
  const probe = await run(cc, ['-fsyntax-only', '-x', 'c', '-'], { input: '#include <zlib.h>\n' });
  return probe.ok;
}
