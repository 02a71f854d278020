/* fixture - a plugin that misbehaves on demand, for the tests of the runner. The first byte of the input
 * selects the action; the rest is its argument. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tenon.h"

typedef struct fixture {
  const tenon_host *host;
  uint32_t drops;
} fixture;

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  if (config_len == 4 && memcmp(config, "fail", 4) == 0)
    return tenon_fail(error, TENON_INVALID, "asked to fail");
  if (config_len == 5 && memcmp(config, "crash", 5) == 0) abort();
  fixture *self = calloc(1, sizeof(fixture));
  if (self == NULL) return TENON_NO_MEMORY;
  self->host = host;
  *state = self;
  return TENON_OK;
}

static void drop(void *state) {
  free(state);
}

static tenon_status number(tenon_out *out, long value) {
  char text[32];
  int length = snprintf(text, sizeof(text), "%ld", value);
  return tenon_write(out, text, (size_t)length);
}

/* Overflows the stack. The recursion is finite, but it never reaches its end, and the compiler cannot know
 * either. */
static volatile int depth = 1 << 30;
static int overflow(int left) {
  volatile char here[1024];
  here[0] = (char)left;
  return left == 0 ? here[0] : overflow(left - 1) + here[0];
}

static void *crash_thread(void *unused) {
  (void)unused;
  *(volatile int *)64 = 1;
  return NULL;
}

/* Emits `count` events, and writes the number that the host accepted. */
static tenon_status emit_many(const fixture *self, long count, tenon_out *out) {
  long taken = 0;
  for (long i = 0; i < count; i++) {
    if (self->host->emit(self->host, (const uint8_t *)&i, sizeof(i)) == TENON_OK) taken++;
  }
  return number(out, taken);
}

static tenon_status log_many(const fixture *self, long count, tenon_out *out) {
  for (long i = 0; i < count; i++) self->host->log(self->host, TENON_LOG_INFO, "a line", 6);
  return number(out, count);
}

/* Writes `size` bytes in pieces that hold their own offset. */
static tenon_status grow(size_t size, tenon_out *out) {
  while (out->len < size) {
    uint64_t at = out->len;
    size_t piece = size - out->len < sizeof(at) ? size - out->len : sizeof(at);
    tenon_status status = tenon_write(out, &at, piece);
    if (status != TENON_OK) return status;
  }
  return TENON_OK;
}

static tenon_status leak(void) {
  for (;;) {
    char *memory = malloc(1 << 20);
    if (memory == NULL) abort();
    memset(memory, 1, 1 << 20);
  }
}

static tenon_status open_files(tenon_out *out) {
  DIR *folder = opendir("/proc/self/fd");
  if (folder == NULL) return tenon_fail(out, TENON_FAILED, "cannot list");
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    int file = atoi(entry->d_name);
    if (entry->d_name[0] == '.' || file == dirfd(folder)) continue;
    (void)number(out, file);
    (void)tenon_write(out, " ", 1);
  }
  closedir(folder);
  return TENON_OK;
}

/* Returns 0, or the errno. */
static long try_fork(void) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  if (child < 0) return errno;
  waitpid(child, NULL, 0);
  return 0;
}

static long try_file(const char *path, int flags) {
  int file = open(path, flags, 0600);
  if (file < 0) return errno;
  close(file);
  return 0;
}

static tenon_status try_system(char what, const char *path, tenon_out *out) {
  int file;
  switch (what) {
    case 'S':
      file = socket(AF_INET, SOCK_STREAM, 0);
      if (file < 0) return number(out, errno);
      close(file);
      return number(out, 0);
    case 'O':
      return number(out, try_file(path, O_WRONLY | O_CREAT));
    case 'R':
      return number(out, try_file(path, O_RDONLY));
    case 'F':
      return number(out, try_fork());
    case 'U':
      return number(out, unlink(path) == 0 ? 0 : errno);
    default: /* 'X' */
      execl("/bin/true", "true", (char *)NULL);
      return number(out, errno);
  }
}

static tenon_status break_contract(char how, tenon_out *out) {
  static const uint8_t bad[] = {0xff, 0xfe};
  switch (how) {
    case 's':
      return 4711;
    case 'o':
      memset(out->data, 7, out->capacity + 8);
      return TENON_OK;
    case 'l':
      out->len = out->capacity + 1;
      return TENON_OK;
    case 't':
      out->capacity *= 2;
      return TENON_OK;
    default: /* 'u' */
      (void)tenon_write(out, bad, sizeof(bad));
      return TENON_FAILED;
  }
}

static tenon_status die(char how) {
  pthread_t thread;
  volatile int zero = 0;
  switch (how) {
    case 's':
      *(volatile int *)8 = 1;
      break;
    case 'o':
      return overflow(depth);
    case 'd':
      return 1000 / zero;
    case 'i':
      __builtin_trap();
    case 'x':
      exit(0);
    case '_':
      _exit(0);
    case 'k':
      raise(SIGKILL);
      break;
    case 't':
      pthread_create(&thread, NULL, crash_thread, NULL);
      pthread_join(thread, NULL);
      break;
    case 'h':
      for (;;) pause();
    case 'c':
      for (;;) zero++;
    case 'l':
      return leak();
    default:
      abort();
  }
  return TENON_OK;
}

static tenon_status something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  const fixture *self = state;
  char text[256] = {0};
  if (in_len == 0) return TENON_OK;
  if (in_len - 1 < sizeof(text)) memcpy(text, in + 1, in_len - 1);
  switch (in[0]) {
    case 'e':
      return tenon_write(out, in + 1, in_len - 1);
    case 'f':
      return tenon_fail(out, TENON_FAILED, text);
    case 'p':
      return tenon_fail(out, TENON_PANIC, "a panic");
    case 'g':
      return grow((size_t)atoll(text), out);
    case 'E':
      return emit_many(self, atol(text), out);
    case 'L':
      return log_many(self, atol(text), out);
    case 'b':
      return break_contract(text[0], out);
    case 'd':
      return die(text[0]);
    case 'o':
      return open_files(out);
    case 'c':
      for (int file = 3; file < 1024; file++) close(file);
      return TENON_OK;
    case 'P':
      puts(text);
      return TENON_OK;
    default: /* 't' */
      return try_system(text[0], text + 1, out);
  }
}

TENON_KIND(fixture_1, tenon_method first; tenon_method second;);
static const fixture_1 table = {TENON_KIND_HEADER(fixture_1), something, something};
static const fixture_1 broken = {TENON_KIND_HEADER(fixture_1), something, NULL};

static const void *extension(const char *id) {
  if (strcmp(id, "fixture/1") == 0) return &table;
  return strcmp(id, "broken/1") == 0 ? &broken : NULL;
}

TENON_PLUGIN_WITH("fixture", "1.0.0", "fixture/1.0.0", 0, make, drop, something, extension);
