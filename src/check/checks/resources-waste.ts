/** Checks of group `resources` that concern the cost of a plugin to its host: time, stack, noise. */
import type { CheckDefinition } from '../definition.js';

/** Milliseconds. */
const QUICK = 20_000;

export const wasteChecks: readonly CheckDefinition[] = [
  {
    id: 'resources/standard-output',
    title: 'The plugin prints nothing to standard output.',
    why: 'Standard output belongs to the host. A line of a plugin in the middle of its output breaks the program that reads it.',
    fix: 'Use host->log.',
    severity: 'warning',
    level: 'basic',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'resources/standard-error',
    title: 'The plugin prints nothing to standard error while everything succeeds.',
    why: 'Readers cannot see which plugin printed it, and in a service it is rarely read.',
    fix: 'Use host->log, which records a level and the name of the plugin.',
    severity: 'note',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'resources/load-time',
    title: 'The library loads within 100 ms.',
    why: 'A host loads all its plugins before it starts to work, and the times add up.',
    fix: 'Move the work of constructors to the first call of new, and link fewer libraries.',
    severity: 'warning',
    level: 'basic',
    needs: ['abi/vtable'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'resources/call-time',
    title: 'No call takes a thousand times as long as the others.',
    why: 'A call of the inline tier blocks the whole host, even if it is the rare call that does housekeeping.',
    fix: 'Split such work into small parts, or do it on a thread of the plugin.',
    severity: 'warning',
    level: 'basic',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'resources/stack',
    title: 'The plugin needs at most 256 KiB of stack.',
    why: 'Threads of other runtimes have small stacks: musl gives each thread 128 KiB, and Go and others not much more.',
    fix: 'Allocate large arrays on the heap, and limit the depth of recursion.',
    severity: 'warning',
    level: 'strict',
    needs: ['threads/left-after-drop'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'resources/descriptor-inheritance',
    title: 'Programs that the host starts do not inherit descriptors that the plugin has opened.',
    why: 'Otherwise a child process keeps files, sockets and locks of the plugin open for as long as it runs.',
    fix: 'Open with O_CLOEXEC, SOCK_CLOEXEC and the like (fopen with "e").',
    severity: 'warning',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
];
