/** Lines of source files that debug information names. The names come from the plugin and can be any path. */
import { statSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { TenonError } from '../base/errors.js';
import { withFile } from '../inspect/open.js';
import type { Frame } from '../supervision/fault.js';
import type { CrashCall, SourceLine } from './verdict.js';

/** A place in the source. */
type Place = Pick<SourceLine, 'function' | 'file' | 'line'>;

/** Only source files are read. A plugin could name any other file of the user. */
const SOURCE = /\.(?:c|cc|cpp|cxx|c\+\+|h|hh|hpp|hxx|inc|inl|ipp|tcc|rs|zig|go|d|nim|m|mm|s|S)$/;
const LARGEST = 4 << 20;
/** Folders above a library in which relative paths are looked up. */
const MOST_FOLDERS = 4;
/** Characters of a line. */
const LONGEST = 200;

/**
 * The functions of the frames, the innermost first: more than one for a frame where functions are inlined. `library`
 * is the file that they are in.
 */
export function callsOf(frames: readonly Frame[], library?: string): CrashCall[] {
  return frames.flatMap((frame, index) => {
    const names = [...frame.inlined.map((one) => one.function), frame.function];
    const places = [frame, ...frame.inlined];
    return names.map((name, depth) => {
      const { file = null, line = null } = places[depth] ?? {};
      return { frame: index, ...sourceLine({ function: name, file, line }, library) };
    });
  });
}

/**
 * The line that a finding is about. Lines below the working directory come first, then lines whose file exists, then
 * any other, each time the innermost. Functions that are inlined from libraries are rarely the cause.
 */
export function placeIn(calls: readonly SourceLine[]): SourceLine | null {
  const known = calls.filter(({ file, line }) => file !== null && line !== null);
  const found =
    known.find(({ file }) => file !== null && !isAbsolute(file)) ??
    known.find(({ text }) => text !== null) ??
    known[0];
  if (found === undefined) return null;
  const { function: name, file, line, text } = found;
  return { function: name, file, line, text };
}

/**
 * Reads the line if its file exists, and makes its path relative to the working directory. A build can leave paths
 * that are relative to a folder that the debug information does not name: it is often one above `library`.
 */
export function sourceLine(place: Place, library?: string): SourceLine {
  const { line } = place;
  const file = place.file === null ? null : located(place.file, library);
  return { ...place, file: file === null ? null : shownPath(file), text: textOf(file, line) };
}

function located(file: string, library: string | undefined): string {
  if (isAbsolute(file) || library === undefined) return file;
  const found = ['', ...foldersAbove(library)].map((folder) => resolve(folder, file)).find(isFile);
  return found ?? file;
}

function foldersAbove(library: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(resolve(library)); folders.length < MOST_FOLDERS; folder = dirname(folder))
    folders.push(folder);
  return folders;
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function shownPath(file: string): string {
  const path = relative(process.cwd(), file);
  return path === '' || path.startsWith('..') || isAbsolute(path) ? file : path;
}

function textOf(file: string | null, line: number | null): string | null {
  if (file === null || line === null || !SOURCE.test(file)) return null;
  try {
    return withFile(resolve(file), (source) => {
      if (source.size > LARGEST) return null;
      const text = source.read(0, source.size, 'source').toString();
      return lineIn(text, line);
    });
  } catch (error) {
    if (error instanceof TenonError) return null;
    throw error;
  }
}

function lineIn(text: string, line: number): string | null {
  let from = 0;
  for (let number = 1; number < line; number += 1) {
    from = text.indexOf('\n', from) + 1;
    if (from === 0) return null;
  }
  const end = text.indexOf('\n', from);
  const found = text.slice(from, end < 0 ? undefined : end).trim();
  return found === '' ? null : found.slice(0, LONGEST);
}
