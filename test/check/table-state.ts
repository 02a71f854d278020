import type { Trip } from './table.js';

/** The first plugin of each check is tried with all checks. */
const trip = (check: string, mentions: string, plugin = check): Trip => ({
  check: `state/${check}`,
  plugin: `state-${plugin}`,
  mentions,
  ...(plugin === check ? {} : { options: { filter: ['state/*', 'kind/*'] } }),
});

export const stateTrips: readonly Trip[] = [
  trip('save', 'as in an instance that is not saved'),
  trip('save', 'and more each time, expected 25 as at first', 'save-grows'),
  trip('save', 'save between calls returned the status 1 with "it was saved before"', 'save-once'),
  trip('save', 'save returned the format 8 when called again, expected 7 as before', 'save-format'),
  trip('save', 'as after restore of the first one; the first difference is at byte 4', 'save-half'),
  trip('restore', 'as in the instance that was saved; the first difference is at byte 4'),
  trip('restore', 'returned the status 2 with "there were calls", expected TENON_OK', 'restore-refuses'),
  trip('restore', 'as in the instance that was saved; the first difference is at byte 0', 'restore-process'),
  trip('damaged', 'a state without its last byte, and save then returned 24 other bytes'),
  trip('damaged', 'a state of the format 4294967294, which save never returns', 'damaged-format'),
  trip(
    'damaged',
    'past the end of its input, in: restore of a state without its last byte',
    'damaged-length',
  ),
  trip('damaged', 'returned the status 1 with "the data is too short", expected', 'damaged-status'),
  trip('damaged', 'was ended by SIGSEGV, in: save after restore of a state', 'damaged-later'),
];
