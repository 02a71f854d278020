/* file - a sink that appends events to a file, which are on the disk before it answers.
 *
 * KIND    sink/1.0.0. The bytes of the events follow each other; `lines` as a postprocessor ends each with a newline.
 *         The sink is durable. It locks the file (flock), so that a second flow cannot write to it. No other program
 *         may append to it.
 * FRAMES  A frame that cannot be written as a whole is removed again, so it can be written once more. On Linux this is
 *         true even if the process is killed meanwhile: the file PATH.intent has the length before the frame until the
 *         frame is on the disk. It counts only until the system is started again, because it is not synchronized.
 * CONFIG  {"path": file}  is created if it does not exist */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenon_config.h"
#include "tenon_frame.h"

SINK_1_FACTS;

/* The content of PATH.intent. */
typedef struct intent {
  char boot[40]; /* the start of the system */
  uint64_t device, inode, length;
} intent;

/* The length if no frame is being written. */
#define FINISHED UINT64_MAX

typedef struct file_sink {
  char path[4096];
  int file;        /* -1 while there is no connection */
  int intent_file; /* -1 if there is none */
  intent intent;
} file_sink;

static tenon_status file_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                             tenon_out *error) {
  (void)host;
  file_sink *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->file = self->intent_file = -1;
  const tenon_config_field fields[] = {TENON_CONFIG_STRING("path", self->path)};
  tenon_status status = tenon_config_read(config, config_len, fields, 1, error);
  if (status == TENON_OK && self->path[0] == 0)
    status = tenon_fail(error, TENON_INVALID, "config: \"path\" is missing, the file to append to");
  if (status == TENON_OK)
    *state = self;
  else
    free(self);
  return status;
}

/* ---- Calls that a signal may interrupt ---- */

/* Writes what the system holds of a file to its disk. A signal may interrupt that on some file systems. */
static int synchronize(int file) {
  int result;
#if defined(__APPLE__)
  do result = fsync(file);
#else
  do result = fdatasync(file);
#endif
  while (result != 0 && errno == EINTR);
  return result;
}

/* Shortens a file. Returns 0, or -1 with the reason in errno. */
static int shorten(int file, off_t length) {
  int result;
  do result = ftruncate(file, length);
  while (result != 0 && errno == EINTR);
  return result;
}

/* ---- Frames that were not finished ---- */

static void intent_path(const file_sink *self, char *path, size_t size) {
  (void)snprintf(path, size, "%s.intent", self->path);
}

/* Notes that a frame is being written behind `length` bytes, or that it is FINISHED. */
static void note(file_sink *self, uint64_t length) {
  self->intent.length = length;
  if (self->intent_file < 0) return;
  const ssize_t wrote = pwrite(self->intent_file, &self->intent, sizeof self->intent, 0);
  if (wrote == (ssize_t)sizeof self->intent) return;
  (void)close(self->intent_file); /* a note that is wrong would be worse than none */
  self->intent_file = -1;
  char path[sizeof self->path + 8];
  intent_path(self, path, sizeof path);
  (void)unlink(path);
}

/* Removes what an earlier process began to write and did not finish. Returns 0, or -1 with the reason in errno. */
static int repair(file_sink *self, const struct stat *status) {
  char path[sizeof self->path + 8];
  intent before;
  intent *now = &self->intent;
  memset(now, 0, sizeof *now);
  const int boot = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  const bool known = boot >= 0 && read(boot, now->boot, sizeof now->boot) > 0;
  if (boot >= 0) (void)close(boot);
  if (!known) return 0;
  now->device = (uint64_t)status->st_dev;
  now->inode = (uint64_t)status->st_ino;
  intent_path(self, path, sizeof path);
  self->intent_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->intent_file < 0) return 0;
  const bool noted = pread(self->intent_file, &before, sizeof before, 0) == (ssize_t)sizeof before &&
                     memcmp(&before, now, offsetof(intent, length)) == 0;
  if (noted && before.length < (uint64_t)status->st_size && shorten(self->file, (off_t)before.length) != 0)
    return -1;
  note(self, FINISHED);
  return 0;
}

static void disconnect(file_sink *self) {
  char path[sizeof self->path + 8];
  intent_path(self, path, sizeof path);
  if (self->intent_file >= 0 && self->intent.length == FINISHED) (void)unlink(path);
  if (self->intent_file >= 0) (void)close(self->intent_file);
  if (self->file >= 0) (void)close(self->file);
  self->file = self->intent_file = -1;
}

