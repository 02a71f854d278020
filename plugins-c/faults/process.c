/* process.c - `something` ends the process that called it, never returns, or changes the state of the whole
 * process. In the inline tier, no host can contain any of it. */
#include "hostile.h"

#include <locale.h>

#define PROCESS_SEGFAULT  1
#define PROCESS_ABORT     2
#define PROCESS_ILLEGAL   3
#define PROCESS_STACK     4
#define PROCESS_DIVIDE    5
#define PROCESS_HEAP      6
#define PROCESS_EXIT      7
#define PROCESS_EXIT_NOW  8
#define PROCESS_HANG      9
#define PROCESS_PRINTS    10
#define PROCESS_CLOSES    11
#define PROCESS_DIRECTORY 12
#define PROCESS_LOCALE    13
#define PROCESS_VARIABLE  14
#define PROCESS_SIGNALS   15
#define PROCESS_IN_NEW    16
#define PROCESS_IN_DROP   17

#if FAULT_PROCESS == PROCESS_STACK
/* The volatile buffer and the work after the call keep the compiler from turning the recursion into a
 * loop. */
static int descend(int depth) {
  volatile char room[4096];
  room[0] = (char)depth;
  return depth < 0 ? 0 : descend(depth + 1) + room[0];
}
#endif

static void misbehave(void) {
#if FAULT_PROCESS == PROCESS_SEGFAULT
  fault_segfault();
#elif FAULT_PROCESS == PROCESS_ABORT
  abort();
#elif FAULT_PROCESS == PROCESS_ILLEGAL
#if defined(__x86_64__)
  __asm__ volatile("ud2");
#else
  raise(SIGILL); /* the trap of other processors may raise another signal */
#endif
#elif FAULT_PROCESS == PROCESS_STACK
  volatile int depth = descend(0);
  (void)depth;
#elif FAULT_PROCESS == PROCESS_DIVIDE
#if defined(__x86_64__)
  volatile int one = 1, zero = 0, quotient = one / zero;
  (void)quotient;
#else
  raise(SIGFPE); /* other processors divide by zero without a fault */
#endif
#elif FAULT_PROCESS == PROCESS_HEAP
  /* Overwrites the allocator's metadata before the block, which the C library reads when the block is freed.
   * Volatile twice, because the compiler must neither drop the store nor see its address. */
  volatile size_t *volatile block = malloc(24);
  if (block != NULL) block[-1] = SIZE_MAX;
  free((void *)block);
#elif FAULT_PROCESS == PROCESS_EXIT
  exit(0);
#elif FAULT_PROCESS == PROCESS_EXIT_NOW
  _exit(3);
#elif FAULT_PROCESS == PROCESS_HANG
  fault_hang();
#elif FAULT_PROCESS == PROCESS_PRINTS
  static const char out[] = FAULT_NAME " on stdout\n", err[] = FAULT_NAME " on stderr\n";
  FAULT_WRITE(1, out);
  FAULT_WRITE(2, err);
#elif FAULT_PROCESS == PROCESS_CLOSES
  close(STDIN_FILENO), close(STDOUT_FILENO), close(STDERR_FILENO);
#elif FAULT_PROCESS == PROCESS_DIRECTORY
  (void)!chdir("/");
#elif FAULT_PROCESS == PROCESS_LOCALE
  (void)setlocale(LC_ALL, "C.UTF-8");
#elif FAULT_PROCESS == PROCESS_VARIABLE
  (void)setenv("TENON_FAULT_WAS_HERE", "yes", 1);
#elif FAULT_PROCESS == PROCESS_SIGNALS
  (void)signal(SIGUSR2, SIG_IGN);
#else
  fault_segfault();
#endif
}

#if FAULT_PROCESS == PROCESS_IN_NEW
static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host, (void)config, (void)config_len, (void)state, (void)error;
  misbehave();
  return TENON_FAILED;
}
TENON_PLUGIN(FAULT_NAME, "1.0.0", make, tenon_drop_nothing, fault_echo);
#elif FAULT_PROCESS == PROCESS_IN_DROP
static void drop(void *state) {
  (void)state;
  misbehave();
}
TENON_PLUGIN(FAULT_NAME, "1.0.0", tenon_new_nothing, drop, fault_echo);
#else
static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  misbehave();
#if FAULT_PROCESS == PROCESS_LOCALE
  /* Reports the locale of the process, which JavaScript cannot query. */
  (void)state, (void)in, (void)in_len;
  const char *now = setlocale(LC_ALL, NULL);
  return tenon_write(out, now, strlen(now));
#else
  return fault_echo(state, in, in_len, out);
#endif
}
TENON_STATELESS_PLUGIN(FAULT_NAME, "1.0.0", call);
#endif
