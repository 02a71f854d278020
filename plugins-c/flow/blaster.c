/* blaster - a source that replays a file, as fast as it is pulled or at a rate. For measurements and for tests.
 *
 * KIND    source/1.0.0. Each line is an event, or the file is a stream of pieces. A position is the number of bytes
 *         up to the end of an event, over all loops. With a rate, an event has the time at which it was due, not that
 *         at which it was pulled, so a flow that lags behind is measured with its lag.
 * CONFIG  {"path": file}     must not change while it is replayed; at most 1 GiB. Up to 16 MiB are kept in memory, so
 *                            that nothing is read while events are timed. A larger file is read as it is pulled
 *         {"rate": n}        events per second (default 0: as fast as they are pulled)
 *         {"loops": n}       replays it n times (default 1); 0: without an end
 *         {"piece": bytes}   pieces of so many bytes, for example for `lines` (default 0: an event for each line) */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenon_config.h"
#include "tenon_frame.h"

SOURCE_1_FACTS;

enum { SECOND = 1000000000, MOST_BYTES = 1 << 30, KEPT_BYTES = 1 << 24, WINDOW_BYTES = 1 << 20 };

typedef struct blaster {
  char path[4096];
  int64_t rate, loops, piece;
  int file; /* -1: not open */
  size_t size;
  uint8_t *window; /* `window_len` bytes of the file from `window_at` on, in memory of `window_room` bytes */
  size_t window_at, window_len, window_room;
  uint64_t at, end;     /* positions: of the last event, and of the last one of all */
  uint64_t start, sent; /* when it connected, and the number of events since then */
  bool connected, draining;
  tenon_frame_writer writer;
} blaster;

static tenon_status blaster_new(const tenon_host *host, const uint8_t *config, size_t config_len,
                                void **state, tenon_out *error) {
  (void)host;
  blaster *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->loops = 1;
  self->file = -1;
  const tenon_config_field fields[] = {
      TENON_CONFIG_STRING("path", self->path),
      TENON_CONFIG_INT("rate", &self->rate, 0, SECOND),
      TENON_CONFIG_INT("loops", &self->loops, 0, SECOND),
      TENON_CONFIG_INT("piece", &self->piece, 0, MOST_BYTES),
  };
  tenon_status status = tenon_config_read(config, config_len, fields, sizeof fields / sizeof *fields, error);
  if (status == TENON_OK && self->path[0] == 0)
    status = tenon_fail(error, TENON_INVALID, "config: \"path\" is missing, the file to replay");
  if (status == TENON_OK)
    *state = self;
  else
    free(self);
  return status;
}

static void blaster_drop(void *state) {
  blaster *self = state;
  tenon_frame_free(&self->writer);
  if (self->file >= 0) (void)close(self->file);
  free(self->window);
  free(self);
}

