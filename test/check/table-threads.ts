import type { Trip } from './table.js';

/** Returns a row whose plugin has the name of the check. */
const row = (name: string, mentions: string): Trip => ({
  check: `threads/${name}`,
  plugin: `threads-${name}`,
  mentions,
});

export const threadTrips: readonly Trip[] = [
  row('many-threads', 'In a call on thread 17 of many: it returned 42'),
  row('concurrent-instances', 'In calls of several instances at once: it returned 42'),
  row('concurrent-new', 'In new on several threads at once: it returned 42'),
  row('concurrent-calls', 'In calls of one instance on several threads at once: it returned 42'),
  row('thread-name', 'The name of the calling thread was "'),
  row('events', 'with NULL for data'),
  row('log-text', 'log was called 1 times'),
  row('left-after-drop', 'Threads left 2000 ms after drop returned: 1'),
  row('emit-after-drop', 'emit was called 1 times after drop had returned'),
  row('slow-emit', 'drop returned while a thread of the plugin was still in emit'),
  row('busy', 'had not returned after 1500 ms, during which emit returned TENON_BUSY'),
  row('busy-rate', 'although it returned TENON_BUSY'),
];
