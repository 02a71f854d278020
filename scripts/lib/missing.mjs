/** The tools that are missing on this machine, the parts that are skipped without each, and the way to install it. */
import { findCargo, hasCargoTool, rustupCommand } from './cargo.mjs';
import { hasLibraries } from './corpus-libraries.mjs';
import { choosePackagesHere, findManager, installCommands } from './system-packages.mjs';
import { TOOLS } from './tool-table.mjs';
import { findChromium, findCommand, findTool, hasZlib, npmHasClangFormat } from './tools.mjs';

/**
 * A missing tool. `command`: the command that installs it, if that is not one of the package manager. `problem`:
 * details.
 *
 * @typedef {import('./tool-table.mjs').Tool & {name: string, problem?: string, command?: string}} MissingTool
 */

/** The uses of the tools that `npm test` needs. */
export const ALL_USES = ['build', 'rust', 'lint', 'tests'];

/** The tools that are not looked for on Windows: CMake finds the compiler itself, and zlib has another source. */
const LEFT_TO_CMAKE = ['make', 'cc', 'cxx', 'zlib'];

/** Returns the missing tools of Rust, by name. Without cargo its tools are missing too. */
async function missingOfRust(uses) {
  if (!uses.includes('rust') && !uses.includes('lint')) return {};
  const cargo = await findCargo();
  if ('missing' in cargo) return { cargo: { problem: cargo.missing }, rustfmt: {}, clippy: {} };
  const missing = {};
  if (!uses.includes('lint')) return missing;
  for (const [name, tool] of [
    ['rustfmt', 'fmt'],
    ['clippy', 'clippy'],
  ])
    if (!(await hasCargoTool(cargo, tool))) missing[name] = { command: rustupCommand(cargo, tool) };
  return missing;
}

/**
 * Finds the missing tools.
 *
 * @param {readonly import('./tool-table.mjs').Use[]} uses
 * @returns {Promise<MissingTool[]>} in the order of the table
 */
export async function findMissing(uses) {
  const rust = await missingOfRust(uses);
  const isHere = {
    zlib: hasZlib,
    corpus: hasLibraries,
    chromium: async () => findChromium() !== undefined,
    clangFormat: async () => npmHasClangFormat || findTool('clangFormat') !== undefined,
    ...Object.fromEntries(
      ['cargo', 'rustfmt', 'clippy'].map((name) => [name, async () => rust[name] === undefined]),
    ),
  };
  const missing = [];
  for (const [name, tool] of Object.entries(TOOLS)) {
    if (!uses.includes(tool.use)) continue;
    if (process.platform === 'win32' && LEFT_TO_CMAKE.includes(name)) continue;
    const here = isHere[name] === undefined ? findTool(name) !== undefined : await isHere[name]();
    if (!here) missing.push({ name, ...tool, ...rust[name] });
  }
  return missing;
}

const aligned = (rows) => {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`);
};

/** Returns a line for each tool: the tool, and the parts that are skipped without it. */
export const listOf = (missing) =>
  aligned(
    missing.map(({ what, lost, problem }) => [what, problem === undefined ? lost : `${lost} (${problem})`]),
  );

/**
 * Returns the lines with the commands of this system's package manager that install the tools.
 *
 * @param {readonly MissingTool[]} missing
 */
export async function howToGet(missing) {
  const own = [...new Set(missing.flatMap(({ command }) => command ?? []))];
  const others = missing.filter(({ command }) => command === undefined);
  const manager = findManager(findCommand);
  if (others.length === 0) return own.map((line) => `  ${line}`);
  if (manager === undefined) {
    const names = others.map(({ what }) => what).join(', ');
    return [...own, `install with the package manager of this system: ${names}`].map((line) => `  ${line}`);
  }
  const chosen = await choosePackagesHere(others, manager);
  const lines = [...installCommands(manager, chosen), ...own];
  const elsewhere = chosen.unavailable.map(({ what }) => `(${manager} has no package for: ${what})`);
  return [...lines, ...elsewhere].map((line) => `  ${line}`);
}
