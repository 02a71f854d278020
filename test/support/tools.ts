/**
 * Tools that only some tests need. If a tool is missing, its tests are skipped and counted, and `npm test`
 * prints at the end how to install it. With TENON_REQUIRE_TOOLS=1 these tests are not skipped, so they fail.
 */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestOptions, TestRunner, test } from 'vitest';
import type { TOOLS } from '../../scripts/lib/tool-table.mjs';
import { findChromium, findCommand, findTool } from '../../scripts/lib/tools.mjs';
import { buildDir, extension, pluginsDir, root } from './index.js';

export type ToolName = keyof typeof TOOLS;

declare module 'vitest' {
  interface TaskMeta {
    /**
     * The missing tools that made a test skip. scripts/lib/tally.mjs reads them in the JSON report and counts
     * them.
     */
    needs?: ToolName[];
  }
}

const required = process.env['TENON_REQUIRE_TOOLS'] === '1';

/** The libraries of plugins-rust/artifacts.json, which only cargo builds. */
const rustLibraries = (
  JSON.parse(readFileSync(join(root, 'plugins-rust', 'artifacts.json'), 'utf8')) as {
    out: string;
    name: string;
  }[]
).map(({ out, name }) => ({ out, name: name.replace(/\.so$/, '') }));

/** The names of the Rust plugins in a folder of the build tree, whether they are built or not. */
export const rustIn = (folder: 'plugins' | 'faults' | 'trips'): string[] =>
  rustLibraries.filter(({ out }) => out === folder).map(({ name }) => name);

/** Returns whether a tool is missing. Cargo is missing if its plugins were not built. */
export function lacks(name: ToolName): boolean {
  if (name === 'cargo') return !existsSync(join(buildDir, 'plugins', `grep${extension}`));
  return (name === 'chromium' ? findChromium() : findTool(name)) === undefined;
}

/** Returns options that skip a test or a group of tests if one of the tools is missing. */
export function needs(...names: ToolName[]): TestOptions {
  const missing = required ? [] : names.filter(lacks);
  return missing.length === 0 ? {} : { skip: true, meta: { needs: missing } };
}

/** Returns the rows whose tools are installed, and adds a skipped test with its name for each other row. */
export function tryable<Row>(
  rows: readonly Row[],
  nameOf: (row: Row) => string,
  toolsOf: (row: Row) => readonly ToolName[],
): Row[] {
  return rows.filter((row) => {
    const options = needs(...toolsOf(row));
    if (options.skip === true) test(nameOf(row), options, () => undefined);
    return options.skip !== true;
  });
}

/** Returns the files of all example plugins. If cargo is missing, each Rust plugin becomes a skipped test. */
export function pluginsToTest(): string[] {
  const rust = rustIn('plugins');
  const built = readdirSync(pluginsDir).flatMap((file) =>
    file.endsWith(extension) ? [file.slice(0, -extension.length)] : [],
  );
  const names = tryable(
    [...new Set([...built, ...rust])],
    (name) => name,
    (name) => (rust.includes(name) ? ['cargo'] : []),
  );
  return names.map((name) => name + extension);
}

/**
 * Returns the path of a tool, or of another program of its package. If it is missing, skips the running test.
 * @throws Error that names the tool, outside a test or if all tools are required
 */
export function tool(name: ToolName, ...programs: string[]): string {
  const found = programs.length === 0 ? findTool(name) : (findCommand(programs) ?? besides(name, programs));
  if (found !== undefined) return found;
  const current = required ? undefined : TestRunner.getCurrentTest();
  if (current === undefined) throw new Error(`The tests need ${programs[0] ?? name}, which is missing.`);
  current.meta.needs = [name];
  return current.context.skip(`needs ${name}`);
}

/**
 * Finds a program in the folder of the tool itself, because Debian links only some programs of LLVM into the
 * PATH.
 */
function besides(name: ToolName, programs: readonly string[]): string | undefined {
  const found = findTool(name);
  return found === undefined ? undefined : findCommand(programs, dirname(realpathSync(found)));
}
