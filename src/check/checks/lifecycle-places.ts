/** Checks of group `lifecycle`: on which threads, and in which copy of the library, instances live. */
import type { CheckDefinition } from '../definition.js';
import type { Subject } from '../subject.js';

const scenario = { type: 'scenario', timeout: 30_000 } as const;
const common = { needs: ['calls/plain'], method: scenario } as const;

/** The loader would look for them beside the copy. */
function skipNeighbours({ facts: { runpath } }: Subject): string | null {
  return runpath.some((folder) => /\$\{?ORIGIN/.test(folder))
    ? 'the library looks for others beside itself ($ORIGIN), where its copy is not'
    : null;
}

const ofCopies = { ...common, method: { ...scenario, skip: skipNeighbours } } as const;

export const placeChecks: readonly CheckDefinition[] = [
  {
    ...common,
    id: 'lifecycle/moved-thread',
    title: 'An instance can be made on one thread, called on another, and dropped on a third.',
    why: 'Hosts promise one call at a time and not always the same thread: pools hand instances around.',
    fix: 'Keep everything in the instance, and nothing that a call needs in thread-local variables.',
    severity: 'error',
    level: 'strict',
  },
  {
    ...common,
    id: 'lifecycle/thread-exit',
    title: 'An instance outlives the threads that it was made and called on.',
    why: 'Destructors of thread-local variables run when a thread ends: what an instance still needs is then gone.',
    fix: 'Let thread-local variables own nothing that belongs to an instance.',
    severity: 'error',
    level: 'strict',
  },
  {
    ...common,
    id: 'lifecycle/exit',
    title: 'A process that has used the plugin can exit.',
    why: 'Destructors and atexit handlers of the library run then: a crash in there makes a failure of what was a success.',
    fix: 'Let drop end everything; keep out of atexit handlers and destructors of global variables.',
    severity: 'error',
    level: 'strict',
  },
  {
    ...ofCopies,
    id: 'lifecycle/second-copy',
    title: 'Two copies of the library work in one process without noticing each other.',
    why: 'Hosts load a rebuilt plugin under a new name beside the old one, whose instances may live on.',
    fix: 'Take no names of the whole process (environment variables, shared memory, exported variables) for what belongs to the library.',
    severity: 'warning',
    level: 'strict',
  },
  {
    ...ofCopies,
    id: 'lifecycle/reload',
    title: 'The library can be unloaded, and another copy of it be loaded.',
    why: 'Threads end later than that: whatever they were told to call then (pthread_key_create, atexit) is no longer there, and that is a crash.',
    fix: 'Take back in a destructor of the library what the system was told to call, or link it with -Wl,-z,nodelete.',
    severity: 'warning',
    level: 'torture',
  },
];
