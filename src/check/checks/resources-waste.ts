/** Checks of group `resources` about what a plugin costs the host: time, stack, noise. */
import type { CheckDefinition } from '../definition.js';

/** Milliseconds. */
const QUICK = 20_000;

export const wasteChecks: readonly CheckDefinition[] = [
  {
    id: 'resources/standard-output',
    title: 'The plugin prints nothing to standard output.',
    why: 'It belongs to the host: a line of a plugin in the middle of its output breaks whoever reads that.',
    fix: 'Use host->log.',
    severity: 'warning',
    level: 'basic',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'resources/standard-error',
    title: 'The plugin prints nothing to standard error while all goes well.',
    why: 'Nobody can tell which plugin it came from, and in a service nobody reads it.',
    fix: 'Use host->log, which carries a level and the name of the plugin.',
    severity: 'note',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'resources/load-time',
    title: 'The library is loaded within 100 ms.',
    why: 'A host loads all its plugins before it starts to work, and their times add up.',
    fix: 'Do the work of constructors in the first call of new, and link fewer libraries.',
    severity: 'warning',
    level: 'basic',
    needs: ['abi/vtable'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'resources/call-time',
    title: 'No call takes a thousand times as long as the others.',
    why: 'A call of the inline tier holds up the whole host, also the one call in many that tidies up.',
    fix: 'Do such work in small parts, or on a thread of the plugin.',
    severity: 'warning',
    level: 'basic',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'resources/stack',
    title: 'The plugin needs at most 256 KiB of stack.',
    why: 'Threads of other runtimes have little: musl gives 128 KiB to each, Go and others not much more.',
    fix: 'Put large arrays on the heap, and bound the depth of recursion.',
    severity: 'warning',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
  {
    id: 'resources/descriptor-inheritance',
    title: 'What the plugin opens is not inherited by programs that the host starts.',
    why: 'A child process then keeps files, sockets and locks of the plugin open, for as long as it lives.',
    fix: 'Open with O_CLOEXEC, SOCK_CLOEXEC and the like (fopen with "e").',
    severity: 'warning',
    level: 'strict',
    needs: ['calls/plain'],
    method: { type: 'scenario', timeout: QUICK },
  },
];
