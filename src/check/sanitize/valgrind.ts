/** valgrind's memcheck, which runs a plugin that was not built for it: its command line, and its reports. */
import { accessSync, constants, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import type { SanitizerReport } from './reports.js';

const REPORT = /^valgrind\.\d+\.xml$/;

/** Returns the path of the program, or null if it is not installed. */
export function findValgrind(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, 'valgrind')).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns the command that runs another one under valgrind. With `halts`, the first report ends the process. */
export function underValgrind(
  [program, ...args]: readonly [string, ...string[]],
  folder: string,
  halts: boolean,
): [string, ...string[]] {
  const options = ['--tool=memcheck', '--track-origins=yes', '--num-callers=24', '--quiet'];
  const leaks = ['--leak-check=full', '--show-leak-kinds=definite', '--errors-for-leak-kinds=none'];
  const output = ['--xml=yes', `--xml-file=${join(folder, 'valgrind.%p.xml')}`];
  const ends = halts ? ['--exit-on-first-error=yes', '--error-exitcode=9'] : [];
  const command = [...options, ...leaks, ...output, ...ends, program, ...args, '--under-valgrind'];
  return [findValgrind() ?? 'valgrind', ...command];
}

/** Returns the reports in `folder` about code of the library. Others are about the checker or the system. */
export function valgrindReports(folder: string, library: string): readonly SanitizerReport[] {
  const reports = new Map<string, SanitizerReport>();
  for (const name of readdirSync(folder).filter((one) => REPORT.test(one))) {
    const text = readFileSync(join(folder, name), 'utf8');
    for (const error of between(text, 'error')) {
      const report = reportOf(error, realpathSync(library));
      if (report !== null) reports.set(`${report.what} ${report.where}`, report);
    }
  }
  return [...reports.values()];
}

interface Frame {
  readonly library: string | null;
  readonly name: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

function reportOf(error: string, library: string): SanitizerReport | null {
  const what = memberOf(error, 'what') ?? memberOf(error, 'text') ?? 'a report';
  const own = between(error, 'frame')
    .map(frameOf)
    .find((frame) => frame.library === library);
  if (own === undefined) return null;
  const { name, file, line } = own;
  const known = file !== null && line !== null;
  const where = `${name ?? basename(library)}${known ? ` (${basename(file)}:${line})` : ''}`;
  // The numbers of the records of leaks change from run to run.
  const named = what.replace(/ in loss record .*/, '');
  return {
    what: `valgrind: ${named.charAt(0).toLowerCase()}${named.slice(1)}`,
    where,
    place: known ? { function: name, file, line } : null,
    text: linesOf(error),
  };
}

function frameOf(frame: string): Frame {
  const file = memberOf(frame, 'file');
  const folder = memberOf(frame, 'dir');
  const line = memberOf(frame, 'line');
  return {
    library: memberOf(frame, 'obj'),
    name: memberOf(frame, 'fn'),
    file: file === null || folder === null ? file : join(folder, file),
    line: line === null ? null : Number(line),
  };
}

/** Returns a report as lines: the fault, and the stacks of the access, of the allocation and of the origin. */
function linesOf(error: string): string {
  const lines = [memberOf(error, 'what') ?? memberOf(error, 'text') ?? ''];
  for (const part of error.split(/(?=<auxwhat>)/)) {
    const more = memberOf(part, 'auxwhat');
    if (more !== null) lines.push(more);
    for (const { library, name, file, line } of between(part, 'frame').map(frameOf)) {
      const at = file === null ? `(in ${library ?? 'unknown code'})` : `${file}:${line}`;
      lines.push(`    ${name ?? 'a function'} ${at}`);
    }
  }
  return lines.join('\n');
}

/** Returns the contents of all elements with a name. valgrind does not nest elements of one name. */
function between(xml: string, name: string): string[] {
  return xml
    .split(`<${name}>`)
    .slice(1)
    .map((rest) => rest.slice(0, Math.max(0, rest.indexOf(`</${name}>`))));
}

function memberOf(xml: string, name: string): string | null {
  const [text] = between(xml, name);
  return text === undefined
    ? null
    : text.replace(/&(\w+);/g, (whole, entity: string) => ENTITIES[entity] ?? whole);
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
