/* tail - a source that reads a file and waits for more, across rotations.
 *
 * KIND    source/1.0.0. The rows are pieces of a byte stream, for `lines` to cut. A position is the number of bytes up
 *         to the end of a piece. What is not acknowledged is read again.
 * CONFIG  {"path": file}             may appear later
 *         {"from": "start"|"end"}    where the first start begins in a file that exists (default "start")
 *
 * STREAMS A file is a stream, known by its inode and a generation. If another file has the path (it was rotated), the
 *         old one is read to its end, and its stream ends. If the file became shorter (it was truncated), its stream
 *         is cut off, and the next generation begins. A stream that was begun by an earlier instance is looked for in
 *         the folder of the path, where rotation has renamed it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "file_changes.h"
#include "tenon_config.h"

SOURCE_1_FACTS;

#define INODE_BITS 48
#define INODE_MASK ((UINT64_C(1) << INODE_BITS) - 1)

enum { MOST_BYTES = 1 << 20 };
/* The times between two looks at a file that did not grow: usually, and where changes wake the host. */
static const uint64_t POLL_NS = 50000000, SLOW_POLL_NS = 1000000000;

typedef struct tail {
  const tenon_host *host;
  char path[4096];
  int from_end;
  bool connected, draining;
  int file;             /* -1 if none is open */
  uint64_t stream, at;  /* of the open file */
  uint64_t moved_ns;    /* when the path was first seen to have another file; 0 if it has not */
  tenon_out known;      /* tenon_resume[]: the streams of this and of earlier instances */
  size_t resumed, next; /* the first of them are to be continued; the next one */
  file_changes changes;
  tenon_frame_writer writer;
} tail;

static tenon_status tail_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                             tenon_out *error) {
  tail *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->host = host;
  self->file = -1;
  self->known = tenon_memory();
  const tenon_config_field fields[] = {
      TENON_CONFIG_STRING("path", self->path),
      TENON_CONFIG_WORD("from", &self->from_end, "start|end"),
  };
  tenon_status status = tenon_config_read(config, config_len, fields, 2, error);
  if (status == TENON_OK && self->path[0] == 0)
    status = tenon_fail(error, TENON_INVALID, "config: \"path\" is missing, the file to read");
  if (status == TENON_OK)
    *state = self;
  else
    free(self);
  return status;
}

static void close_file(tail *self) {
  if (self->file >= 0) (void)close(self->file);
  self->file = -1;
  self->moved_ns = 0;
}

static void tail_drop(void *state) {
  tail *self = state;
  file_changes_stop(&self->changes);
  close_file(self);
  tenon_frame_free(&self->writer);
  free(self->known.data);
  free(self);
}

/* ---- Streams ---- */

static tenon_resume *known(const tail *self, size_t i) {
  return (tenon_resume *)(void *)self->known.data + i;
}

static size_t known_count(const tail *self) {
  return self->known.len / sizeof(tenon_resume);
}

/* Returns the index of the latest generation of an inode, or the number of known streams. */
static size_t latest(const tail *self, uint64_t inode) {
  size_t found = known_count(self);
  for (size_t i = 0; i < known_count(self); i++)
    if ((known(self, i)->stream & INODE_MASK) == inode &&
        (found == known_count(self) || known(self, i)->stream > known(self, found)->stream))
      found = i;
  return found;
}

static int open_regular(const char *path, struct stat *status) {
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return -1;
  if (fstat(file, status) == 0 && S_ISREG(status->st_mode)) return file;
  (void)close(file);
  errno = EINVAL;
  return -1;
}

/* Begins a stream with the open file. */
static tenon_status begin(tail *self, uint64_t stream, uint64_t at) {
  const tenon_resume fresh = {stream, at};
  self->stream = stream;
  self->at = at;
  return tenon_write(&self->known, &fresh, sizeof fresh);
}

/* Opens the file of the path as a new stream, or as the next generation of the last one with its inode. A file that
 * does not exist may appear later. */
