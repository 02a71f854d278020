/** Bundled libraries of Mach-O plugins: those that are found relative to the plugin (`@loader_path`, `@rpath`). */
import { existsSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { TenonError } from '../base/errors.js';
import type { LibraryFacts } from '../inspect/facts.js';
import { inspectFileSync } from '../inspect/index.js';
import type { Bundled } from './companions.js';

const MAX_BUNDLED = 64;
const ORIGIN = /^@loader_path(?:\/|$)/;
const LOADER_PATH = /^@(?:loader_path|rpath)\//;

/**
 * Returns the bundled libraries that the plugin needs, directly or through another bundled library.
 * @throws TenonError ERR_TENON_LOAD_FAILED if one is in a place that a copy cannot reproduce
 */
export function machoCompanions(path: string, facts: LibraryFacts): Bundled[] {
  const folder = dirname(path);
  const found = new Map<string, Bundled>();
  const queue: { facts: LibraryFacts; within: string }[] = [{ facts, within: '.' }];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const relative of relativeNeeds(next.facts, next.within, folder, path)) {
      if (found.has(relative) || join(folder, relative) === path) continue;
      if (found.size >= MAX_BUNDLED)
        throw refused(
          path,
          `it needs more than ${MAX_BUNDLED} bundled libraries`,
          'Install them where the system finds them.',
        );
      const library = { path: join(folder, relative), relative };
      found.set(relative, library);
      queue.push({
        facts: inspectFileSync(library.path, { exports: 'entry-points' }),
        within: dirname(relative),
      });
    }
  }
  return [...found.values()].sort((a, b) => (a.relative < b.relative ? -1 : 1));
}

/** Returns the needed libraries that are located relative to one file, as paths relative to the plugin's folder. */
function relativeNeeds(facts: LibraryFacts, within: string, folder: string, plugin: string): string[] {
  const places = facts.runpath
    .filter((entry) => ORIGIN.test(entry))
    .map((entry) => entry.replace(ORIGIN, ''));
  const needs: string[] = [];
  for (const needed of facts.needed) {
    const direct = needed.startsWith('@loader_path/');
    if (!direct && !needed.startsWith('@rpath/')) continue;
    const name = needed.replace(LOADER_PATH, '');
    const candidates = direct ? [name] : places.map((place) => join(place, name));
    const relative = candidates
      .map((candidate) => normalize(join(within, candidate)))
      .find((candidate) => existsSync(join(folder, candidate)));
    if (relative === undefined) continue;
    if (relative.startsWith('..'))
      throw refused(
        plugin,
        `it needs ${basename(name)} from ${join(folder, relative)}, outside its own folder`,
        'Put the library next to the plugin or below its folder (@loader_path), or where the system finds it.',
      );
    needs.push(relative);
  }
  return needs;
}

function refused(path: string, found: string, advice: string): TenonError {
  return new TenonError('ERR_TENON_LOAD_FAILED', `Cannot load ${path}: ${found}. ${advice}`, { path });
}
