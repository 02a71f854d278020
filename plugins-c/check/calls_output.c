/* calls_output.c - a sound plugin with one fault in its output, selected by TRIP. */
#include <stdlib.h>
#include <string.h>

#include "tenon.h"

#define TRIP_OUTPUT_BOUNDS        1  /* writes far past the capacity, beyond the canary */
#define TRIP_RESERVE_MOVES        2  /* writes to the memory that the output had before `reserve` */
#define TRIP_CAPACITY_ZERO        3  /* writes before it checks whether there is room */
#define TRIP_CAPACITY_ONE         4  /* assumes that room for one byte is enough */
#define TRIP_CAPACITY_EXACT       5  /* terminates its result with a NUL */
#define TRIP_RESERVE_FAILS        6  /* ignores the result of `reserve` */
#define TRIP_TRUNCATED_OUTPUT     7  /* writes as much as fits, and does not report the rest */
#define TRIP_RESERVE_SIZE         8  /* reserves half of the address space */
#define TRIP_UNWRITTEN_OUTPUT     9  /* makes its result longer than what it wrote */
#define TRIP_RETAINED_OUTPUT      10 /* reads the output of the previous call */
#define TRIP_UNINITIALISED_MEMORY 11 /* writes a struct with its padding */
#define TRIP_HEAP_PADDING         12 /* writes a struct on the heap with its padding */
#define TRIP_UNSET_VARIABLE       13 /* does not set a variable on one of its paths */
#define TRIP_RECORD_PADDING       14 /* a method writes a record with its padding */

typedef struct instance {
  tenon_out *last;
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

static void poke(uint8_t *at, uint8_t byte) {
  *(volatile uint8_t *)at = byte;
}

/* A record with three bytes of padding. */
typedef struct entry {
  char type;
  uint32_t size;
} entry;

/* Not inlined, so that the record is in memory. */
static __attribute__((noinline)) void fill(entry *to, size_t size) {
  to->type = 'x';
  to->size = (uint32_t)size;
}

static tenon_status write_entry(tenon_out *out, size_t size) {
#if TRIP == TRIP_HEAP_PADDING
  entry *one = malloc(sizeof *one);
  if (one == NULL) return TENON_NO_MEMORY;
  fill(one, size);
  tenon_status status = tenon_write(out, one, sizeof *one);
  free(one);
  return status;
#else
  entry one;
  fill(&one, size);
  return tenon_write(out, &one, sizeof one);
#endif
}

#if TRIP == TRIP_UNSET_VARIABLE
static tenon_status write_mode(tenon_out *out, size_t size) {
  volatile uint32_t modes[16];
  if (size > 1000) modes[3] = 1;
  return tenon_write(out, modes[3] == 0 ? "off" : "on", modes[3] == 0 ? 3 : 2);
}
#endif

static tenon_status copy(tenon_out *out, const uint8_t *in, size_t in_len) {
#if TRIP == TRIP_RESERVE_MOVES
  uint8_t *data = out->data;
  if (out->capacity < in_len && out->capacity > 1) {
    tenon_status status = out->reserve(out, in_len);
    if (status != TENON_OK) return status;
    poke(data, 0);
  }
#elif TRIP == TRIP_RESERVE_FAILS
  if (out->capacity < in_len && out->reserve(out, in_len) != TENON_OK)
    for (size_t i = 0; i < in_len; i++) poke(out->data + i, in[i]);
#elif TRIP == TRIP_TRUNCATED_OUTPUT
  if (out->capacity < in_len && out->reserve(out, in_len) != TENON_OK) in_len = out->capacity;
#endif
  return tenon_write(out, in, in_len);
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  instance *self = state;
  size_t room = out->capacity;
  (void)self, (void)room, (void)poke;
#if TRIP == TRIP_OUTPUT_BOUNDS
  poke(out->data + room + 100, 0);
#elif TRIP == TRIP_CAPACITY_ZERO
  if (room == 0) poke(out->data, 0);
#elif TRIP == TRIP_CAPACITY_ONE
  if (room == 1) poke(out->data + 1, 0);
#elif TRIP == TRIP_RESERVE_SIZE
  (void)out->reserve(out, SIZE_MAX / 2);
#elif TRIP == TRIP_RETAINED_OUTPUT
  if (self->last != NULL && *(volatile size_t *)&self->last->len > SIZE_MAX / 2) return TENON_FAILED;
  self->last = out;
#endif
  (void)write_entry;
#if TRIP == TRIP_UNINITIALISED_MEMORY || TRIP == TRIP_HEAP_PADDING
  return write_entry(out, in_len);
#elif TRIP == TRIP_UNSET_VARIABLE
  return write_mode(out, in_len);
#endif
  tenon_status status = copy(out, in, in_len);
#if TRIP == TRIP_CAPACITY_EXACT
  if (room == in_len && room > 1) poke(out->data + in_len, 0);
#elif TRIP == TRIP_UNWRITTEN_OUTPUT
  if (out->len < out->capacity) out->len++;
#endif
  return status;
}

#if TRIP == TRIP_RECORD_PADDING
TENON_KIND(trip_1, tenon_method describe;);

static tenon_status describe(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in;
  return write_entry(out, in_len);
}

static const void *extension(const char *id) {
  static const trip_1 table = {TENON_KIND_HEADER(trip_1), describe};
  return strcmp(id, "trip/1") == 0 ? &table : NULL;
}
#define KINDS "trip/1.0.0"
#else
#define KINDS     ""
#define extension NULL
#endif

#if TRIP == TRIP_TRUNCATED_OUTPUT
#define FLAGS TENON_DETERMINISTIC
#else
#define FLAGS 0
#endif

TENON_PLUGIN_WITH(TRIP_NAME, "1.0.0", KINDS, FLAGS, make, drop, call, extension);
