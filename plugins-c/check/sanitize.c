/* sanitize.c - a sound plugin with one fault that only a sanitizer detects, selected by TRIP. */
#include <pthread.h>
#include <stdlib.h>

#include "tenon.h"

#define SANITIZE_ADDRESS   1 /* reads past its allocation */
#define SANITIZE_UNDEFINED 2 /* a shift that overflows */
#define SANITIZE_THREAD    3 /* all instances share a counter without a lock */
#define SANITIZE_LEAK      4 /* leaks memory */
#define SANITIZE_SOUND     5

typedef struct instance {
  int calls;
} instance;

static volatile int total;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int shift = 31;
static __thread volatile int weight; /* keeps the compiler from removing the calculation */
static void *volatile forgotten;

static int weigh(instance *self, const uint8_t *in, size_t in_len) {
  (void)in, (void)in_len, (void)forgotten, (void)shift;
#if TRIP == SANITIZE_ADDRESS
  int *one = calloc(1, sizeof *one);
  int behind = one == NULL ? 0 : one[shift - 30]; /* the allocation holds one element */
  free(one);
  return self->calls + behind;
#elif TRIP == SANITIZE_UNDEFINED
  return self->calls + (1 << shift);
#elif TRIP == SANITIZE_LEAK
  forgotten = malloc(100);
  forgotten = NULL;
  return self->calls;
#else
  return self->calls;
#endif
}

static void count(void) {
#if TRIP == SANITIZE_THREAD
  total++;
  (void)lock;
#else
  pthread_mutex_lock(&lock);
  total++;
  pthread_mutex_unlock(&lock);
#endif
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  instance *self = state;
  self->calls++;
  count();
  weight = weigh(self, in, in_len);
  return tenon_write(out, in, in_len);
}

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  *state = calloc(1, sizeof(instance));
  return *state == NULL ? tenon_fail(error, TENON_NO_MEMORY, "no memory") : TENON_OK;
}

static void drop(void *state) {
  free(state);
}

TENON_PLUGIN(TRIP_NAME, "1.0.0", make, drop, call);