/* Opens the file instead of the one that was open. Returns the reason of a failure, or NULL. */
static const char *open_file(blaster *self) {
  struct stat status;
  if (self->file >= 0) (void)close(self->file);
  self->size = self->window_len = 0;
  self->file = open(self->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (self->file < 0) return strerror(errno);
  if (fstat(self->file, &status) != 0 || !S_ISREG(status.st_mode)) return "is not a file";
  if (status.st_size > MOST_BYTES) return "has more than 1 GiB";
  self->size = (size_t)status.st_size;
  return NULL;
}

/* Reads so much of the file that the window has `least` bytes from `from` on. Returns the reason of a failure, or
 * NULL. */
static const char *look_at(blaster *self, size_t from, size_t least) {
  if (from >= self->window_at && from + least <= self->window_at + self->window_len) return NULL;
  const bool whole = self->size <= KEPT_BYTES;
  const size_t start = whole ? 0 : from, left = self->size - start;
  const size_t more = least < WINDOW_BYTES ? WINDOW_BYTES : least;
  const size_t wanted = whole || more > left ? left : more;
  self->window_len = 0;
  if (wanted > self->window_room) {
    free(self->window);
    self->window = malloc(wanted);
    self->window_room = self->window == NULL ? 0 : wanted;
    if (self->window == NULL) return "does not fit into memory";
  }
  for (size_t got = 0; got < wanted;) {
    const ssize_t count = pread(self->file, self->window + got, wanted - got, (off_t)(start + got));
    if (count == 0) return "has become shorter";
    if (count > 0) got += (size_t)count;
    if (count < 0 && errno != EINTR) return "cannot be read";
  }
  self->window_at = start;
  self->window_len = wanted;
  return NULL;
}

static uint64_t steady_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* Fails because of the file. The host connects again. */
static tenon_status closed(blaster *self, tenon_out *out, const char *problem) {
  char message[4200];
  self->connected = false;
  (void)snprintf(message, sizeof message, "%s: %s", self->path, problem);
  return tenon_fail(out, TENON_CLOSED, message);
}

static tenon_status blaster_connect(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  blaster *self = state;
  tenon_resume resume;
  if (in_len % sizeof resume != 0) return tenon_fail(out, TENON_INVALID, "the input is not a tenon_resume[]");
  self->connected = false;
  const char *problem = open_file(self);
  if (problem == NULL && self->size > 0 && self->size <= KEPT_BYTES) problem = look_at(self, 0, self->size);
  if (problem != NULL) return closed(self, out, problem);
  self->at = self->sent = 0;
  self->end = self->size == 0 ? 0 : self->loops == 0 ? UINT64_MAX : self->size * (uint64_t)self->loops;
  for (size_t at = 0; tenon_resume_next(&resume, in, in_len, &at);)
    if (resume.stream == 0) self->at = resume.position;
  self->start = steady_ns();
  self->connected = true;
  return tenon_connected_write(out, TENON_FLOW_REPLAYS);
}

/* Returns the time at which an event is due, in nanoseconds since the start. */
static uint64_t due_ns(const blaster *self, uint64_t event) {
  const uint64_t rate = (uint64_t)self->rate;
  return event / rate * SECOND + event % rate * SECOND / rate;
}

/* Finds the next event, and stores its first byte, its length, and its length with what follows it. Returns the reason
 * of a failure, or NULL. */
static const char *next_event(blaster *self, const uint8_t **bytes, size_t *size, size_t *whole) {
  const size_t from = (size_t)(self->at % self->size), left = self->size - from;
  const uint8_t *newline = NULL;
  size_t seen = 0;
  if (self->piece > 0) {
    seen = left < (size_t)self->piece ? left : (size_t)self->piece;
    const char *problem = look_at(self, from, seen);
    if (problem != NULL) return problem;
  }
  while (self->piece == 0 && newline == NULL && seen < left) {
    const size_t least = seen == 0 ? 1 : seen < left / 2 ? 2 * seen : left;
    const char *problem = look_at(self, from, least);
    if (problem != NULL) return problem;
    seen = self->window_at + self->window_len - from;
    newline = memchr(self->window + (from - self->window_at), '\n', seen);
  }
  *bytes = self->window + (from - self->window_at);
  *size = newline == NULL ? seen : (size_t)(newline - *bytes);
  *whole = *size + (newline != NULL);
  return NULL;
}

/* Adds the events that are due and fit. Returns the reason of a failure, or NULL. */
static const char *fill(blaster *self, const tenon_credit *credit, uint64_t elapsed) {
  const uint64_t now = tenon_now_ns();
  tenon_row row = {0, 0, now, self->piece > 0 ? TENON_FLOW_PIECE : TENON_FLOW_ROW, {NULL, 0}};
  while (self->at < self->end && self->writer.status == TENON_OK) {
    const uint64_t due = self->rate == 0 ? elapsed : due_ns(self, self->sent);
    const uint8_t *bytes;
    size_t size, whole;
    if (due > elapsed) return NULL;
    const char *problem = next_event(self, &bytes, &size, &whole);
    if (problem != NULL) return problem;
    if (!tenon_frame_fits(&self->writer, credit, size)) return NULL;
    tenon_frame_add(&self->writer, bytes, size);
    self->at += whole;
    self->sent++;
    row.position = self->at;
    row.ingest_ns = now - (elapsed - due);
    tenon_frame_end_row(&self->writer, &row);
  }
  return NULL;
}

static tenon_status blaster_pull(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  blaster *self = state;
  tenon_credit credit;
  if (!self->connected) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (!tenon_credit_read(&credit, in, in_len))
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_credit");
  const uint64_t elapsed = steady_ns() - self->start;
  tenon_frame_begin(&self->writer, out);
  const char *problem = self->draining ? NULL : fill(self, &credit, elapsed);
  /* The events before the failure are given out first. */
  if (problem != NULL && self->writer.rows == 0) return closed(self, out, problem);
  if (self->draining || self->at >= self->end) return tenon_frame_end(&self->writer, TENON_FLOW_DONE, 0);
  const uint64_t due = self->rate == 0 ? 0 : due_ns(self, self->sent);
  if (due > elapsed) return tenon_frame_end(&self->writer, TENON_FLOW_IDLE, due - elapsed);
  return tenon_frame_end(&self->writer, TENON_FLOW_MORE, 0);
}

static tenon_status blaster_contraflow(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  blaster *self = state;
  if (!self->connected) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (in_len % sizeof(tenon_contra) != 0)
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_contra[]");
  self->draining = self->draining || tenon_contra_has(TENON_FLOW_DRAIN, in, in_len);
  return TENON_OK;
}

static const void *blaster_extension(const char *id) {
  static const source_1 source = {TENON_KIND_HEADER(source_1), blaster_connect, blaster_pull,
                                  blaster_contraflow};
  return strcmp(id, SOURCE_1_ID) == 0 ? &source : NULL;
}

static tenon_status blaster_something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "use the kind source/1");
}

TENON_PLUGIN_WITH("blaster", "1.0.0", SOURCE_1_KIND, 0, blaster_new, blaster_drop, blaster_something,
                  blaster_extension);
