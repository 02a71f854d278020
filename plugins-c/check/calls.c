/* calls.c - a sound plugin with one fault in a call, selected by TRIP. */
#include <errno.h>
#include <stdlib.h>

#include "tenon.h"

#define TRIP_PLAIN           1  /* returns a status that does not exist */
#define TRIP_EMPTY_INPUT     2  /* reads the first byte of an empty input */
#define TRIP_ONE_BYTE        3  /* reads pairs of bytes, and fails when there is none */
#define TRIP_UNALIGNED_INPUT 4  /* traps like a processor that only reads aligned numbers */
#define TRIP_INPUT_BOUNDS    5  /* treats its input as a NUL-terminated string */
#define TRIP_READ_ONLY_INPUT 6  /* marks the end of its input in place */
#define TRIP_RETAINED_INPUT  7  /* reads the previous input, whose address it kept */
#define TRIP_LARGE_INPUT     8  /* copies its input to the stack */
#define TRIP_LENGTHS         9  /* reads past the last block if it has 255 bytes */
#define TRIP_ODD_INPUT       10 /* returns a status that does not exist for input that begins with a NUL */
#define TRIP_MESSAGE_TEXT    11 /* quotes its input in a message */
#define TRIP_MESSAGE_EMPTY   12 /* fails without a message */
#define TRIP_DETERMINISTIC   13 /* declares that it is deterministic, and counts its calls */
#define TRIP_AFTER_FAILURE   14 /* returns a status that does not exist after it failed once */
#define TRIP_ERRNO           15 /* takes an errno that other code has left for its own */
#define TRIP_NESTED_INPUT    16 /* calls itself for each opening parenthesis */

#define TRIP_SAME_AFTER_FAILURE 17 /* fails after it has failed once */
#define TRIP_HEAP               18 /* reads a block that it has freed */
#define TRIP_HEAP_OVERFLOW      19 /* writes one byte past the end of a block, where the heap has nothing */
#define TRIP_HEAP_UNDERFLOW     20 /* reads the byte before a block */

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

/* Reads a byte in a way that the compiler cannot remove. */
static uint8_t look(const uint8_t *at) {
  return *(const volatile uint8_t *)at;
}

static tenon_status copy_on_stack(const uint8_t *in, size_t in_len, tenon_out *out) {
  uint8_t copy[in_len + 1];
  memcpy(copy, in, in_len);
  return tenon_write(out, copy, in_len);
}

/* Returns the depth of parentheses. */
static size_t depth_of(const uint8_t **at, const uint8_t *end) {
  volatile uint8_t frame[256] = {0};
  size_t deepest = frame[0];
  while (*at < end && *(*at)++ == '(') {
    size_t depth = 1 + depth_of(at, end);
    if (depth > deepest) deepest = depth;
  }
  return deepest;
}

/* Uses a block of the heap wrongly. This does no harm: the memory is still there, and belongs to no other block. */
static void misuse_heap(void) {
  uint8_t *volatile block = malloc(20);
  if (block == NULL) return;
  if (TRIP == TRIP_HEAP_OVERFLOW) *(volatile uint8_t *)(block + 20) = 1;
  if (TRIP == TRIP_HEAP_UNDERFLOW) look(block - 1);
  free(block);
  if (TRIP == TRIP_HEAP) look(block);
}

/* Commits the fault. Returns TENON_OK to continue as a sound plugin. */
static tenon_status misbehave(instance *self, const uint8_t *in, size_t in_len, tenon_out *out) {
  static uint8_t calls;
  (void)self, (void)in, (void)in_len, (void)out, (void)look, (void)calls, (void)depth_of, (void)misuse_heap;
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
#elif TRIP == TRIP_ERRNO
  if (errno == ERANGE) return tenon_fail(out, TENON_INVALID, "out of range");
#elif TRIP == TRIP_NESTED_INPUT
  if (in_len > 0) depth_of(&in, in + in_len);
#elif TRIP == TRIP_HEAP || TRIP == TRIP_HEAP_OVERFLOW || TRIP == TRIP_HEAP_UNDERFLOW
  misuse_heap();
#elif TRIP == TRIP_SAME_AFTER_FAILURE
  if (in_len > 1 && in[0] == 0) self->failed = 1;
  if (self->failed) return tenon_fail(out, TENON_INVALID, "the input begins with a NUL");
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
  self->failed = TRIP == TRIP_AFTER_FAILURE && status != TENON_OK;
  return status;
}

#if TRIP == TRIP_DETERMINISTIC
#define FLAGS TENON_DETERMINISTIC
#else
#define FLAGS 0
#endif

TENON_PLUGIN_WITH(TRIP_NAME, "1.0.0", "", FLAGS, make, drop, call, NULL);
