import type { Trip } from './table.js';

const trip = (check: string, mentions: string, plugin = check): Trip => ({
  check: `kind/${check}`,
  plugin: `kind-${plugin}`,
  mentions,
});

export const kindTrips: readonly Trip[] = [
  trip('facts', 'The facts about parcel/1 state 5 slots, but the method table has 4'),
  trip('facts', 'the methods in its document are not those of its method table', 'facts-document'),
  trip('facts', 'It exports tenon_kind_letter_1, but its descriptor lists no kind', 'facts-unlisted'),
  trip('since', 'parcel 1.1.0 has 4 of 5 slots: parcel.weigh (since 1.1.0) is not there'),
  trip('results', 'parcel.pack.heavy has a bool that is 10'),
  trip('results', 'parcel.stops_next.done has a bool that is 3', 'results-cursor'),
  trip('hostile-spans', 'method 0 of parcel/1 accepted a message whose string label has the byte 0xff'),
  trip('hostile-spans', 'a message whose span of grams has 2^32 - 1 elements', 'hostile-spans-outside'),
];
