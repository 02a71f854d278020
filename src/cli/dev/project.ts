/** Recognises what builds a plugin: Cargo, CMake, or a compiler for a single file. */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { UsageError } from '../usage.js';
import type { BuildOptions, Project } from './build.js';
import { cargo } from './cargo.js';
import { cmake } from './cmake.js';
import { isSingleFile, singleFile } from './single-file.js';

/** Finds the project of a folder or file. @throws UsageError if there is none */
export function projectAt(given: string, options: BuildOptions): Project {
  const path = resolve(given);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`there is no folder or file '${given}'.`);
  const folder = found.isDirectory() ? path : dirname(path);
  const names = found.isDirectory() ? readdirSync(path) : [basename(path)];
  if (names.includes('Cargo.toml')) return cargo(folder, options);
  if (names.includes('CMakeLists.txt')) return cmake(folder, options);
  const sources = names.filter(isSingleFile);
  const [source] = sources;
  if (source === undefined || sources.length > 1) throw nothingToBuild(given, found.isDirectory(), sources);
  if (options.target !== undefined)
    throw new UsageError(`--target is for Cargo and CMake, but '${given}' is built by a compiler alone.`);
  return singleFile(join(folder, source), options.release);
}

function nothingToBuild(given: string, isFolder: boolean, sources: readonly string[]): UsageError {
  const expected = 'Cargo.toml, CMakeLists.txt or one file in C or C++';
  if (!isFolder)
    return new UsageError(`'${given}' is not one of ${expected} (${extname(given) || 'no extension'}).`);
  const found = sources.length === 0 ? 'none of them' : `the files ${[...sources].sort().join(', ')}`;
  return new UsageError(`'${given}' must have ${expected}, but it has ${found}. Name the file or folder.`);
}
