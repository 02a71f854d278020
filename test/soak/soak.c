/* A plugin for the soak test: it behaves as the first byte of its input says. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tenon.h"

typedef struct {
  const tenon_host *host;
} soak;

static void pause_ms(long ms) {
  struct timespec left = {ms / 1000, ms % 1000 * 1000000L};
  while (nanosleep(&left, &left) != 0) {
  }
}

static tenon_status soak_new(const tenon_host *host, const uint8_t *config, size_t size, void **state,
                             tenon_out *error) {
  if (size > 1 && config[1] == 'x') return tenon_fail(error, TENON_INVALID, "this config is refused");
  soak *made = malloc(sizeof *made);
  if (made == NULL) return TENON_NO_MEMORY;
  made->host = host;
  *state = made;
  return TENON_OK;
}

static void soak_drop(void *state) {
  free(state);
}

/* Prints 256 KiB: most of it line ends. */
static void flood(void) {
  char block[4096];
  memset(block, '\n', sizeof block);
  for (int i = 0; i < 64; i++) {
    if (write(STDOUT_FILENO, block, sizeof block) < 0) return;
  }
}

/* Answers with 4 MiB. */
static tenon_status large(tenon_out *out) {
  char block[65536];
  memset(block, 'L', sizeof block);
  for (int i = 0; i < 64; i++) {
    tenon_status status = tenon_write(out, block, sizeof block);
    if (status != TENON_OK) return status;
  }
  return TENON_OK;
}

static tenon_status soak_something(void *state, const uint8_t *in, size_t size, tenon_out *out) {
  const tenon_host *host = ((soak *)state)->host;
  switch (size == 0 ? 'e' : in[0]) {
    case 'f':
      return tenon_fail(out, TENON_INVALID, "as requested");
    case 'p':
      return tenon_fail(out, TENON_PANIC, "as requested");
    case 'c':
      return (tenon_status)77;
    case 's':
      pause_ms(20);
      break;
    case 'h':
      pause_ms(3000);
      break;
    case 'w':
      fprintf(stderr, "a line\n");
      break;
    case 'F':
      flood();
      break;
    case 'L':
      return large(out);
    case 'm':
      for (int i = 0; i < 50; i++) (void)host->emit(host, in, size);
      break;
    case 'l':
      host->log(host, TENON_LOG_INFO, "an entry", 8);
      break;
    case '!':
    raise_fault:
      *(volatile int *)8 = 1;
      goto raise_fault;
    case 'x':
      _exit(3);
    case 'a':
      abort();
    default:
      break;
  }
  return tenon_write(out, in, size);
}

TENON_PLUGIN("soak", "1.0.0", soak_new, soak_drop, soak_something);
