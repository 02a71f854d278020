/** Checks of group `file`: which other libraries the plugin needs, and whether they are there. */
import { inspectLoading } from '../../inspect/index.js';
import { answerOf, type CheckDefinition } from '../definition.js';
import { loaderCache } from '../loader/cache.js';
import { isAllowed } from '../loader/system-libraries.js';
import { namesIn, neededBy, ofElf } from './file-subject.js';

/** Without a cache, as with musl, nobody but the loader itself knows where it looks. */
const UNKNOWN_LOADER = 'this system has no /etc/ld.so.cache, so that it is not known what its loader finds';

/** What a plugin that was built with a sanitizer needs, of GCC or Clang: nobody ships such a one. */
const OF_SANITIZERS = ['lib*san.so.*', 'libclang_rt.*'];

export const libraryChecks: readonly CheckDefinition[] = [
  {
    id: 'file/libraries',
    title: 'All libraries that it needs can be found by the loader.',
    why: 'A library that is missing keeps every host from loading the plugin.',
    fix: 'Install it, or ship it beside the plugin and link with -Wl,-rpath,$ORIGIN; link what few know statically.',
    severity: 'error',
    level: 'basic',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf((_, subject) => {
        const missing = neededBy(subject).filter(({ path }) => path === null);
        if (missing.length > 0 && loaderCache(subject.facts.arch) === null)
          return { state: 'skipped', reason: UNKNOWN_LOADER };
        return answerOf(
          missing.map(({ name, by }) =>
            by === subject.path
              ? `It needs ${name}, which the loader does not find`
              : `It needs ${name} (by way of ${by}), which the loader does not find`,
          ),
        );
      }),
    },
  },
  {
    id: 'file/needed',
    title: 'The library needs nothing that other systems do not have.',
    why: 'A plugin that is given to others is loaded on machines where only the libraries of the system are installed.',
    fix: 'Link it statically, or ship it beside the plugin and link with -Wl,-rpath,$ORIGIN; where it is always there, allow it (--allow-needed).',
    severity: 'warning',
    level: 'strict',
    needs: ['file/libraries'],
    method: {
      type: 'bytes',
      judge: (subject) => {
        const { facts, settings } = subject;
        const brought = new Set(
          facts.format === 'elf'
            ? neededBy(subject)
                .filter(({ beside }) => beside)
                .map(({ name }) => name)
            : [],
        );
        const { allowNeeded, sanitize } = settings;
        const allowed = sanitize === undefined ? allowNeeded : [...allowNeeded, ...OF_SANITIZERS];
        const unusual = facts.needed.filter(
          (name) => !brought.has(name) && !isAllowed(name, facts.format, allowed),
        );
        return answerOf(unusual.map((name) => `It needs ${name}, which is no part of every system`));
      },
    },
  },
  {
    id: 'file/versions',
    title: 'The libraries of this system have the versions of symbols that it needs.',
    why: 'A plugin that was built on a newer system cannot be loaded here.',
    fix: 'Build it on the oldest system that it has to run on, or in a container of that.',
    severity: 'error',
    level: 'basic',
    needs: ['file/libraries'],
    method: {
      type: 'bytes',
      judge: ofElf(({ versions }, subject) => {
        const paths = new Map(neededBy(subject).map(({ name, path }) => [name, path]));
        const missing = versions.filter(({ library, version, weak }) => {
          const path = paths.get(library);
          if (weak || path === undefined || path === null) return false;
          const defined = inspectLoading(path)?.defined ?? [];
          // A library without versions has its symbols for whichever version is asked.
          return defined.length > 0 && !defined.includes(version);
        });
        return answerOf(
          missing.map(
            ({ library, version, symbols }) =>
              `It needs version ${version} of ${library}${usedFor(symbols)}, and ${paths.get(library)} does not have it`,
          ),
        );
      }),
    },
  },
  {
    id: 'file/glibc',
    title: 'The library needs no newer glibc than the one that was stated.',
    why: 'It cannot be loaded on systems with an older one.',
    fix: 'Build it on the oldest system that it has to run on, or in a container of that.',
    severity: 'error',
    level: 'strict',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf(({ versions }, { settings: { glibc } }) => {
        const needed = versions
          .map(({ version, symbols }) => ({ glibc: glibcOf(version), symbols }))
          .sort((a, b) => compare(b.glibc, a.glibc));
        const [newest] = needed;
        if (newest === undefined || newest.glibc === '')
          return { state: 'skipped', reason: 'it needs no glibc' };
        if (glibc === undefined)
          return {
            state: 'skipped',
            reason: `no oldest glibc was stated (--glibc); it needs ${newest.glibc}`,
          };
        return answerOf(
          needed
            .filter((one) => compare(one.glibc, glibc) > 0)
            .map((one) => `It needs glibc ${one.glibc}${usedFor(one.symbols)}, expected at most ${glibc}`),
        );
      }),
    },
  },
];

function usedFor(symbols: readonly string[]): string {
  return symbols.length === 0 ? '' : ` (for ${namesIn(symbols)})`;
}

/** `2.34` for `GLIBC_2.34`; empty for versions of other libraries. */
function glibcOf(version: string): string {
  // The loader has this one since relative relocations can be packed.
  if (version === 'GLIBC_ABI_DT_RELR') return '2.36';
  return /^GLIBC_(\d+\.\d+)/.exec(version)?.[1] ?? '';
}

function compare(one: string, other: string): number {
  const [major = 0, minor = 0] = one.split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number);
  return major - otherMajor || minor - otherMinor;
}
