/* resources.c - a sound plugin that takes, changes or leaves behind one resource, selected by TRIP. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2 and the like */
#endif
#include <alloca.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tenon.h"

#define LEAK_PER_CALL            1
#define LEAK_PER_INSTANCE        2
#define DESCRIPTORS_PER_CALL     3
#define DESCRIPTORS_PER_INSTANCE 4
#define TIMERS                   5
#define CHILD_PROCESSES          6
#define FILES                    7
#define SIGNAL_HANDLERS          8
#define SIGNAL_MASK              9
#define WORKING_DIRECTORY        10
#define LOCALE                   11
#define ENVIRONMENT              12
#define UMASK                    13
#define LIMITS                   14
#define STANDARD_STREAMS         15
#define FLOAT_MODE               16
#define EXECUTABLE_MEMORY        17
#define STANDARD_OUTPUT          18
#define STANDARD_ERROR           19
#define LOAD_TIME                20
#define CALL_TIME                21
#define STACK                    22
#define DESCRIPTOR_INHERITANCE   23
#define LEAK_OF_PAGES            24
#define SHARED_MEMORY            26
#define DAEMON                   27
#define HOST_DESCRIPTORS         28
#define KEPT_DESCRIPTORS         29
#define HOST_CHILDREN            30
#define CACHE                    25 /* not a fault: grows for a while */

typedef struct instance {
  unsigned calls;
} instance;

/* Set once per process, so that a thousand instances do no more than one. */
static int done;

/* Keeps the compiler from seeing that the memory is unused. */
static void *volatile kept;

static inline void pause_for(long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&time, NULL);
}

#if TRIP == LOAD_TIME
__attribute__((constructor)) static void load_slowly(void) {
  pause_for(130);
}
#endif

#if TRIP == KEPT_DESCRIPTORS
__attribute__((constructor)) static void open_early(void) {
  (void)!open("/dev/zero", O_RDONLY | O_CLOEXEC);
}
#endif

#if TRIP == SIGNAL_HANDLERS
static void on_signal(int signal) {
  (void)signal;
}
#endif

/* Commits the fault of the first call of a process. */
static void meddle(void) {
#if TRIP == TIMERS
  struct itimerval hour = {{0, 0}, {3600, 0}};
  setitimer(ITIMER_REAL, &hour, NULL);
#elif TRIP == CHILD_PROCESSES
  if (fork() == 0) _exit(0);
#elif TRIP == DAEMON
  if (fork() == 0) {
    if (fork() == 0) pause_for(60000);
    _exit(0);
  }
  wait(NULL);
#elif TRIP == HOST_DESCRIPTORS
  for (int descriptor = 40; descriptor < 44; descriptor++) close(descriptor);
#elif TRIP == HOST_CHILDREN
  pid_t child = fork();
  if (child == 0) _exit(0);
  while (child > 0 && wait(NULL) != child) continue;
#elif TRIP == SHARED_MEMORY
  char name[64];
  (void)snprintf(name, sizeof name, "/tenon-trip-%ld", (long)getpid());
  int memory = shm_open(name, O_CREAT | O_RDWR, 0600);
  if (memory >= 0) close(memory);
  (void)shmget(IPC_PRIVATE, 4243, IPC_CREAT | 0600); /* the test recognises it by this size */
#elif TRIP == FILES
  const char *folder = getenv("TMPDIR");
  char path[4096];
  (void)snprintf(path, sizeof path, "%s/left-behind.tmp", folder == NULL ? "/tmp" : folder);
  int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
#elif TRIP == SIGNAL_HANDLERS
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR2, &action, NULL);
#elif TRIP == SIGNAL_MASK
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &mask, NULL);
#elif TRIP == WORKING_DIRECTORY
  if (chdir("/") != 0) abort();
#elif TRIP == LOCALE
  setlocale(LC_ALL, "");
#elif TRIP == ENVIRONMENT
  setenv("TENON_TRIP", "was here", 1);
#elif TRIP == UMASK
  umask(0);
#elif TRIP == LIMITS
  struct rlimit limit;
  getrlimit(RLIMIT_CPU, &limit);
  limit.rlim_cur = 100000;
  setrlimit(RLIMIT_CPU, &limit);
#elif TRIP == STANDARD_STREAMS
  fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
#elif TRIP == FLOAT_MODE
  fesetround(FE_UPWARD);
#elif TRIP == EXECUTABLE_MEMORY
  kept = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#elif TRIP == STANDARD_OUTPUT
  puts("a plugin says hello");
#elif TRIP == STANDARD_ERROR
  fputs("a plugin has something to complain about\n", stderr);
#endif
}

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  *state = calloc(1, sizeof(instance));
  if (*state == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory");
#if TRIP == DESCRIPTORS_PER_INSTANCE
  (void)!open("/dev/null", O_RDONLY | O_CLOEXEC);
#endif
  return TENON_OK;
}

static void drop(void *state) {
#if TRIP == LEAK_PER_INSTANCE
  (void)state; /* never freed */
#else
  free(state);
#endif
}

#if TRIP == STACK
__attribute__((noinline)) static void use_stack(void) {
  volatile char *large = alloca(400 << 10);
  for (size_t i = 0; i < 400 << 10; i += 512) large[i] = 1;
}
#endif

/* Commits the fault of each call. */
static void waste(instance *self) {
  (void)kept;
#if TRIP == LEAK_PER_CALL
  kept = malloc(24);
#elif TRIP == LEAK_OF_PAGES
  kept = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#elif TRIP == CACHE
  if (self->calls < 700) kept = malloc(4000);
#elif TRIP == DESCRIPTORS_PER_CALL
  (void)!open("/dev/null", O_RDONLY | O_CLOEXEC);
#elif TRIP == STACK
  use_stack();
#elif TRIP == CALL_TIME
  if (self->calls == 100 || self->calls == 1100) pause_for(600);
#elif TRIP == DESCRIPTOR_INHERITANCE
  if (!done) (void)!open("/dev/null", O_RDONLY);
#endif
  self->calls++;
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  if (!done) meddle();
  waste(state);
  done = 1;
  return tenon_write(out, in, in_len);
}

TENON_PLUGIN(TRIP_NAME, "1.0.0", make, drop, call);
