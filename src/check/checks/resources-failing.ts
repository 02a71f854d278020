/** Checks of group `resources` about what is left behind by failures, by odd inputs, and by threads that end. */
import type { CheckDefinition } from '../definition.js';
import { growthMethod } from '../growth.js';

const common = { severity: 'error', level: 'strict', method: growthMethod } as const;

export const failingChecks: readonly CheckDefinition[] = [
  {
    ...common,
    id: 'resources/failing-calls',
    title: 'Calls that fail leave no memory, descriptors or threads behind.',
    why: 'Hosts pass on inputs from files and networks. If a failing call leaks, anyone who can send a wrong input can exhaust the host.',
    fix: 'Release on every path what the call has taken. In C, leave by a single exit (goto done); in C++ and Rust, let owners release it.',
    needs: ['calls/odd-input', 'resources/leak-per-call'],
  },
  {
    ...common,
    id: 'resources/failing-new',
    title: 'new leaves no memory, descriptors or threads behind when it fails.',
    why: 'Hosts try new again after a failure, with a corrected config or after a while. drop is not called for an instance that was not made.',
    fix: 'Before new returns a failure, release everything that it has taken so far.',
    needs: ['lifecycle/invalid-json', 'resources/leak-per-instance'],
  },
  {
    ...common,
    id: 'resources/odd-inputs',
    title: 'Calls with odd inputs leave no memory, descriptors or threads behind.',
    why: 'Empty, short, long and malformed inputs take other paths than the usual one, and real inputs include them.',
    fix: 'Release on every path what the call has taken, even if there was nothing to do.',
    needs: ['calls/odd-input', 'resources/leak-per-call'],
  },
  {
    ...common,
    id: 'resources/calling-threads',
    title: 'Threads of the host that call the plugin and end leave nothing behind.',
    why: 'Hosts call plugins from pools, whose threads come and go. What each of them leaves adds up, though no instance grows.',
    fix: 'Pass a destructor to pthread_key_create, and free in it what the thread has stored. Use thread_local with an owner in C++, and not a pointer.',
    needs: ['lifecycle/thread-exit', 'threads/many-threads', 'resources/leak-per-instance'],
  },
];