static void file_drop(void *state) {
  disconnect(state);
  free(state);
}

/* Fails with a message that has the path and the system's reason. */
static tenon_status refuse(const file_sink *self, tenon_out *out, tenon_status status, const char *what) {
  char message[4300];
  (void)snprintf(message, sizeof message, "%s: cannot %s: %s", self->path, what, strerror(errno));
  return tenon_fail(out, status, message);
}

/* Makes the entry of a new file in its folder durable. */
static int synchronize_folder(const file_sink *self) {
  char folder[sizeof self->path];
  memcpy(folder, self->path, sizeof folder);
  char *slash = strrchr(folder, '/');
  if (slash != NULL) slash[slash == folder] = 0;
  const int opened = open(slash == NULL ? "." : folder, O_RDONLY | O_CLOEXEC);
  if (opened < 0) return -1;
  int result;
  do result = fsync(opened);
  while (result != 0 && errno == EINTR);
  (void)close(opened);
  return result;
}

static tenon_status file_connect(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  file_sink *self = state;
  struct stat status;
  (void)in;
  if (in_len != 0) return tenon_fail(out, TENON_INVALID, "the input of connect is not empty");
  disconnect(self);
  const bool is_new = stat(self->path, &status) != 0;
  self->file = open(self->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
  if (self->file < 0) return refuse(self, out, TENON_CLOSED, "open the file");
  if (fstat(self->file, &status) != 0 || !S_ISREG(status.st_mode)) {
    disconnect(self);
    errno = EINVAL;
    return refuse(self, out, TENON_INVALID, "append to something that is not a file");
  }
  if (flock(self->file, LOCK_EX | LOCK_NB) != 0 || (is_new && synchronize_folder(self) != 0) ||
      repair(self, &status) != 0) {
    const int problem = errno;
    disconnect(self);
    errno = problem;
    return refuse(self, out, TENON_CLOSED,
                  problem == EWOULDBLOCK ? "lock the file, which another sink writes" : "use the file");
  }
  return tenon_connected_write(out, TENON_FLOW_DURABLE);
}

/* ---- The sink ---- */

/* Appends all bytes, or nothing. Returns 0, or -1 with the reason in errno. */
static int append(file_sink *self, tenon_bytes bytes) {
  const int file = self->file;
  const off_t before = lseek(file, 0, SEEK_END);
  if (before < 0) return -1;
  note(self, (uint64_t)before);
  for (size_t done = 0; done < bytes.len;) {
    const ssize_t wrote = write(file, bytes.data + done, bytes.len - done);
    if (wrote > 0) done += (size_t)wrote;
    if (wrote >= 0 || errno == EINTR) continue;
    const int problem = errno;
    if (shorten(file, before) == 0) note(self, FINISHED);
    errno = problem;
    return -1;
  }
  return 0;
}

static tenon_status file_write(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  file_sink *self = state;
  tenon_frame frame;
  if (self->file < 0) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (tenon_frame_read(&frame, in, in_len, out) != TENON_OK) return TENON_INVALID;
  const tenon_bytes bytes = tenon_frame_rows(&frame, 0, frame.head.rows);
  if (bytes.len == 0) return TENON_OK;
  const bool appended = append(self, bytes) == 0;
  if (appended && synchronize(self->file) == 0) {
    note(self, FINISHED);
    return TENON_OK;
  }
  /* The disk is full or fails, which is not the fault of the events: the flow waits until there is room. After a
   * failure the system may have dropped what it could not write, and would not report it again. The next connection
   * removes the frame. */
  tenon_status status =
      refuse(self, out, TENON_CLOSED, appended ? "write the file to its disk" : "append to the file");
  disconnect(self);
  return status;
}

static tenon_status file_contraflow(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)in;
  if (((file_sink *)state)->file < 0) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (in_len % sizeof(tenon_contra) != 0)
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_contra[]");
  return TENON_OK; /* nothing is ever answered later */
}

static const void *file_extension(const char *id) {
  static const sink_1 sink = {TENON_KIND_HEADER(sink_1), file_connect, file_write, file_contraflow};
  return strcmp(id, SINK_1_ID) == 0 ? &sink : NULL;
}

static tenon_status file_something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "use the kind sink/1");
}

TENON_PLUGIN_WITH("file", "1.0.0", SINK_1_KIND, 0, file_new, file_drop, file_something, file_extension);
