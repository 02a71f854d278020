/**
 * Bundled libraries: libraries that a plugin needs and searches for relative to its own location (`$ORIGIN`,
 * `@loader_path`). A private copy has another location. Therefore they are copied with the plugin, or the
 * plugin is refused where that cannot work.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { TenonError } from '../base/errors.js';
import type { LibraryFacts } from '../inspect/facts.js';
import { inspectFileSync } from '../inspect/index.js';

/** A library that must be at the path `relative` to the plugin's copy. */
export interface Dependency {
  readonly path: string;
  readonly relative: string;
}

const MAX_DEPENDENCIES = 64;
const ORIGIN = /^(?:\$ORIGIN|\$\{ORIGIN\}|@loader_path)(?:\/|$)/;
const LOADER_PATH = /^@(?:loader_path|rpath)\//;

/**
 * Returns the bundled libraries that the plugin needs, directly or through another bundled library.
 * @throws TenonError ERR_TENON_LOAD_FAILED if one is in a place that a copy cannot reproduce
 */
export function dependencies(path: string, facts: LibraryFacts): Dependency[] {
  const folder = dirname(path);
  const found = new Map<string, Dependency>();
  const queue: { facts: LibraryFacts; within: string }[] = [{ facts, within: '.' }];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const relative of relativeNeeds(next.facts, next.within, folder, path)) {
      if (found.has(relative) || join(folder, relative) === path) continue;
      if (found.size >= MAX_DEPENDENCIES) {
        throw refused(
          path,
          `it needs more than ${MAX_DEPENDENCIES} bundled libraries`,
          'Install them where the system finds them.',
        );
      }
      const dependency = { path: join(folder, relative), relative };
      found.set(relative, dependency);
      queue.push({
        facts: inspectFileSync(dependency.path, { exports: 'entry-points' }),
        within: dirname(relative),
      });
    }
  }
  return [...found.values()].sort((a, b) => (a.relative < b.relative ? -1 : 1));
}

/**
 * Returns the needed libraries of one file that are located relative to it, as paths relative to the plugin's
 * folder.
 */
function relativeNeeds(facts: LibraryFacts, within: string, folder: string, plugin: string): string[] {
  const places = facts.runpath
    .filter((entry) => ORIGIN.test(entry))
    .map((entry) => entry.replace(ORIGIN, ''));
  const needs: string[] = [];
  for (const needed of facts.needed) {
    const direct = needed.startsWith('@loader_path/');
    if (!direct && needed.includes('/') && !needed.startsWith('@rpath/')) continue;
    const name = needed.replace(LOADER_PATH, '');
    const candidates = direct ? [name] : places.map((place) => join(place, name));
    const relative = candidates
      .map((candidate) => normalize(join(within, candidate)))
      .find((candidate) => existsSync(join(folder, candidate)));
    if (relative === undefined) continue;
    if (relative.startsWith('..')) {
      throw refused(
        plugin,
        `it needs ${basename(name)} from ${join(folder, relative)}, outside its own folder`,
        'A plugin is loaded from a private copy; put the library next to the plugin or below its folder ($ORIGIN, $ORIGIN/lib), or where the system finds it.',
      );
    }
    needs.push(relative);
  }
  return needs;
}

function refused(path: string, found: string, advice: string): TenonError {
  return new TenonError('ERR_TENON_LOAD_FAILED', `Cannot load ${path}: ${found}. ${advice}`, { path });
}
