/** Helpers of the checks of group `file`: facts that only ELF libraries have. */
import { inspectLoading, type LoadingFacts } from '../../inspect/index.js';
import { findNeeded, type NeededLibrary } from '../../library/search.js';
import type { CheckAnswer } from '../definition.js';
import type { Subject } from '../subject.js';

const loading = new WeakMap<Subject, LoadingFacts | null>();
const needed = new WeakMap<Subject, readonly NeededLibrary[]>();

/** Returns the facts of a file, which are read once. Null if the file is not ELF. @throws TenonError */
export function loadingOf(subject: Subject): LoadingFacts | null {
  const known = loading.get(subject);
  if (known !== undefined) return known;
  const facts = inspectLoading(subject.path);
  loading.set(subject, facts);
  return facts;
}

/** Returns the libraries that a file needs. They are searched once for each file. */
export function neededBy(subject: Subject): readonly NeededLibrary[] {
  const known = needed.get(subject);
  if (known !== undefined) return known;
  const found = findNeeded(subject.path);
  needed.set(subject, found);
  return found;
}

/** Returns a check of facts that only ELF libraries have. It is skipped for other libraries. */
export function ofElf(
  judge: (facts: LoadingFacts, subject: Subject) => CheckAnswer,
): (subject: Subject) => CheckAnswer {
  return (subject) => {
    const facts = loadingOf(subject);
    if (facts === null) return { state: 'skipped', reason: 'only ELF libraries have it' };
    return judge(facts, subject);
  };
}

/**
 * Templates and inline functions of the C++ library. They are visible regardless of -fvisibility, and they are
 * the same in every library that has them.
 */
export const OF_CPP_LIBRARY =
  /^_Z(?:T[A-Z]|G[VR]|Z)*(?:N[KVRO]*)?(?:St|S[absiod]|\d+(?:__gnu_cxx|__cxxabiv1))/;
/** The most names that one sentence lists. */
const SHOWN = 8;

export function namesIn(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return names.slice(0, SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
