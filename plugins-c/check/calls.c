/* calls.c - a sound plugin, but for one thing that it does in a call: TRIP says which. */
#include <stdlib.h>

#include "tenon.h"

#define TRIP_PLAIN           1  /* returns a status that there is not */
#define TRIP_EMPTY_INPUT     2  /* reads the first byte of an empty input */
#define TRIP_ONE_BYTE        3  /* looks at pairs of bytes, and loses its way when there is none */
#define TRIP_UNALIGNED_INPUT 4  /* does as a processor that reads numbers only where they are aligned */
#define TRIP_INPUT_BOUNDS    5  /* takes its input for a string, which has a NUL at its end */
#define TRIP_READ_ONLY_INPUT 6  /* marks the end of its input in place */
#define TRIP_RETAINED_INPUT  7  /* compares its input with the one before, of which it kept the address */
#define TRIP_LARGE_INPUT     8  /* copies its input to the stack */
#define TRIP_LENGTHS         9  /* reads on behind the last block if it has 255 bytes */
#define TRIP_ODD_INPUT       10 /* returns a status that there is not for what begins with a NUL */
#define TRIP_MESSAGE_TEXT    11 /* quotes its input in a message */
#define TRIP_MESSAGE_EMPTY   12 /* says nothing of why it failed */
#define TRIP_DETERMINISTIC   13 /* declares that it is, and counts its calls */
#define TRIP_AFTER_FAILURE   14 /* returns a status that there is not after it failed once */

typedef struct instance {
  const uint8_t *last;
  int failed;
} instance;

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  instance *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  *state = self;
  return TENON_OK;
}

static void drop(void *state) {
  free(state);
}

/* What the processor really reads. */
static uint8_t look(const uint8_t *at) {
  return *(const volatile uint8_t *)at;
}

static tenon_status copy_on_stack(const uint8_t *in, size_t in_len, tenon_out *out) {
  uint8_t copy[in_len + 1];
  memcpy(copy, in, in_len);
  return tenon_write(out, copy, in_len);
}

/* The fault; TENON_OK to go on as a sound plugin. */
static tenon_status misbehave(instance *self, const uint8_t *in, size_t in_len, tenon_out *out) {
  static uint8_t calls;
  (void)self, (void)in, (void)in_len, (void)out, (void)look, (void)calls;
#if TRIP == TRIP_PLAIN
  return 42;
#elif TRIP == TRIP_EMPTY_INPUT
  if (in_len == 0) look(in);
#elif TRIP == TRIP_ONE_BYTE
  if (in_len == 1) return 42;
#elif TRIP == TRIP_UNALIGNED_INPUT
  if (in_len > 1 && (uintptr_t)in % 4 != 0) __builtin_trap();
#elif TRIP == TRIP_INPUT_BOUNDS
  if (in_len > 1) look(in + in_len);
#elif TRIP == TRIP_READ_ONLY_INPUT
  if (in_len > 0) *(volatile uint8_t *)in = look(in);
#elif TRIP == TRIP_RETAINED_INPUT
  if (self->last != NULL && in_len > 0) look(self->last);
  self->last = in_len > 0 ? in : NULL;
#elif TRIP == TRIP_LENGTHS
  if (in_len == 255) look(in + in_len);
#elif TRIP == TRIP_ODD_INPUT
  if (in_len > 1 && in[0] == 0) return -1;
#elif TRIP == TRIP_MESSAGE_TEXT
  if (in_len > 1 && in[0] >= 0x80) {
    (void)tenon_write(out, in, in_len);
    return TENON_INVALID;
  }
#elif TRIP == TRIP_MESSAGE_EMPTY
  if (in_len > 1 && in[0] == 0) return TENON_INVALID;
#elif TRIP == TRIP_DETERMINISTIC
  calls++;
  return tenon_write(out, &calls, 1);
#elif TRIP == TRIP_AFTER_FAILURE
  if (self->failed) return 42;
#endif
  return TENON_OK;
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  instance *self = state;
  tenon_status status = misbehave(self, in, in_len, out);
  if (status != TENON_OK) return status;
#if TRIP == TRIP_LARGE_INPUT
  return copy_on_stack(in, in_len, out);
#else
  (void)copy_on_stack;
#endif
  status = tenon_write(out, in, in_len);
  self->failed = status != TENON_OK;
  return status;
}

#if TRIP == TRIP_DETERMINISTIC
#define FLAGS TENON_DETERMINISTIC
#else
#define FLAGS 0
#endif

TENON_PLUGIN_WITH(TRIP_NAME, "1.0.0", "", FLAGS, make, drop, call, NULL);
