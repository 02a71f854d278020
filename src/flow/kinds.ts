/**
 * The kinds of connectors. `include/tenon_flow.h` describes the bytes of each method; frame.ts and contra.ts read and
 * write them here.
 */
import { defineKind, method } from '../kinds/kind.js';

/** The kind `source/1`: brings events into a flow. */
export const SOURCE = defineKind({
  name: 'source',
  version: '1.0.0',
  doc: 'Brings events into a flow. The host pulls frames of events; acknowledgements travel back.',
  methods: {
    connect: method.bytes({
      doc: 'Connects. In: an array of tenon_resume. Out: a tenon_connected, or nothing.',
    }),
    pull: method.bytes({ doc: 'Returns what there is. In: a tenon_credit. Out: a frame of tenon_events.' }),
    contraflow: method.bytes({ doc: 'In: an array of tenon_contra. Out: an array of tenon_contra.' }),
  },
});

/** The kind `sink/1`: takes events out of a flow. */
export const SINK = defineKind({
  name: 'sink',
  version: '1.0.0',
  doc: 'Takes events out of a flow, and answers what became of them.',
  methods: {
    connect: method.bytes({ doc: 'Connects. In: nothing. Out: a tenon_connected, or nothing.' }),
    write: method.bytes({
      doc: 'In: a frame of tenon_events. Out: an array of tenon_contra; nothing means that all rows are delivered.',
    }),
    contraflow: method.bytes({
      doc: 'In: an array of tenon_contra. Out: an array of tenon_contra with answers.',
    }),
  },
});

const STAGE_METHODS = {
  process: method.bytes({
    doc: 'In: a frame of tenon_events of one stream. Out: a frame, or nothing for no rows.',
  }),
  finish: method.bytes({ doc: 'The stream ended. In: a u64, the stream. Out: a frame with what was left.' }),
};

/** The kind `preprocessor/1`: works on the bytes of one stream between a source and the flow. */
export const PREPROCESSOR = defineKind({
  name: 'preprocessor',
  version: '1.0.0',
  doc: 'Works on the bytes of one stream between a source and the flow, for example cuts them into lines.',
  methods: STAGE_METHODS,
});

/** The kind `postprocessor/1`: works on the bytes of one stream between the flow and a sink. */
export const POSTPROCESSOR = defineKind({
  name: 'postprocessor',
  version: '1.0.0',
  doc: 'Works on the bytes of one stream between the flow and a sink, for example compresses them.',
  methods: STAGE_METHODS,
});

/** The kind `message/1`: takes messages of a bus. */
export const MESSAGE = defineKind({
  name: 'message',
  version: '1.0.0',
  doc: 'Takes the messages of a message bus.',
  methods: { handle: method.bytes({ doc: 'In: a message. Out: ignored.' }) },
});

/** The kind `codec/1`: converts between bytes and the structured form, which is JSON text. */
export const CODEC = defineKind({
  name: 'codec',
  version: '1.0.0',
  methods: { encode: method.bytes(), decode: method.bytes() },
});
