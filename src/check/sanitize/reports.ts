/** Parses the reports of sanitizers' runtimes: the fault and its location. */
import { basename } from 'node:path';

export interface SanitizerReport {
  /** `AddressSanitizer: heap-buffer-overflow` */
  readonly what: string;
  /** The innermost function outside the runtime, `call (sanitize.c:28)`, or null if the report has none. */
  readonly where: string | null;
  /** The same location as data, or null if the report has no line. */
  readonly place: { readonly function: string | null; readonly file: string; readonly line: number } | null;
  /** The report itself. */
  readonly text: string;
}

/** Patterns of first lines, with functions that return the name of the fault. */
const HEADS: readonly (readonly [RegExp, (...groups: string[]) => string])[] = [
  [
    /(?:ERROR|WARNING): ((?:Address|Thread)Sanitizer): (.+?)(?: on (?:unknown )?address\b.*| \(pid=\d+\).*)?$/,
    (tool = '', what = '') => `${tool}: ${what}`,
  ],
  [
    /^((?:Direct|Indirect) leak of \d+ byte\(s\) in \d+ object\(s\))/,
    (what = '') => `LeakSanitizer: ${what.charAt(0).toLowerCase()}${what.slice(1)}`,
  ],
  [/^.+?:\d+:\d+: runtime error: (.+)$/, (what = '') => `UndefinedBehaviorSanitizer: ${what}`],
];
/** `#0 0x7f… in call /src/a.c:12:3`. ThreadSanitizer omits the address. */
const FRAME = /^\s*#\d+ (?:0x[0-9a-f]+ )?(?:in )?(.+)$/;
/** The end of a frame: `/src/a.c:12:3`, then `(/lib/a.so+0x1139)`. Either may be missing. */
const MODULE = / ?\(([^()]+\+0x[0-9a-f]+)\)$/;
const SOURCE = / (<null>|\S+:\d+)$/;
const PLACE = /^.+?:\d+:\d+(?=: runtime error: )/;
const RUNTIME =
  /^(?:__interceptor_|__asan|__tsan|__ubsan|__lsan|__sanitizer|operator (?:new|delete)|operator$)/;
const RUNTIME_FILE = /libsanitizer|lib[atu]b?san\.so/;

/** Returns the reports in the output. Reports of the same fault at the same location are merged. */
export function reportsIn(text: string): readonly SanitizerReport[] {
  const reports = new Map<string, SanitizerReport>();
  for (const lines of split(text)) {
    const report = reportOf(lines);
    const key = `${report.what} ${report.where}`;
    if (!reports.has(key)) reports.set(key, report);
  }
  return [...reports.values()];
}

function split(text: string): readonly (readonly string[])[] {
  const reports: string[][] = [];
  for (const line of text.split('\n')) {
    if (whatOf(line) !== null) reports.push([line]);
    else if (!ended(reports.at(-1))) reports.at(-1)?.push(line);
  }
  return reports;
}

/** Returns whether a report is complete. The shadow memory that follows is the same in each. */
function ended(report: readonly string[] | undefined): boolean {
  return report?.at(-1)?.startsWith('SUMMARY: ') === true;
}

function whatOf(line: string): string | null {
  for (const [pattern, say] of HEADS) {
    const match = pattern.exec(line);
    if (match !== null) return say(...match.slice(1));
  }
  return null;
}

function reportOf(lines: readonly string[]): SanitizerReport {
  const [head = ''] = lines;
  const place = PLACE.exec(head)?.[0];
  const frame = lines.map(frameOf).find((found) => found !== null) ?? null;
  const where = frame?.where ?? (place === undefined ? null : baseOf(place));
  const source = frame === null ? placeOf(null, place) : frame.place;
  return { what: whatOf(head) ?? head, where, place: source, text: lines.join('\n') };
}

/** Parses a location such as `/src/a.c:12:3`. */
function placeOf(name: string | null, source: string | undefined): SanitizerReport['place'] {
  const [, file, line] = /^(.+?):(\d+)(?::\d+)?$/.exec(source ?? '') ?? [];
  return file === undefined ? null : { function: name, file, line: Number(line) };
}

function frameOf(line: string): Pick<SanitizerReport, 'where' | 'place'> | null {
  const body = FRAME.exec(line)?.[1];
  if (body === undefined || RUNTIME.test(body) || RUNTIME_FILE.test(line)) return null;
  const module = MODULE.exec(body)?.[1];
  const named = body.replace(MODULE, '');
  const source = SOURCE.exec(named)?.[1];
  const name = named.replace(SOURCE, '');
  const place = source === undefined || source === '<null>' ? module : source;
  const found = placeOf(name === '' ? null : name, source);
  if (place === undefined) return { where: name, place: found };
  return { where: name === '' ? baseOf(place) : `${name} (${baseOf(place)})`, place: found };
}

/** Removes the folders, which are often those of another machine. */
function baseOf(place: string): string {
  return basename(place);
}
