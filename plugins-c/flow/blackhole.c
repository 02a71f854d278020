/* blackhole - a sink that drops all events and measures how long each took from its source to here.
 *
 * KIND    sink/1.0.0. There is nothing that a crash could lose, so the sink counts as durable.
 * RESULT  of `something`: the measurement so far, as a table of percentiles. The input is ignored.
 * CONFIG  {"print": bool}  logs the same table when the flow ends (default true)
 *
 * The times are in a histogram with an error below 1 %, as in HdrHistogram: a bucket for each value up to 127, and 128
 * buckets between a power of two and the next. */
#include "tenon_config.h"
#include "tenon_frame.h"

SINK_1_FACTS;

enum { SUB_BITS = 7, SUB = 1 << SUB_BITS, BUCKETS = (64 - SUB_BITS + 1) * SUB, TABLE = 1024 };

typedef struct blackhole {
  const tenon_host *host;
  bool print, connected;
  bool printed; /* everything so far was logged */
  uint64_t rows, frames, bytes, begin_ns, end_ns, least, most;
  uint64_t counts[BUCKETS];
} blackhole;

static tenon_status blackhole_new(const tenon_host *host, const uint8_t *config, size_t config_len,
                                  void **state, tenon_out *error) {
  bool print = true;
  const tenon_config_field fields[] = {TENON_CONFIG_BOOL("print", &print)};
  tenon_status status = tenon_config_read(config, config_len, fields, 1, error);
  if (status != TENON_OK) return status;
  blackhole *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->host = host;
  self->print = print;
  self->least = UINT64_MAX;
  *state = self;
  return TENON_OK;
}

/* ---- The histogram ---- */

static uint32_t bucket_of(uint64_t value) {
  uint32_t shift = 0;
  while (value >> shift >= 2 * SUB) shift++;
  return value < SUB ? (uint32_t)value : (shift + 1) * SUB + (uint32_t)(value >> shift) - SUB;
}

/* Returns the largest value of a bucket. */
static uint64_t value_of(uint32_t bucket) {
  if (bucket < SUB) return bucket;
  const uint32_t shift = bucket / SUB - 1;
  return (((uint64_t)(bucket % SUB) + SUB + 1) << shift) - 1;
}

static void record(blackhole *self, uint64_t now, uint64_t ingest_ns, uint64_t count) {
  const uint64_t ns = now > ingest_ns ? now - ingest_ns : 0;
  self->counts[bucket_of(ns)] += count;
  if (ns < self->least) self->least = ns;
  if (ns > self->most) self->most = ns;
}

/* Returns the time that `share` of the events did not exceed. */
static uint64_t percentile(const blackhole *self, double share) {
  const double exact = share * (double)self->rows;
  const uint64_t wanted = exact < 1 ? 1 : (uint64_t)exact;
  uint64_t seen = 0;
  for (uint32_t i = 0; i < BUCKETS; i++) {
    seen += self->counts[i];
    if (seen >= wanted) return value_of(i) < self->most ? value_of(i) : self->most;
  }
  return self->most;
}

/* Formats the table. Times are in microseconds with three digits, whatever the locale. Returns its length. */
static size_t format(const blackhole *self, char *text) {
  static const struct {
    const char *name;
    double share;
  } rows[] = {{"50 %", 0.5},     {"90 %", 0.9},       {"99 %", 0.99},
              {"99.9 %", 0.999}, {"99.99 %", 0.9999}, {"all", 1}};
  typedef unsigned long long number;
  const uint64_t us = (self->end_ns - self->begin_ns) / 1000;
  int used = snprintf(text, TABLE, "blackhole: %llu events, %llu bytes, %llu frames", (number)self->rows,
                      (number)self->bytes, (number)self->frames);
  if (us > 0)
    used +=
        snprintf(text + used, TABLE - (size_t)used, ", %.0f events/s", (double)self->rows * 1e6 / (double)us);
  if (self->rows == 0) return (size_t)used;
  used += snprintf(text + used, TABLE - (size_t)used, "\n  time from the source until here, in microseconds");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const uint64_t ns = percentile(self, rows[i].share);
    used += snprintf(text + used, TABLE - (size_t)used, "\n  %8s  %10llu.%03llu", rows[i].name,
                     (number)(ns / 1000), (number)(ns % 1000));
  }
  return (size_t)used;
}

static void print(blackhole *self) {
  char text[TABLE];
  if (!self->print || self->printed || self->rows == 0) return;
  self->printed = true;
  self->host->log(self->host, TENON_LOG_INFO, text, format(self, text));
}

static void blackhole_drop(void *state) {
  print(state);
  free(state);
}

/* ---- The sink ---- */

static tenon_status blackhole_connect(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)in;
  if (in_len != 0) return tenon_fail(out, TENON_INVALID, "the input of connect is not empty");
  ((blackhole *)state)->connected = true;
  return tenon_connected_write(out, TENON_FLOW_DURABLE);
}

static tenon_status blackhole_write(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  blackhole *self = state;
  tenon_frame frame;
  if (!self->connected) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (tenon_frame_read(&frame, in, in_len, out) != TENON_OK) return TENON_INVALID;
  const uint32_t rows = frame.head.rows;
  self->end_ns = tenon_now_ns();
  if (self->frames++ == 0) self->begin_ns = self->end_ns;
  self->rows += rows;
  self->bytes += tenon_frame_rows(&frame, 0, rows).len;
  self->printed = false;
  if (frame.head.ingest == 0 && rows > 0) record(self, self->end_ns, frame.head.ingest_ns, rows);
  for (uint32_t i = 0; frame.head.ingest != 0 && i < rows; i++)
    record(self, self->end_ns, tenon_frame_ingest(&frame, i), 1);
  return TENON_OK;
}

static tenon_status blackhole_contraflow(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  blackhole *self = state;
  if (!self->connected) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (in_len % sizeof(tenon_contra) != 0)
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_contra[]");
  if (tenon_contra_has(TENON_FLOW_DRAIN, in, in_len)) print(self);
  return TENON_OK;
}

static tenon_status blackhole_table(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)in, (void)in_len;
  char text[TABLE];
  return tenon_write(out, text, format(state, text));
}

static const void *blackhole_extension(const char *id) {
  static const sink_1 sink = {TENON_KIND_HEADER(sink_1), blackhole_connect, blackhole_write,
                              blackhole_contraflow};
  return strcmp(id, SINK_1_ID) == 0 ? &sink : NULL;
}

TENON_PLUGIN_WITH("blackhole", "1.0.0", SINK_1_KIND, 0, blackhole_new, blackhole_drop, blackhole_table,
                  blackhole_extension);
