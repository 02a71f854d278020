/* tenon_flow.h - what connectors of a flow exchange with their host: frames of events, and what travels against
 * them. Connectors are plugins of the kinds below, and a flow in `tenon/flow` runs them.
 *
 * A source is pulled, and a sink is written to. Both directions move a FRAME: one tenon_events and its columns in
 * one block of bytes, so a call moves thousands of events. Everything else, in both directions, is an array of
 * tenon_contra. A plugin that has something for its host calls `host->emit` with zero bytes, which means only "ask
 * me again": the host then calls `pull` of a source or `contraflow` of a sink. No event is ever sent with `emit`.
 *
 * FRAMES. All offsets count from the start of the frame and are multiples of 8. An offset of 0 means that the
 * column is absent. The host checks every frame before another plugin sees it, so a plugin may rely on the frames
 * that it receives. Frames are little-endian, like every platform of tenon.
 *
 * STRUCTS. The kinds say that their methods take and return plain bytes, and this header describes the bytes, because
 * the records of kinds cannot: the columns of a frame have their places and their number of rows in its head, so that
 * they can be used where they are, and a record has no array that is the whole message. A test compares the structs
 * with what the host reads and writes.
 *
 * OWNERSHIP. An input is borrowed until the method returns, as with every method. An output is the host's. Only
 * the maker of a frame writes to it. A received frame is never changed: a plugin that passes one on makes a new
 * one.
 *
 * POSITIONS. A position is the source's own number of an event in its stream. Positions rise within a stream, from
 * frame to frame too. The rows that stages make of one event share its position. To resume after a position means
 * that the next event is the first one with a larger position. So the position of a piece of a byte stream is the
 * number of bytes up to its end. The same event has the same position each time that it is read.
 *
 * STATUSES, besides those of every method:
 *   TENON_BUSY     nothing was consumed. The host repeats the call when the plugin wakes it
 *   TENON_CLOSED   there is no connection. The host calls `connect` again, after a pause. Every method of a source
 *                  or sink answers this before `connect` succeeded. A plugin whose process was restarted is a
 *                  fresh instance, so this is also how its host learns of that.
 *   TENON_INVALID  this input is never accepted. The rows go to the dead letters
 *   TENON_FAILED   this call failed. The host may repeat it
 * Compiles as C11 and newer, and as C++11 and newer. */
#ifndef TENON_FLOW_H
#define TENON_FLOW_H

#include "tenon.h"

/* ---- Frames ---- */

/* The values of `marks`. One of the first three, perhaps with TENON_FLOW_PIECE. */
enum {
  TENON_FLOW_ROW = 0, /* an event; every row, if the column is absent */
  TENON_FLOW_END = 1, /* not an event: its stream ends here properly. The row has no bytes, but a position */
  TENON_FLOW_BROKEN = 2, /* not an event: its stream was cut off here. The row has no bytes, but a position */
  /* Added to TENON_FLOW_ROW: the row is a piece of a byte stream, and exactly the bytes before byte number
   * `position` of the stream. A stage may then give what it cuts out of the row positions in between. */
  TENON_FLOW_PIECE = 4
};

/* The values of `state`: what the source does next. Stages and sinks ignore it and write TENON_FLOW_MORE. */
enum {
  TENON_FLOW_MORE = 0, /* there may be more at once */
  TENON_FLOW_IDLE = 1, /* nothing now: pull again after `wake_ns`, or when woken */
  TENON_FLOW_DONE = 2  /* this frame is the last */
};

/* The value of `held` if nothing is held. */
#define TENON_FLOW_NOWHERE UINT64_MAX

/* The head of a frame, at its first byte. The columns follow in any order, without overlap. */
typedef struct tenon_events {
  uint32_t size;         /* sizeof(tenon_events) of the writer; columns begin behind it */
  uint32_t rows;         /* the number of rows; 0 is a frame without events */
  uint32_t length;       /* the length of the whole frame in bytes, less than 2^31 */
  uint32_t offsets;      /* int32_t[rows + 1]: row i is the bytes from offsets[i] to offsets[i + 1] of `data`;
                            absent only if `rows` is 0 */
  uint32_t data;         /* the bytes of all rows; absent if all rows are empty */
  uint32_t streams;      /* uint64_t[rows]; absent: all rows belong to `stream` */
  uint32_t positions;    /* uint64_t[rows]; absent: row i has `position` + i */
  uint32_t ingest;       /* uint64_t[rows], see `ingest_ns`; absent: all rows have `ingest_ns` */
  uint32_t marks;        /* uint8_t[rows]; absent: all rows are TENON_FLOW_ROW */
  uint32_t meta_offsets; /* int32_t[rows + 1] into `meta`, as `offsets`; absent: no metadata */
  uint32_t meta;         /* the JSON text of each row's metadata; an empty text means none */
  uint32_t state;        /* TENON_FLOW_MORE, TENON_FLOW_IDLE or TENON_FLOW_DONE */
  uint64_t stream;       /* the stream of all rows if `streams` is absent */
  uint64_t position;     /* the position of the first row if `positions` is absent */
  uint64_t ingest_ns;    /* when the events came into the flow, in nanoseconds since 1970 (CLOCK_REALTIME) */
  /* Of stages: the oldest position of the input that a fresh instance must see again, because a part of it is
   * still inside or because what follows depends on it; or TENON_FLOW_NOWHERE. The host acknowledges nothing from
   * that position on. A stage that cuts pieces gives each row a position after which a fresh instance can begin,
   * so it need only hold the piece of which a part is inside. A stage that cannot begin in between, for example
   * one that decompresses, holds the first piece until it could. */
  uint64_t held;
  uint64_t wake_ns; /* TENON_FLOW_IDLE: pull again after so many nanoseconds; 0: only when woken */
} tenon_events;

