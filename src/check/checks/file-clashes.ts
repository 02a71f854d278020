/** Checks of group `file`: symbols and libraries of which a process has only one, so that plugins get in each other's way. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TenonError } from '../../base/errors.js';
import { inspectFileSync } from '../../inspect/index.js';
import { preferenceFor } from '../../library/preference.js';
import { thisProgram } from '../../library/program.js';
import { findNeeded, type NeededLibrary } from '../../library/search.js';
import { answerOf, type CheckDefinition } from '../definition.js';
import { hasNoEntryPoint, type Subject } from '../subject.js';
import { loadingOf, namesIn, neededBy, OF_CPP_LIBRARY, ofElf } from './file-subject.js';

const HIDE =
  'Compile with -fvisibility=hidden and -fvisibility-inlines-hidden, and link static libraries with -Wl,--exclude-libs,ALL.';
/** The most files of a folder that are compared with the plugin. */
const MOST_NEIGHBOURS = 200;

export const clashChecks: readonly CheckDefinition[] = [
  {
    id: 'file/host-symbols',
    title: 'No function or variable of the library has the name of one in Node.js.',
    why: 'The loader finds the one in Node.js first: the plugin then calls another version of zlib, OpenSSL or simdjson than its own. Hosts open such a plugin so that it prefers its own, and refuse it where that is not possible.',
    fix: HIDE,
    severity: 'warning',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf((_, subject) => {
        const { clashes, obstacle } = preferenceFor(subject.path);
        if (obstacle !== null)
          return answerOf([
            `Node.js ${process.version} has ${namesIn(clashes)} too, and ${obstacle}: hosts refuse the plugin in the tiers inline and thread`,
          ]);
        const own = ownClashes(subject);
        if (own.length === 0) return answerOf([]);
        return answerOf([`It looks up its own ${namesIn(own)}, which Node.js ${process.version} has too`]);
      }),
    },
  },
  {
    id: 'file/shared-statics',
    title: 'No variable of the library is shared with other libraries of the process.',
    why: 'Compilers mark static variables of inline functions and templates so that the process has only one of each name. Two plugins with different versions of a header then use the same memory with different layouts.',
    fix: `${HIDE} Or compile with -fno-gnu-unique.`,
    severity: 'warning',
    level: 'basic',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ unique }) => {
        const own = ownUnique(unique);
        return answerOf(
          own.length === 0
            ? []
            : [`It shares ${namesIn(own)} with every library that has the same name (STB_GNU_UNIQUE)`],
        );
      }),
    },
  },
  {
    id: 'file/library-names',
    title: 'Each library that the plugin brings has a name that no other library of a host has.',
    why: 'The loader loads only one library of a name. A plugin that brings another one of the same name would use the first, so hosts refuse it in the tiers inline and thread.',
    fix: 'Link the library statically and hide its symbols, or give its file and its SONAME a name of their own (patchelf --set-soname, auditwheel).',
    severity: 'warning',
    level: 'strict',
    needs: ['file/libraries'],
    method: {
      type: 'bytes',
      judge: ofElf((_, subject) => {
        const brought = neededBy(subject).filter(({ beside, path }) => beside && path !== null);
        if (brought.length === 0) return answerOf([]);
        return answerOf([...ofNode(brought), ...ofNeighbours(brought, subject)]);
      }),
    },
  },
];

/** Returns the exported symbols of a plugin that the checks of this file report. */
export function clashing(subject: Subject): ReadonlySet<string> {
  const loading = subject.facts.format === 'elf' ? loadingOf(subject) : null;
  return new Set(loading === null ? [] : [...ownUnique(loading.unique), ...ownClashes(subject)]);
}

function ownUnique(names: readonly string[]): string[] {
  return names.filter((name) => !OF_CPP_LIBRARY.test(name)).sort();
}

/** Returns the symbols that the plugin exports itself, and that Node.js has too. */
function ownClashes({ path, facts }: Subject): string[] {
  const exported = new Set(facts.exports.map(({ name }) => name));
  return preferenceFor(path).clashes.filter((name) => exported.has(name));
}

function ofNode(brought: readonly NeededLibrary[]): string[] {
  const program = thisProgram();
  const known = brought.filter(({ name }) => program.handle(name) !== null);
  program.close();
  return known.map(
    ({ name }) => `It brings ${name}, and Node.js ${process.version} has already loaded one of that name`,
  );
}

/** Compares the libraries with those that other plugins in the same folder bring. */
function ofNeighbours(brought: readonly NeededLibrary[], { path }: Subject): string[] {
  const folder = dirname(path);
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.so') && name !== basename(path))
    .slice(0, MOST_NEIGHBOURS);
  return names.flatMap((name) =>
    broughtBy(join(folder, name)).flatMap((other) => {
      const own = brought.find((one) => one.name === other.name);
      if (own === undefined || sameBytes(own.path, other.path)) return [];
      return [`It brings ${own.name}, and ${name} in its folder brings another library of that name`];
    }),
  );
}

function broughtBy(plugin: string): NeededLibrary[] {
  try {
    const facts = inspectFileSync(plugin, { exports: 'entry-points' });
    if (facts.format !== 'elf' || facts.arch !== process.arch || hasNoEntryPoint(facts)) return [];
    return findNeeded(plugin).filter(({ beside, path }) => beside && path !== null);
  } catch (error) {
    if (error instanceof TenonError) return []; // the check of that file reports it
    throw error;
  }
}

function sameBytes(one: string | null, other: string | null): boolean {
  if (one === null || other === null || one === other) return true;
  const [first, second] = [statSync(one), statSync(other)];
  if (first.ino === second.ino && first.dev === second.dev) return true;
  return first.size === second.size && readFileSync(one).equals(readFileSync(other));
}
