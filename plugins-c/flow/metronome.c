/* metronome-source - a source that has an event at an interval. The smallest source: it needs no thread, because it
 * says in each frame when it wants to be pulled again. (plugins-c/metronome.c is a plugin with a thread.)
 *
 * KIND    source/1.0.0. The event is JSON, {"tick":1}. Its number is its position, and its time is when it was due.
 *         A flow that is behind receives all ticks that it missed.
 * CONFIG  {"interval": ms}  1 to 86400000 (default 1000)
 *         {"count": n}      ends after n ticks (default 0: without an end) */
#include "tenon_config.h"
#include "tenon_frame.h"

SOURCE_1_FACTS;

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

typedef struct metronome {
  uint64_t interval; /* nanoseconds */
  uint64_t count, tick;
  uint64_t due; /* when the next tick is due, by a clock that does not jump */
  bool connected, draining;
  tenon_frame_writer writer;
} metronome;

static tenon_status metronome_new(const tenon_host *host, const uint8_t *config, size_t config_len,
                                  void **state, tenon_out *error) {
  (void)host;
  int64_t interval = 1000, count = 0;
  const tenon_config_field fields[] = {
      TENON_CONFIG_INT("interval", &interval, 1, 86400000),
      TENON_CONFIG_INT("count", &count, 0, INT64_C(1000000000000)),
  };
  tenon_status status = tenon_config_read(config, config_len, fields, 2, error);
  if (status != TENON_OK) return status;
  metronome *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->interval = (uint64_t)interval * NS_PER_MS;
  self->count = count == 0 ? UINT64_MAX : (uint64_t)count;
  *state = self;
  return TENON_OK;
}

static void metronome_drop(void *state) {
  tenon_frame_free(&((metronome *)state)->writer);
  free(state);
}

static uint64_t steady_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Continues after the last tick that the flow has. */
static tenon_status metronome_connect(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  metronome *self = state;
  tenon_resume resume;
  if (in_len % sizeof resume != 0) return tenon_fail(out, TENON_INVALID, "the input is not a tenon_resume[]");
  for (size_t at = 0; tenon_resume_next(&resume, in, in_len, &at);)
    if (resume.stream == 0) self->tick = resume.position;
  self->due = steady_ns() + self->interval;
  self->connected = true;
  return tenon_connected_write(out, 0);
}

static void add_tick(metronome *self, const char *event, int size, uint64_t late) {
  const tenon_row row = {0, self->tick, tenon_now_ns() - late, TENON_FLOW_ROW, {NULL, 0}};
  tenon_frame_add(&self->writer, event, (size_t)size);
  tenon_frame_end_row(&self->writer, &row);
}

static tenon_status metronome_pull(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  metronome *self = state;
  tenon_credit credit;
  if (!self->connected) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (!tenon_credit_read(&credit, in, in_len))
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_credit");
  const uint64_t now = steady_ns();
  tenon_frame_begin(&self->writer, out);
  for (; self->due <= now && self->tick < self->count && !self->draining; self->due += self->interval) {
    char event[40];
    const int size = snprintf(event, sizeof event, "{\"tick\":%llu}", (unsigned long long)self->tick + 1);
    if (!tenon_frame_fits(&self->writer, &credit, (size_t)size))
      return tenon_frame_end(&self->writer, TENON_FLOW_MORE, 0);
    self->tick++;
    add_tick(self, event, size, now - self->due);
  }
  if (self->draining || self->tick >= self->count) return tenon_frame_end(&self->writer, TENON_FLOW_DONE, 0);
  return tenon_frame_end(&self->writer, TENON_FLOW_IDLE, self->due - now);
}

static tenon_status metronome_contraflow(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  metronome *self = state;
  if (!self->connected) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (in_len % sizeof(tenon_contra) != 0)
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_contra[]");
  self->draining = self->draining || tenon_contra_has(TENON_FLOW_DRAIN, in, in_len);
  return TENON_OK;
}

static const void *metronome_extension(const char *id) {
  static const source_1 source = {TENON_KIND_HEADER(source_1), metronome_connect, metronome_pull,
                                  metronome_contraflow};
  return strcmp(id, SOURCE_1_ID) == 0 ? &source : NULL;
}

static tenon_status metronome_something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "use the kind source/1");
}

TENON_PLUGIN_WITH("metronome-source", "1.0.0", SOURCE_1_KIND, 0, metronome_new, metronome_drop,
                  metronome_something, metronome_extension);
