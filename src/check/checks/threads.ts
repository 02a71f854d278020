/** Checks of group `threads`: calls from several threads, and the rules for threads of the plugin. */
import type { CheckDefinition } from '../definition.js';
import { nonReentrantHint } from '../non-reentrant.js';
import { GENEROUS, NEEDS_CALLS, QUICK } from './calls-shared.js';

/** The checks that the others depend on. Otherwise each would report the same fault. */
const NEEDS_THREADS: readonly string[] = [
  ...NEEDS_CALLS,
  'lifecycle/moved-thread',
  'lifecycle/thread-exit',
  'threads/left-after-drop',
];

const callerChecks: readonly CheckDefinition[] = [
  {
    id: 'threads/many-threads',
    title: 'Many threads, one at a time, can call an instance.',
    why: 'A host uses any free thread of its pool, and pools come and go.',
    fix: 'Do not keep a table of the calling threads. Release per-thread data when its thread ends.',
    severity: 'error',
    level: 'strict',
    needs: NEEDS_THREADS,
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'threads/concurrent-instances',
    title: 'Several instances can be called at the same time, with different inputs.',
    why: 'Hosts run instances on different threads. Only calls of the same instance are made one at a time. A result that is made from the input of another caller may show one user the data of another.',
    fix: 'Keep state in the instance rather than in static variables, or guard shared state with a lock. Use the reentrant functions of the C library (strtok_r, localtime_r). Otherwise declare TENON_SINGLETON.',
    severity: 'error',
    level: 'strict',
    needs: NEEDS_THREADS,
    method: { type: 'scenario', timeout: GENEROUS, hint: nonReentrantHint },
  },
  {
    id: 'threads/concurrent-new',
    title: 'Instances can be created, called and dropped on several threads at the same time.',
    why: 'Hosts may call new and drop from any thread at any time.',
    fix: 'Guard shared state that the first instance initialises: pthread_once, call_once, OnceLock. Count instances with a lock or an atomic, and take several locks in the same order everywhere.',
    severity: 'error',
    level: 'strict',
    needs: [...NEEDS_THREADS, 'threads/concurrent-instances'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'threads/concurrent-first',
    title: 'Instances that are made while the first one of the process is being made are complete.',
    why: 'What the first instance sets up for all is not there yet. The others return wrong results, once after each start of a host.',
    fix: 'Set up with pthread_once, call_once or OnceLock. If you use a flag, set it after everything else, and let it be atomic.',
    severity: 'error',
    level: 'torture',
    needs: [...NEEDS_THREADS, 'threads/concurrent-new'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'threads/concurrent-calls',
    title:
      'In a plugin that declares TENON_THREAD_SAFE, concurrent calls of one instance return the same results as single calls.',
    why: 'The flag permits hosts to make concurrent calls.',
    fix: 'Guard the state of the instance, or do not declare the flag.',
    severity: 'error',
    level: 'strict',
    needs: NEEDS_THREADS,
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'threads/thread-name',
    title: 'The plugin does not rename the thread that calls it.',
    why: 'The thread belongs to the host. Debuggers, ps and crash reports would show the wrong name.',
    fix: 'Set the name only of threads that the plugin has started.',
    severity: 'warning',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
];

const eventChecks: readonly CheckDefinition[] = [
  {
    id: 'threads/events',
    title: 'The plugin passes valid data to emit.',
    why: 'emit copies `len` bytes from the given address, and NULL is not a valid address.',
    fix: 'Pass a pointer to at least `len` bytes that stay valid until emit returns.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'threads/log-text',
    title: 'Log entries are UTF-8, and have a level that the ABI defines.',
    why: 'Hosts write log entries to files and terminals. An entry that is not UTF-8 is dropped or mangled.',
    fix: 'Escape bytes that come from elsewhere, and use the levels in tenon.h.',
    severity: 'warning',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'threads/left-after-drop',
    title: 'No thread of the plugin runs when drop returns.',
    why: 'Such a thread continues to use a host and an instance that no longer exist, and code that the host may unload. In a host that reloads plugins, such threads accumulate.',
    fix: 'Before drop returns, tell each thread to end, and join it. A thread that was detached cannot be joined, and neither can those of a rayon ThreadPool: use build_scoped, or wait for its exit_handler.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'threads/emit-after-drop',
    title: 'The plugin calls neither emit nor log with the host of an instance after its drop.',
    why: 'The tenon_host is valid until drop returns. After that its memory may be freed.',
    fix: 'Keep the host in the instance, and not in a static variable. Each instance has a host of its own.',
    severity: 'error',
    level: 'strict',
    needs: ['threads/left-after-drop'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'threads/slow-emit',
    title: 'drop waits for threads that are in emit, however long that takes.',
    why: 'A host may be slow. If drop stops waiting, a thread stays behind and uses the host after it is freed.',
    fix: 'Join the threads before drop returns, without a time limit.',
    severity: 'error',
    level: 'strict',
    needs: ['threads/left-after-drop'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'threads/busy',
    title: 'new, calls and drop return while emit returns TENON_BUSY.',
    why: 'The host can make room only after the call has returned. A call that waits for room waits forever.',
    fix: 'Keep the event for later, discard it, or return TENON_BUSY. Retry on a thread of the plugin, and end that thread in drop.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'threads/busy-rate',
    title: 'After TENON_BUSY the plugin waits before it calls emit again.',
    why: 'Retrying without a pause occupies a processor that the host needs to make room.',
    fix: 'Wait a few milliseconds, and longer each time, on a thread that drop can end.',
    severity: 'warning',
    level: 'strict',
    needs: ['threads/busy'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
];

export const threadChecks: readonly CheckDefinition[] = [...callerChecks, ...eventChecks];
