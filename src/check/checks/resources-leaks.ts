/** Checks of group `resources`: growth over calls and instances, and resources that are left after drop. */
import type { CheckDefinition } from '../definition.js';
import { growthMethod } from '../growth.js';

/** Milliseconds. A scenario stops earlier by itself if the plugin is slow. */
const MANY = 60_000;
const FEW = 20_000;

export const leakChecks: readonly CheckDefinition[] = [
  {
    id: 'resources/leak-per-call',
    title: 'Memory in use does not grow with the number of calls.',
    why: 'A host that runs for weeks makes millions of calls. A leak in each of them eventually exhausts its memory.',
    fix: 'Free what a call allocates before it returns, or keep it in the instance and reuse it. valgrind and --sanitize address show the allocation. Memory that is kept on purpose needs a bound: this check makes 20 000 calls before it reports growth.',
    severity: 'error',
    level: 'basic',
    needs: ['resources/descriptors-per-call', 'resources/threads-per-call'],
    method: growthMethod,
  },
  {
    id: 'resources/leak-per-instance',
    title: 'Memory in use does not grow with the number of instances created and dropped.',
    why: 'Hosts recreate instances after failures, and create one for each user. Leaks in drop add up.',
    fix: 'Free in drop everything that new and the calls have allocated for the instance.',
    severity: 'error',
    level: 'basic',
    needs: ['resources/leak-per-call', 'resources/descriptors-per-instance', 'threads/left-after-drop'],
    method: growthMethod,
  },
  {
    id: 'resources/descriptors-per-call',
    title: 'The number of open file descriptors does not grow with the number of calls.',
    why: 'A process may often have only about a thousand descriptors. Without a free one, the host can open neither files nor connections.',
    fix: 'Close what a call opens, on every path.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: MANY },
  },
  {
    id: 'resources/descriptors-per-instance',
    title:
      'The number of open file descriptors does not grow with the number of instances created and dropped.',
    why: 'A process may often have only about a thousand descriptors. Without a free one, the host can open neither files nor connections.',
    fix: 'Close in drop what new and the calls have opened.',
    severity: 'error',
    level: 'basic',
    needs: ['resources/descriptors-per-call', 'threads/left-after-drop'],
    method: { type: 'scenario', timeout: MANY },
  },
  {
    id: 'resources/threads-per-call',
    title: 'The number of threads does not grow with the number of calls.',
    why: 'Each thread holds a stack, and systems limit the number of threads. Without a free one, the host can start none.',
    fix: 'Let threads end when their work is done, or use a pool of bounded size. Join each thread, or detach it.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: MANY },
  },
  {
    id: 'resources/timers',
    title: 'No timers are left after drop.',
    why: 'A timer that expires later sends the host a signal that it does not expect, which usually ends it.',
    fix: 'Delete timers in drop (timer_delete, setitimer with zeros), or wait on a thread of the plugin instead.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: FEW },
  },
  {
    id: 'resources/child-processes',
    title: 'No child processes are left after drop, neither running nor as zombies.',
    why: 'They outlive the plugin, hold its files and ports, and fill the process table.',
    fix: 'In drop, end each process that the plugin has started, and wait for it (waitpid).',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: FEW },
  },
  {
    id: 'resources/files',
    title: 'No temporary files and no shared memory are left after drop.',
    why: 'They remain until the machine restarts, and fill its disk or its memory.',
    fix: 'Unlink temporary files as soon as they are open, and call shm_unlink or shmctl(IPC_RMID) in drop.',
    severity: 'warning',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: FEW },
  },
];