/* ---- Against the flow ---- */

/* The values of `what`. */
enum {
  TENON_FLOW_PENDING = 0, /* sink to host: the range is answered later */
  TENON_FLOW_ACK = 1, /* sink to host: the range is delivered. Host to source: all up to `last` is settled */
  /* Sink to host: the range was not delivered, because of `status`. TENON_INVALID is final; others are retried.
   * Host to source: the range became dead letters. */
  TENON_FLOW_FAIL = 2,
  TENON_FLOW_CLOSE = 3,  /* sink to host: write nothing until TENON_FLOW_OPEN */
  TENON_FLOW_OPEN = 4,   /* sink to host: write again */
  TENON_FLOW_PAUSE = 5,  /* host to source: nothing is pulled until TENON_FLOW_RESUME */
  TENON_FLOW_RESUME = 6, /* host to source */
  /* Host to source: take in nothing new, and end with TENON_FLOW_DONE once all that was taken in is pulled.
   * Host to sink: nothing more is written; answer what is pending. */
  TENON_FLOW_DRAIN = 7
};

/* A message against the flow. `stream`, `first` and `last` are a range of positions, both ends included; they are
 * 0 where `what` needs none. A range covers those positions of it that were pulled or written; an answer to an
 * unknown or already answered position is ignored. */
typedef struct tenon_contra {
  uint32_t what;
  tenon_status status; /* of TENON_FLOW_FAIL, else TENON_OK */
  uint64_t stream, first, last;
} tenon_contra;

/* The input of `pull`: at most so many rows and bytes of `data` are returned. A single event may exceed `bytes`. */
typedef struct tenon_credit {
  uint64_t rows, bytes; /* both at least 1 */
} tenon_credit;

/* An element of the input of a source's `connect`: the stream is continued after that position. */
typedef struct tenon_resume {
  uint64_t stream, position;
} tenon_resume;

/* The values of `flags`. */
enum {
  TENON_FLOW_REPLAYS = 1, /* a source that can read again whatever is not acknowledged */
  TENON_FLOW_DURABLE =
      2, /* a sink whose answer means that the rows survive a crash of the machine's programs */
  TENON_FLOW_REMEMBERS =
      4 /* a source that keeps how far it was acknowledged itself, as a message broker does. It
                              needs no checkpoint, and may begin all streams again when it connects */
};

/* The output of `connect`. An empty output means no flags. */
typedef struct tenon_connected {
  uint32_t size;  /* sizeof(tenon_connected) of the writer */
  uint32_t flags; /* TENON_FLOW_REPLAYS, _DURABLE and _REMEMBERS; unknown bits are ignored */
} tenon_connected;

/* ---- Kinds: source/1, sink/1, preprocessor/1, postprocessor/1 and message/1. These headers are generated from the
 * definitions in TypeScript, and have the methods with what they take and return. The config comes with `new`. ---- */

#include "flow/message.kind.h"
#include "flow/postprocessor.kind.h"
#include "flow/preprocessor.kind.h"
#include "flow/sink.kind.h"
#include "flow/source.kind.h"

/* ---- Layout ---- */

/* clang-format off */
TENON_AT(tenon_events, size, 0); TENON_AT(tenon_events, rows, 4); TENON_AT(tenon_events, length, 8);
TENON_AT(tenon_events, offsets, 12); TENON_AT(tenon_events, data, 16); TENON_AT(tenon_events, streams, 20);
TENON_AT(tenon_events, positions, 24); TENON_AT(tenon_events, ingest, 28); TENON_AT(tenon_events, marks, 32);
TENON_AT(tenon_events, meta_offsets, 36); TENON_AT(tenon_events, meta, 40); TENON_AT(tenon_events, state, 44);
TENON_AT(tenon_events, stream, 48); TENON_AT(tenon_events, position, 56); TENON_AT(tenon_events, ingest_ns, 64);
TENON_AT(tenon_events, held, 72); TENON_AT(tenon_events, wake_ns, 80);
TENON_ASSERT(sizeof(tenon_events) == 88, "tenon_events changed size");
TENON_AT(tenon_contra, what, 0); TENON_AT(tenon_contra, status, 4); TENON_AT(tenon_contra, stream, 8);
TENON_AT(tenon_contra, first, 16); TENON_AT(tenon_contra, last, 24);
TENON_ASSERT(sizeof(tenon_contra) == 32, "tenon_contra changed size");
TENON_ASSERT(sizeof(tenon_credit) == 16, "tenon_credit changed size");
TENON_ASSERT(sizeof(tenon_resume) == 16, "tenon_resume changed size");
TENON_ASSERT(sizeof(tenon_connected) == 8, "tenon_connected changed size");
/* clang-format on */

#endif /* TENON_FLOW_H */