static tenon_status open_path(tail *self, bool skip) {
  struct stat status;
  self->file = open_regular(self->path, &status);
  if (self->file < 0) return errno == ENOENT ? TENON_OK : TENON_CLOSED;
  file_changes_open(&self->changes, self->path);
  const uint64_t inode = (uint64_t)status.st_ino & INODE_MASK;
  const size_t before = latest(self, inode);
  const uint64_t generation =
      before == known_count(self) ? 0 : (known(self, before)->stream >> INODE_BITS) + 1;
  return begin(self, generation << INODE_BITS | inode, skip ? (uint64_t)status.st_size : 0);
}

/* Finds the file of a stream in the folder of the path. */
static int find_file(const tail *self, uint64_t stream, struct stat *status) {
  char path[sizeof self->path + 300];
  const char *slash = strrchr(self->path, '/');
  const int length = slash == NULL ? 0 : (int)(slash - self->path) + 1;
  (void)snprintf(path, sizeof path, "%.*s.", length, self->path);
  DIR *folder = opendir(path);
  int file = -1;
  for (struct dirent *entry; folder != NULL && file < 0 && (entry = readdir(folder)) != NULL;) {
    (void)snprintf(path, sizeof path, "%.*s%s", length, self->path, entry->d_name);
    if (stat(path, status) != 0 || ((uint64_t)status->st_ino & INODE_MASK) != (stream & INODE_MASK)) continue;
    file = open_regular(path, status);
  }
  if (folder != NULL) (void)closedir(folder);
  return file;
}

/* ---- Pulling ---- */

static void end_stream(tail *self, uint64_t stream, uint64_t at, uint32_t mark) {
  const tenon_row row = {stream, at, tenon_now_ns(), mark, {NULL, 0}};
  tenon_frame_end_row(&self->writer, &row);
}

/* Goes on with a stream of an earlier instance. If that cannot be, it ends as cut off. */
static void resume_next(tail *self) {
  const size_t i = self->next++;
  const tenon_resume one = *known(self, i);
  struct stat status;
  if (latest(self, one.stream & INODE_MASK) == i) self->file = find_file(self, one.stream, &status);
  if (self->file >= 0 && (uint64_t)status.st_size < one.position) close_file(self);
  self->stream = one.stream;
  self->at = one.position;
  if (self->file < 0) end_stream(self, one.stream, one.position, TENON_FLOW_BROKEN);
  file_changes_open(&self->changes, self->path);
}

/* Appends the next piece. Returns its size: 0 at the end, -1 if it cannot be read. */
static ssize_t read_piece(tail *self, const tenon_credit *credit) {
  const size_t most = credit->bytes < MOST_BYTES ? (size_t)credit->bytes : MOST_BYTES;
  tenon_out *out = self->writer.out;
  if (out->capacity - out->len < most && out->reserve(out, most) != TENON_OK) {
    tenon_frame_fail(&self->writer, TENON_NO_MEMORY, "no memory for a piece of the file");
    return 0;
  }
  ssize_t got;
  do got = pread(self->file, out->data + out->len, most, (off_t)self->at);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return got;
  out->len += (size_t)got;
  self->at += (uint64_t)got;
  const tenon_row row = {self->stream, self->at, tenon_now_ns(), TENON_FLOW_PIECE, {NULL, 0}};
  tenon_frame_end_row(&self->writer, &row);
  return got;
}

