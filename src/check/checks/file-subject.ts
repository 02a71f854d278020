/** What the checks of group `file` have in common: facts that only ELF libraries have. */
import { inspectLoading, type LoadingFacts } from '../../inspect/index.js';
import type { CheckAnswer } from '../definition.js';
import { findNeeded, type NeededLibrary } from '../loader/search.js';
import type { Subject } from '../subject.js';

const loading = new WeakMap<Subject, LoadingFacts | null>();
const needed = new WeakMap<Subject, readonly NeededLibrary[]>();

/** Read once for each file. @throws TenonError */
function loadingOf(subject: Subject): LoadingFacts | null {
  const known = loading.get(subject);
  if (known !== undefined) return known;
  const facts = inspectLoading(subject.path);
  loading.set(subject, facts);
  return facts;
}

/** Needed libraries, found once for each file. */
export function neededBy(subject: Subject): readonly NeededLibrary[] {
  const known = needed.get(subject);
  if (known !== undefined) return known;
  const found = findNeeded({ ...subject.facts, path: subject.path });
  needed.set(subject, found);
  return found;
}

/** A check of what only ELF libraries have: skipped for others. */
export function ofElf(
  judge: (facts: LoadingFacts, subject: Subject) => CheckAnswer,
): (subject: Subject) => CheckAnswer {
  return (subject) => {
    const facts = loadingOf(subject);
    if (facts === null) return { state: 'skipped', reason: 'only ELF libraries have it' };
    return judge(facts, subject);
  };
}

/** At most so many names in a sentence. */
const SHOWN = 8;

export function namesIn(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return names.slice(0, SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
