import type { Trip } from './table.js';

/** The first plugin is tried with all checks. */
const trip = (check: string, mentions: string, plugin = check): Trip => ({
  check: `flow/${check}`,
  plugin: `flow-${plugin}`,
  mentions,
  ...(plugin === 'closed' ? {} : { options: { filter: ['flow/*', 'calls/*'] } }),
});

export const flowTrips: readonly Trip[] = [
  trip('closed', 'The method 1 of source/1 returned the status 0 before connect, expected TENON_CLOSED'),
  trip('hostile-frames', 'returned the status 0 for a frame that has a length beyond its end'),
  trip(
    'hostile-frames',
    'call of method 0 of preprocessor/1 with a frame that has data at 4 GiB',
    'hostile-frames-outside',
  ),
  trip('frames', 'A pull of source/1 returned 2 rows, expected at most the credit, 1'),
  trip('frames', 'bytes before its last row, expected at most the credit, 40', 'frames-bytes'),
  trip('frames', 'returned the position 3 of stream 0 after 3, expected a larger one', 'frames-position'),
  trip('frames', 'The result of method 0 of preprocessor/1 is not a valid frame: its length', 'frames-stage'),
];
