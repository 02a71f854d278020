/** The tools of the system that the build needs, and the Debian packages that have them. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';
import { StepFailure } from './steps.mjs';

/** A tool: any of its commands will do. Newer Debian has some of them under a versioned name only. */
export const TOOLS = {
  cmake: { what: 'CMake', commands: ['cmake'], debian: 'cmake' },
  make: { what: 'make (or Ninja)', commands: ['ninja', 'make', 'gmake'], debian: 'make' },
  cc: { what: 'a C compiler', commands: ['cc', 'gcc', 'clang'], debian: 'gcc' },
  cxx: { what: 'a C++ compiler', commands: ['g++', 'clang++'], debian: 'g++' },
  clangFormat: {
    what: 'clang-format',
    commands: ['clang-format-14', 'clang-format'],
    debian: 'clang-format-14',
  },
  cargo: { what: 'cargo (Rust)', commands: ['cargo'], debian: 'cargo' },
};

const ZLIB = { what: 'zlib.h (the header of zlib)', debian: 'zlib1g-dev' };

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

/** The message about missing tools: which, and how to get them. */
export function missingToolsMessage(missing) {
  const width = Math.max(...missing.map(({ what }) => what.length));
  const lines = missing.map(({ what, debian }) => `  ${what.padEnd(width)}  Debian package: ${debian}`);
  const packages = [...new Set(missing.map(({ debian }) => debian))].join(' ');
  return [
    `The build needs what is not on this machine:`,
    ...lines,
    `Install it, then run the same command again. On Debian or Ubuntu:`,
    `  sudo apt-get install ${packages}`,
  ].join('\n');
}

/**
 * Refuses to go on without the tools for the native parts. On Windows cmake-js finds the compiler by itself.
 *
 * @param {string} zlibHeader where a system has it: while there is no compiler to ask, its usual place has to do
 * @throws {StepFailure} that names all that is missing
 */
export function requireNativeTools(path = process.env.PATH, zlibHeader = '/usr/include/zlib.h') {
  const needed = process.platform === 'win32' ? ['cmake'] : ['cmake', 'make', 'cc', 'cxx'];
  const missing = needed.filter((name) => findTool(name, path) === undefined).map((name) => TOOLS[name]);
  if (missing.includes(TOOLS.cc) && !existsSync(zlibHeader)) missing.push(ZLIB);
  if (missing.length > 0) throw new StepFailure(missingToolsMessage(missing));
}

/**
 * Refuses to go on without zlib's header, which the gzip plugin includes: CMake's own words for that are no help.
 *
 * @throws {StepFailure}
 */
export async function requireZlib() {
  const cc = process.env.CC ?? findTool('cc');
  if (cc === undefined || process.platform === 'win32') return;
  const probe = await run(cc, ['-fsyntax-only', '-x', 'c', '-'], { input: '#include <zlib.h>\n' });
  if (!probe.ok) throw new StepFailure(missingToolsMessage([ZLIB]));
}
