/* emit.c - events at the wrong moment, from the wrong thread, or far too many. Each event is a number, an
 * unsigned 64-bit integer that counts from 0. A sound host returns a status and stays alive. */
#include "hostile.h"

#include <pthread.h>
#include <stdatomic.h>

#define EMIT_REENTRANT 1 /* three events inside `something` */
#define EMIT_FOREIGN   2 /* three events from a thread that `something` starts and joins */
#define EMIT_FLOOD     3 /* a million events inside one call; the result is the count of each status */
#define EMIT_OUTLIVES  4 /* a thread that outlives `drop` and then emits; the result is its status */

#if FAULT_EMIT == EMIT_FLOOD
#define FAULT_EVENTS 1000000
#else
#define FAULT_EVENTS 3
#endif

typedef struct tally {
  uint64_t ok, busy, other;
} tally;

FAULT_UNUSED static tally emit_all(const tenon_host *host) {
  tally counted = {0, 0, 0};
  for (uint64_t i = 0; i < FAULT_EVENTS; i++) {
    tenon_status status = host->emit(host, (const uint8_t *)&i, sizeof i);
    if (status == TENON_OK) {
      counted.ok++;
    } else if (status == TENON_BUSY) {
      counted.busy++;
    } else {
      counted.other++;
    }
  }
  return counted;
}

#if FAULT_EMIT == EMIT_FOREIGN
static void *emit_in_thread(void *host) {
  emit_all(host);
  return NULL;
}
#endif

#if FAULT_EMIT == EMIT_OUTLIVES
static atomic_int dropped, answer = -1;

static void *emit_after_drop(void *argument) {
  const tenon_host *host = argument;
  while (!atomic_load(&dropped)) fault_wait(1);
  fault_wait(20); /* until the host has freed everything that it frees */
  uint64_t event = 0;
  atomic_store(&answer, host->emit(host, (const uint8_t *)&event, sizeof event));
  host->log(host, TENON_LOG_INFO, "after drop", 10);
  return NULL;
}
#endif

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)config, (void)config_len, (void)error;
  *state = (void *)host;
#if FAULT_EMIT == EMIT_OUTLIVES
  static atomic_int started;
  pthread_t thread;
  if (atomic_exchange(&started, 1) == 0) {
    if (pthread_create(&thread, NULL, emit_after_drop, (void *)host) != 0) return TENON_FAILED;
    pthread_detach(thread);
  }
#endif
  return TENON_OK;
}

static void drop(void *state) {
  (void)state;
#if FAULT_EMIT == EMIT_OUTLIVES
  atomic_store(&dropped, 1); /* a fault: it must join the thread, but does not */
#endif
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
#if FAULT_EMIT == EMIT_REENTRANT
  emit_all(state);
  return fault_echo(state, in, in_len, out);
#elif FAULT_EMIT == EMIT_FOREIGN
  pthread_t thread;
  if (pthread_create(&thread, NULL, emit_in_thread, state) != 0) return TENON_FAILED;
  pthread_join(thread, NULL);
  return fault_echo(state, in, in_len, out);
#elif FAULT_EMIT == EMIT_FLOOD
  (void)in, (void)in_len;
  tally counted = emit_all(state);
  return tenon_write(out, &counted, sizeof counted);
#else
  (void)state, (void)in, (void)in_len;
  int32_t got = atomic_load(&answer);
  return tenon_write(out, &got, sizeof got);
#endif
}

TENON_PLUGIN(FAULT_NAME, "1.0.0", make, drop, call);