/* A clock that does not jump. */
static uint64_t steady_ns(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* At the end of the open file. Returns whether to look again later. */
static bool at_end(tail *self) {
  struct stat here, there;
  if (fstat(self->file, &here) != 0) return true;
  if ((uint64_t)here.st_size < self->at) {
    end_stream(self, self->stream, self->at, TENON_FLOW_BROKEN);
    close_file(self);
    return false;
  }
  const bool gone = stat(self->path, &there) != 0;
  if (!gone && here.st_ino == there.st_ino && here.st_dev == there.st_dev) {
    self->moved_ns = 0;
    return true;
  }
  if ((uint64_t)here.st_size > self->at) return false;
  /* The program that writes may write to the old file until it opens the new one, which then gets bytes. */
  const uint64_t now = steady_ns();
  if (self->moved_ns == 0 || (!gone && there.st_size == 0)) self->moved_ns = now;
  if (gone || now - self->moved_ns < 2 * POLL_NS) return true;
  end_stream(self, self->stream, self->at, TENON_FLOW_END);
  close_file(self);
  return false;
}

/* Does one step: opens a file, reads a piece or looks at the end. Returns whether to look again later. */
static tenon_status step(tail *self, const tenon_credit *credit, bool *later) {
  if (self->file < 0 && self->next < self->resumed) {
    resume_next(self);
    return TENON_OK;
  }
  if (self->file < 0) {
    const tenon_status status = open_path(self, false);
    *later = true;
    if (status != TENON_OK || self->file < 0) return status;
  }
  const ssize_t got = read_piece(self, credit);
  if (got < 0) return TENON_CLOSED;
  *later = got == 0 && at_end(self);
  return TENON_OK;
}

/* Fails with the path and the system's reason. A lost connection begins again with `connect`. */
static tenon_status refuse(tail *self, tenon_out *out, tenon_status status) {
  char message[4200];
  if (status == TENON_NO_MEMORY) return tenon_fail(out, status, "no memory for a stream");
  (void)snprintf(message, sizeof message, "%s: cannot be read: %s", self->path, strerror(errno));
  self->connected = false;
  return tenon_fail(out, TENON_CLOSED, message);
}

static tenon_status tail_pull(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  tail *self = state;
  tenon_credit credit;
  bool later = false;
  if (!self->connected) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (!tenon_credit_read(&credit, in, in_len))
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_credit");
  tenon_frame_begin(&self->writer, out);
  if (self->draining) return tenon_frame_end(&self->writer, TENON_FLOW_DONE, 0);
  file_changes_look(&self->changes);
  const tenon_status status = step(self, &credit, &later);
  if (status != TENON_OK) return refuse(self, out, status);
  if (!later) return tenon_frame_end(&self->writer, TENON_FLOW_MORE, 0);
  file_changes_await(&self->changes);
  const bool slow = self->changes.started && self->moved_ns == 0;
  return tenon_frame_end(&self->writer, TENON_FLOW_IDLE, slow ? SLOW_POLL_NS : POLL_NS);
}

/* Makes the stream of the file that has the path the last to be continued, because that file never ends. */
static void sort_resumed(tail *self) {
  struct stat status;
  const size_t count = self->resumed;
  if (count == 0 || stat(self->path, &status) != 0) return;
  const size_t i = latest(self, (uint64_t)status.st_ino & INODE_MASK);
  if (i == count) return;
  const tenon_resume present = *known(self, i);
  *known(self, i) = *known(self, count - 1);
  *known(self, count - 1) = present;
}

static tenon_status tail_connect(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  tail *self = state;
  if (in_len % sizeof(tenon_resume) != 0)
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_resume[]");
  close_file(self);
  self->known.len = self->next = 0;
  if (tenon_write(&self->known, in, in_len) != TENON_OK)
    return tenon_fail(out, TENON_NO_MEMORY, "no memory for the streams");
  self->resumed = known_count(self);
  sort_resumed(self);
  if (!self->changes.started) file_changes_start(&self->changes, self->host, self->path);
  if (self->resumed == 0 && self->from_end != 0) {
    const tenon_status status = open_path(self, true);
    if (status != TENON_OK) return refuse(self, out, status);
  }
  self->connected = true;
  return tenon_connected_write(out, TENON_FLOW_REPLAYS);
}

static tenon_status tail_contraflow(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  tail *self = state;
  if (!self->connected) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (in_len % sizeof(tenon_contra) != 0)
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_contra[]");
  self->draining = self->draining || tenon_contra_has(TENON_FLOW_DRAIN, in, in_len);
  return TENON_OK;
}

static const void *tail_extension(const char *id) {
  static const source_1 source = {TENON_KIND_HEADER(source_1), tail_connect, tail_pull, tail_contraflow};
  return strcmp(id, SOURCE_1_ID) == 0 ? &source : NULL;
}

static tenon_status tail_something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "use the kind source/1");
}

TENON_PLUGIN_WITH("tail", "1.0.0", SOURCE_1_KIND, 0, tail_new, tail_drop, tail_something, tail_extension);
