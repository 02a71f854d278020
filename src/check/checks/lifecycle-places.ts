/** Checks of group `lifecycle` that concern the threads and the copies of the library that instances live in. */
import type { CheckDefinition } from '../definition.js';
import type { Subject } from '../subject.js';
import { privateCopyCheck } from './lifecycle-private-copy.js';

const scenario = { type: 'scenario', timeout: 30_000 } as const;
const common = { needs: ['calls/plain'], method: scenario } as const;
const afterCopy = {
  needs: ['lifecycle/private-copy', 'threads/left-after-drop', 'calls/uninitialised-memory'],
} as const;

/** Skips a plugin whose libraries are in its own folder: the loader would look for them next to the copy. */
function skipNeighbours({ facts: { runpath } }: Subject): string | null {
  return runpath.some((folder) => /\$\{?ORIGIN/.test(folder))
    ? 'the library looks for others in its own folder ($ORIGIN), and its copy is in another folder'
    : null;
}

const ofCopies = { ...afterCopy, method: { ...scenario, skip: skipNeighbours } } as const;

export const placeChecks: readonly CheckDefinition[] = [
  {
    ...common,
    id: 'lifecycle/moved-thread',
    title: 'An instance can be created on one thread, called on another, and dropped on a third.',
    why: 'Hosts make one call at a time, but not always from the same thread: thread pools pass instances between threads.',
    fix: 'Keep all state in the instance. Keep nothing that a call needs in thread-local variables.',
    severity: 'error',
    level: 'strict',
  },
  {
    ...common,
    id: 'lifecycle/thread-exit',
    title: 'An instance outlives the threads that created and called it.',
    why: 'The destructors of thread-local variables run when a thread ends. They destroy what the instance still needs.',
    fix: 'Do not let thread-local variables own anything that belongs to an instance.',
    severity: 'error',
    level: 'strict',
  },
  {
    ...common,
    needs: ['threads/left-after-drop'],
    id: 'lifecycle/exit',
    title: 'A process that has used the plugin can exit.',
    why: 'Destructors and atexit handlers of the library run at exit. A crash in one turns a success into a failure.',
    fix: 'Release everything in drop. Avoid atexit handlers and global variables with destructors.',
    severity: 'error',
    level: 'strict',
  },
  privateCopyCheck,
  {
    ...ofCopies,
    id: 'lifecycle/second-copy',
    title: 'Two copies of the library work in one process without affecting each other.',
    why: 'Hosts load a rebuilt plugin under a new name while instances of the old one may still exist.',
    fix: 'Do not store state of the library under process-wide names (environment variables, shared memory, exported variables).',
    severity: 'warning',
    level: 'strict',
  },
  {
    ...ofCopies,
    id: 'lifecycle/reload',
    title: 'The library can be unloaded, and another copy of it can be loaded.',
    why: 'Threads and the process end after the library is unloaded. A callback that it registered (pthread_key_create, atexit) is then called at an unmapped address, which is a crash.',
    fix: 'Unregister the callbacks in a destructor of the library, or link it with -Wl,-z,nodelete.',
    severity: 'warning',
    level: 'torture',
  },
];
