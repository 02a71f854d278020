/**
 * The kinds of connectors. The headers in `include/flow` are generated from these definitions (`npm run readme`).
 * `include/tenon_flow.h` describes the structs that the methods take and return; frame.ts and contra.ts read and write
 * them here.
 */
import { defineKind, method } from '../kinds/kind.js';

/** The kind `source/1`: brings events into a flow. */
export const SOURCE = defineKind({
  name: 'source',
  version: '1.0.0',
  doc: 'Brings events into a flow. The host pulls frames of events; acknowledgements travel back.',
  methods: {
    connect: method.bytes({
      doc: 'In: tenon_resume[], the streams to continue; nothing for a first start. Out: tenon_connected, or nothing. A listed stream that cannot be continued ends with TENON_FLOW_BROKEN in a later frame. Called again after TENON_CLOSED. What was pulled before and is not listed is kept by the host.',
    }),
    pull: method.bytes({
      doc: 'In: tenon_credit. Out: a frame of tenon_events. Never blocks: returns at once with what there is.',
    }),
    contraflow: method.bytes({ doc: 'In: tenon_contra[]. Out: tenon_contra[], at present nothing.' }),
  },
});

/** The kind `sink/1`: takes events out of a flow. */
export const SINK = defineKind({
  name: 'sink',
  version: '1.0.0',
  doc: 'Takes events out of a flow, and answers what became of them.',
  methods: {
    connect: method.bytes({ doc: 'In: nothing. Out: tenon_connected, or nothing.' }),
    write: method.bytes({
      doc: 'In: a frame of tenon_events without TENON_FLOW_END and TENON_FLOW_BROKEN. Out: tenon_contra[]. Nothing means that all rows are delivered. Otherwise the rows that no TENON_FLOW_ACK or TENON_FLOW_FAIL covers are answered later, by contraflow. A sink that answers all later returns one TENON_FLOW_PENDING.',
    }),
    contraflow: method.bytes({
      doc: 'In: tenon_contra[], often nothing: the host asks because it was woken. Out: tenon_contra[]: answers that came in the meantime, TENON_FLOW_CLOSE and TENON_FLOW_OPEN.',
    }),
  },
});

const STAGE_METHODS = {
  process: method.bytes({
    doc: 'In: a frame of tenon_events without TENON_FLOW_END and TENON_FLOW_BROKEN. Out: a frame; nothing means no rows, and that nothing is held.',
  }),
  finish: method.bytes({
    doc: 'In: uint64_t, the stream, which ended. Out: a frame with what was left. The instance is dropped afterwards.',
  }),
};

/** The kind `preprocessor/1`: works on the bytes of one stream between a source and the flow. */
export const PREPROCESSOR = defineKind({
  name: 'preprocessor',
  version: '1.0.0',
  doc: 'Works on the bytes of one stream between a source and the flow, for example cuts them into lines. There is an instance for each stream, so a frame has rows of one stream only and no column `streams`.',
  methods: STAGE_METHODS,
});

/** The kind `postprocessor/1`: works on the bytes of one stream between the flow and a sink. */
export const POSTPROCESSOR = defineKind({
  name: 'postprocessor',
  version: '1.0.0',
  doc: 'Works on the bytes of one stream between the flow and a sink, for example compresses them. There is an instance for each stream, so a frame has rows of one stream only and no column `streams`.',
  methods: STAGE_METHODS,
});

/** The kind `message/1`: takes messages of a bus. */
export const MESSAGE = defineKind({
  name: 'message',
  version: '1.0.0',
  doc: 'Takes the messages of a message bus.',
  methods: {
    handle: method.bytes({ doc: 'In: a message. Out: ignored. TENON_CLOSED: the member leaves the bus.' }),
  },
});

/** The kind `codec/1`: converts between bytes and the structured form, which is JSON text. */
export const CODEC = defineKind({
  name: 'codec',
  version: '1.0.0',
  methods: { encode: method.bytes(), decode: method.bytes() },
});
