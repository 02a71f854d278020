import type { Trip } from './table.js';

const trip = (fault: string, mentions: string): Trip => ({
  check: `lifecycle/${fault}`,
  plugin: `lifecycle-${fault}`,
  mentions,
});

export const lifecycleTrips: readonly Trip[] = [
  trip('new', 'was ended by SIGABRT, in: drop'),
  trip('state-written', 'new returned TENON_OK and left `*state` as it was'),
  trip('cycles', 'returned 1 with "too many instances", expected 0 as before'),
  trip('interleaved', 'two others returned 0 with "\\x04'),
  trip('empty-config', 'was ended by SIGSEGV, in: new with an empty config'),
  trip('config-bounds', 'was ended by SIGSEGV, in: new with the config "{}" in read-only memory'),
  trip('huge-config', 'was ended by SIGABRT, in: new with a config with a string of 1 MiB'),
  trip('nested-config', 'was ended by SIGSEGV, in: new with 200 000 nested arrays'),
  trip('invalid-json', 'was ended by SIGABRT, in: new with the config "nonsense"'),
  trip('invalid-utf8', 'it failed with a message that is not UTF-8'),
  trip('kept-config', 'was ended by SIGSEGV, in: calls after the memory of the config became inaccessible'),
  trip('failed-new', 'new returned 1 with "too many instances" after others had failed'),
  trip('drop-after-errors', 'was ended by SIGABRT, in: drop after calls that failed'),
  trip('drop-when-idle', 'was ended by SIGABRT, in: drop after 300 ms without a call'),
  trip('moved-thread', 'was ended by SIGABRT, in: drop on a third thread'),
  trip('thread-exit', 'after the thread of new has ended returned 1 with "the thread has taken it along"'),
  trip('exit', 'was ended by SIGABRT, in: exit of the process'),
  trip('private-copy', 'new of a private copy returned 1 with "its data is not next to it", expected 0'),
  trip('second-copy', 'returned 1 with "another copy is at work", expected 0'),
  trip('reload', 'in: end of a thread that had called the plugin, after it was unloaded'),
];
