/** The kind `text` as a TypeScript author defines it. Its document is examples/kinds/text.kind.json. */
import { cursor, defineKind, doc, list, method, option, record } from '../../src/index.js';

export const text = defineKind({
  name: 'text',
  version: '1.1.0',
  doc: 'Searching text. A line ends with a newline; the last one may lack it.',
  methods: {
    find: method(
      {
        text: 'str',
        needle: doc('str', 'The string to find. An empty one is refused (TENON_INVALID).'),
        limit: doc(option('u32'), 'The most hits to return. If it is absent, all are returned.'),
      },
      {
        total: doc('u32', 'The number of all places, which may exceed the limit.'),
        hits: doc(
          list(
            record(
              {
                at: doc('u32', 'The offset of the place in the UTF-8 text, in bytes.'),
                line: doc('u32', 'The number of the line, from 1.'),
              },
              { as: 'hit' },
            ),
          ),
          'The first places.',
        ),
        first: doc('str', 'The line with the first place, without its newline; empty if there is none.'),
      },
      {
        doc: 'Finds all places of a needle, from left to right. The search continues behind the end of a place, so places do not overlap. Emits progress after each MiB of text.',
      },
    ),
    lines: method(
      { text: 'str' },
      cursor({
        at: doc('u64', 'The offset of the line in the UTF-8 text, in bytes.'),
        line: doc('str', 'The line without its newline.'),
      }),
      { doc: 'Returns the lines one by one. An empty rest behind the last newline is not a line.' },
    ),
    count: method(
      { text: 'str' },
      { words: 'u64' },
      {
        since: '1.1.0',
        doc: 'Counts words: runs of bytes other than space, tab, newline, vertical tab, form feed and carriage return.',
      },
    ),
  },
  events: {
    progress: doc(
      {
        done: doc('u64', 'The bytes that were searched so far.'),
        of: doc('u64', 'The bytes of the text.'),
      },
      'find emits it after each MiB (1048576 bytes) of text that it has searched.',
    ),
  },
});
