/** Checks of group `threads`: who may call when, and what threads of the plugin may do. */
import type { CheckDefinition } from '../definition.js';
import { GENEROUS, NEEDS_CALLS, QUICK } from './calls-shared.js';

/** Without them the others say the same once more. */
const NEEDS_THREADS: readonly string[] = [...NEEDS_CALLS, 'lifecycle/moved-thread', 'lifecycle/thread-exit'];

const callerChecks: readonly CheckDefinition[] = [
  {
    id: 'threads/many-threads',
    title: 'An instance can be called from many threads in turn.',
    why: 'A host takes whichever thread of its pool is free, and pools come and go.',
    fix: 'Keep no table of the threads that have called; give back with the thread what is made for one.',
    severity: 'error',
    level: 'strict',
    needs: NEEDS_THREADS,
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'threads/concurrent-instances',
    title: 'Several instances can be called at the same time.',
    why: 'The host runs instances on threads of their own; only one and the same instance is called one at a time.',
    fix: 'Keep state in the instance instead of in static variables, or guard what is shared. Or declare TENON_SINGLETON.',
    severity: 'error',
    level: 'strict',
    needs: NEEDS_THREADS,
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'threads/concurrent-new',
    title: 'Instances can be made and dropped on several threads at the same time.',
    why: 'new may be called from any thread at any time.',
    fix: 'Guard what instances share and the first of them sets up: pthread_once, call_once, OnceLock.',
    severity: 'error',
    level: 'strict',
    needs: NEEDS_THREADS,
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'threads/concurrent-calls',
    title:
      'A plugin that declares TENON_THREAD_SAFE answers concurrent calls of one instance as it answers single ones.',
    why: 'The flag lets hosts do so.',
    fix: 'Guard the state of the instance, or do not declare the flag.',
    severity: 'error',
    level: 'strict',
    needs: NEEDS_THREADS,
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'threads/thread-name',
    title: 'The plugin does not rename the thread that calls it.',
    why: 'It is the thread of the host: debuggers, ps and crash reports show a wrong name from then on.',
    fix: 'Name only threads that the plugin has started.',
    severity: 'warning',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
];

const eventChecks: readonly CheckDefinition[] = [
  {
    id: 'threads/events',
    title: 'Events have data.',
    why: 'emit copies so many bytes from where it is told; from NULL there are none.',
    fix: 'Hand over a pointer to at least `len` bytes, which are the plugin’s until emit has returned.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'threads/log-text',
    title: 'Log entries are UTF-8, and of a level that there is.',
    why: 'Hosts write them into files and to terminals; an entry that is no text is dropped or mutilated.',
    fix: 'Escape bytes that come from elsewhere, and use the levels of tenon.h.',
    severity: 'warning',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'threads/left-after-drop',
    title: 'After drop no thread of the plugin is left.',
    why: 'It runs on with a host and an instance that are gone, and in a host that reloads plugins they pile up.',
    fix: 'Tell each thread to end, and join it, before drop returns.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'threads/emit-after-drop',
    title: 'After drop the plugin neither emits nor logs.',
    why: 'The host that it was given is valid until drop returns, and may be freed memory then.',
    fix: 'Join the threads before drop returns; a detached thread cannot be waited for.',
    severity: 'error',
    level: 'strict',
    needs: ['threads/left-after-drop'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'threads/slow-emit',
    title: 'drop waits for threads that are in emit, however long that takes.',
    why: 'A host may be slow. Whoever gives up after a while leaves a thread behind that uses the host after it is gone.',
    fix: 'Join the threads before drop returns, without a limit of time.',
    severity: 'error',
    level: 'strict',
    needs: ['threads/left-after-drop'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'threads/busy',
    title: 'new, calls and drop come back while emit answers TENON_BUSY.',
    why: 'The host makes room when the call has returned: whoever waits for room in a call waits for ever.',
    fix: 'Keep the event for later, drop it, or return TENON_BUSY; try again on a thread of the plugin, and end that in drop.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
  {
    id: 'threads/busy-rate',
    title: 'After TENON_BUSY the plugin waits before it emits again.',
    why: 'Trying without a pause keeps a processor busy, which the host needs to make room.',
    fix: 'Wait a few milliseconds, longer each time; on a thread that drop can end.',
    severity: 'warning',
    level: 'strict',
    needs: ['threads/busy'],
    method: { type: 'scenario', timeout: GENEROUS },
  },
];

export const threadChecks: readonly CheckDefinition[] = [...callerChecks, ...eventChecks];
