/** Checks of group `file`: the other libraries that the plugin needs, and whether they are installed. */
import { inspectLoading } from '../../inspect/index.js';
import { loaderCache } from '../../library/loader-cache.js';
import { answerOf, type CheckDefinition } from '../definition.js';
import { isAllowed } from '../system-libraries.js';
import { namesIn, neededBy, ofElf } from './file-subject.js';

/** The reason to skip on a system without a cache, such as one with musl: only its loader knows its paths. */
const UNKNOWN_LOADER =
  'this system has no /etc/ld.so.cache, so the libraries that its loader finds are unknown';

/** Libraries of the sanitizers of GCC and Clang. A plugin that needs them is never shipped. */
const OF_SANITIZERS = ['lib*san.so.*', 'libclang_rt.*'];

export const libraryChecks: readonly CheckDefinition[] = [
  {
    id: 'file/libraries',
    title: 'The loader finds all libraries that the plugin needs.',
    why: 'No host can load the plugin if one of its libraries is missing.',
    fix: 'Install the library, or ship it next to the plugin and link with -Wl,-rpath,$ORIGIN. Link uncommon libraries statically.',
    severity: 'error',
    level: 'basic',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ofElf((_, subject) => {
        const missing = neededBy(subject).filter(({ path, problem }) => path === null || problem !== null);
        if (missing.length > 0 && loaderCache(subject.facts.arch) === null)
          return { state: 'skipped', reason: UNKNOWN_LOADER };
        return answerOf(
          missing.map(({ name, by, problem }) => {
            const who = by === subject.path ? name : `${name} (because of ${by})`;
            return problem === null
              ? `It needs ${who}, which the loader does not find`
              : `It needs ${who}, which the loader cannot load: ${problem.message}`;
          }),
        );
      }),
    },
  },
  {
    id: 'file/needed',
    title: 'The library needs only libraries that every system has.',
    why: 'A published plugin is loaded on machines that have only the system libraries.',
    fix: 'Link the library statically, or ship it next to the plugin and link with -Wl,-rpath,$ORIGIN. If your systems always have it, allow it (--allow-needed).',
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
        return answerOf(unusual.map((name) => `It needs ${name}, which not every system has`));
      },
    },
  },
  {
    id: 'file/versions',
    title: 'The libraries of this system provide the symbol versions that the plugin needs.',
    why: 'A plugin that was built on a newer system cannot be loaded here.',
    fix: 'Build the plugin on the oldest system that it must run on, or in a container of that system.',
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
          // A library without versions provides its symbols for every version.
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
    title: 'The library needs no newer glibc than the stated one.',
    why: 'Systems with an older glibc cannot load it.',
    fix: 'Build the plugin on the oldest system that it must run on, or in a container of that system.',
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

/** Returns `2.34` for `GLIBC_2.34`, and an empty string for versions of other libraries. */
function glibcOf(version: string): string {
  // Loaders define this version since they support packed relative relocations.
  if (version === 'GLIBC_ABI_DT_RELR') return '2.36';
  return /^GLIBC_(\d+\.\d+)/.exec(version)?.[1] ?? '';
}

function compare(one: string, other: string): number {
  const [major = 0, minor = 0] = one.split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number);
  return major - otherMajor || minor - otherMinor;
}
