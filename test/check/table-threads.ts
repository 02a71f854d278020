import type { Trip } from './table.js';

/** Returns a row whose plugin has the name of the check. */
const row = (name: string, mentions: string): Trip => ({
  check: `threads/${name}`,
  plugin: `threads-${name}`,
  mentions,
});

/** Returns a row of a thread that still runs when drop returns. It is reported once, and not as a leak or a crash too. */
const left = (name: string, mentions: string): Trip => ({
  check: 'threads/left-after-drop',
  plugin: `threads-${name}`,
  mentions,
});

export const threadTrips: readonly Trip[] = [
  row('many-threads', 'In a call on thread 17 of many: it returned 42'),
  row('concurrent-instances', 'it returned 42 with "", expected 0 with'),
  {
    check: 'threads/concurrent-instances',
    plugin: 'threads-shared-buffer',
    mentions: 'They share static variables: result (used in call',
  },
  row('concurrent-new', 'new of an instance while another one was made or dropped returned 42'),
  row('concurrent-first', 'They share static variables: filled (used in make)'),
  row('concurrent-calls', 'it returned 42 with "", expected 0 with'),
  row('thread-name', 'The name of the calling thread was "'),
  row('events', 'with NULL for data'),
  row('log-text', 'log was called 1 times'),
  row(
    'left-after-drop',
    'Threads of the plugin still ran when drop returned, expected none. One of them runs stay',
  ),
  left('pool', 'Threads of the plugin still ran when drop returned'),
  left('masked-pool', 'Threads of the plugin still ran when drop returned'),
  left('thread-of-drop', 'Threads of the plugin still ran when drop returned'),
  left('late-emit', 'Afterwards they called emit. One of them runs emit_late'),
  row('emit-after-drop', 'times with the host of an instance after drop had returned'),
  row('slow-emit', 'drop returned while a thread of the plugin was still in emit'),
  row('busy', 'had not returned after 1500 ms, during which emit returned TENON_BUSY'),
  row('busy-rate', 'although it returned TENON_BUSY'),
];
