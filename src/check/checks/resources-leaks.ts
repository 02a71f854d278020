/** Checks of group `resources` that are about more and more of something, or about what stays when all instances are gone. */
import type { CheckDefinition } from '../definition.js';
import { leaksIn } from '../leaks.js';

/** Milliseconds: a scenario gives slow plugins up on its own before. */
const MANY = 60_000;
const FEW = 20_000;

export const leakChecks: readonly CheckDefinition[] = [
  {
    id: 'resources/leak-per-call',
    title: 'Memory in use does not grow with the number of calls.',
    why: 'A host that runs for weeks makes millions of calls; what each of them keeps ends it one day.',
    fix: 'Free what a call allocates before it returns, or keep it in the instance and use it again; valgrind and --sanitize address show where it comes from.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: MANY, judge: leaksIn },
  },
  {
    id: 'resources/leak-per-instance',
    title: 'Memory in use does not grow with the number of instances that came and went.',
    why: 'Hosts make instances anew after failures and for each user; what drop forgets adds up.',
    fix: 'Free in drop whatever new and the calls have allocated for the instance.',
    severity: 'error',
    level: 'basic',
    needs: ['resources/leak-per-call'],
    method: { type: 'scenario', timeout: MANY, judge: leaksIn },
  },
  {
    id: 'resources/descriptors-per-call',
    title: 'The number of open file descriptors does not grow with the number of calls.',
    why: 'A process may have a thousand or so; without a free one the host can open neither files nor connections.',
    fix: 'Close on every path what a call opens.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: MANY },
  },
  {
    id: 'resources/descriptors-per-instance',
    title:
      'The number of open file descriptors does not grow with the number of instances that came and went.',
    why: 'A process may have a thousand or so; without a free one the host can open neither files nor connections.',
    fix: 'Close in drop what new and the calls have opened.',
    severity: 'error',
    level: 'basic',
    needs: ['resources/descriptors-per-call'],
    method: { type: 'scenario', timeout: MANY },
  },
  {
    id: 'resources/timers',
    title: 'After drop no timers are left.',
    why: 'A timer that goes off later sends a signal to a host that knows nothing of it, which usually ends it.',
    fix: 'Delete timers in drop (timer_delete, setitimer with zeros), or wait on a thread of the plugin instead.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: FEW },
  },
  {
    id: 'resources/child-processes',
    title: 'After drop no child processes are left, neither running nor unwaited for.',
    why: 'They outlive the plugin, keep its files and ports, and fill the table of processes.',
    fix: 'End in drop what was started, and wait for it (waitpid).',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: FEW },
  },
  {
    id: 'resources/files',
    title: 'After drop no temporary files and no shared memory are left.',
    why: 'They stay until the machine is started again, and fill its disk or its memory.',
    fix: 'Unlink temporary files as soon as they are open, and call shm_unlink or shmctl(IPC_RMID) in drop.',
    severity: 'warning',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: FEW },
  },
];
