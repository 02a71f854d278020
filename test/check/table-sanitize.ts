import type { Sanitizer } from '../../src/check/index.js';
import type { Trip } from './table.js';

const trip = (sanitize: Sanitizer, plugin: string, mentions: string): Trip => ({
  check: `sanitize/${sanitize}`,
  plugin: `sanitize-${plugin}`,
  mentions,
  options: { sanitize },
});

export const sanitizeTrips: readonly Trip[] = [
  trip('address', 'address', 'AddressSanitizer: heap-buffer-overflow in weigh (sanitize.c:'),
  trip('address', 'leak', 'LeakSanitizer: direct leak of 5400 byte(s) in 54 object(s) in weigh (sanitize.c:'),
  trip('address', 'hostile-spans', 'AddressSanitizer: heap-buffer-overflow in weigh (kind.c:'),
  trip('undefined', 'undefined', 'UndefinedBehaviorSanitizer: left shift of 1 by 31 places'),
  {
    check: 'sanitize/valgrind',
    plugin: 'calls-heap-padding',
    mentions: 'valgrind: syscall param write(buf) points to uninitialised byte(s)',
    options: { sanitize: 'valgrind' },
  },
  trip('thread', 'thread', 'ThreadSanitizer: data race in count (sanitize.c:'),
];
