/**
 * Tools that only some tests need. Where one is missing these tests are skipped, counted for it, and `npm test` says at its end
 * how to get it. With TENON_REQUIRE_TOOLS=1 they are not skipped, and so they fail.
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
    /** The missing tools that a test was skipped for. The JSON report has it, and scripts/lib/tally.mjs counts it. */
    needs?: ToolName[];
  }
}

const required = process.env['TENON_REQUIRE_TOOLS'] === '1';

/** What is in plugins-rust/artifacts.json: the libraries that only cargo builds. */
const rustLibraries = (
  JSON.parse(readFileSync(join(root, 'plugins-rust', 'artifacts.json'), 'utf8')) as {
    out: string;
    name: string;
  }[]
).map(({ out, name }) => ({ out, name: name.replace(/\.so$/, '') }));

/** The names of the Rust plugins in a folder of the build tree, whether they are built or not. */
export const rustIn = (folder: 'plugins' | 'faults' | 'trips'): string[] =>
  rustLibraries.filter(({ out }) => out === folder).map(({ name }) => name);

/** Whether a tool is missing. For cargo it counts what it should have built. */
export function lacks(name: ToolName): boolean {
  if (name === 'cargo') return !existsSync(join(buildDir, 'plugins', `grep${extension}`));
  return (name === 'chromium' ? findChromium() : findTool(name)) === undefined;
}

/** Options of a test or of a group of tests: skipped where one of the tools is missing. */
export function needs(...names: ToolName[]): TestOptions {
  const missing = required ? [] : names.filter(lacks);
  return missing.length === 0 ? {} : { skip: true, meta: { needs: missing } };
}

/** The rows that can be tried here. Each of the others becomes a skipped test with its name. */
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

/** The files of all example plugins. Those in Rust become skipped tests where cargo is missing. */
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
 * The path of a tool, or of another program of its package. A test that asks for one that is missing is skipped.
 * @throws Error that names the tool, outside of tests and where all tools are required
 */
export function tool(name: ToolName, ...programs: string[]): string {
  const found = programs.length === 0 ? findTool(name) : (findCommand(programs) ?? besides(name, programs));
  if (found !== undefined) return found;
  const current = required ? undefined : TestRunner.getCurrentTest();
  if (current === undefined) throw new Error(`The tests need ${programs[0] ?? name}, which is missing.`);
  current.meta.needs = [name];
  return current.context.skip(`needs ${name}`);
}

/** Where the tool itself is: Debian links only some of LLVM's programs into the PATH. */
function besides(name: ToolName, programs: readonly string[]): string | undefined {
  const found = findTool(name);
  return found === undefined ? undefined : findCommand(programs, dirname(realpathSync(found)));
}
