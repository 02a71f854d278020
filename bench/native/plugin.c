/* The same work as a tenon plugin. Its kind `bench/1` has `min`, with two i32 in and one out. */
#include "tenon.h"
#include "work.h"

static tenon_status sum(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  uint64_t value = work_sum(in, in_len);
  return tenon_write(out, &value, sizeof(value));
}

static tenon_status min(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  int32_t values[2];
  if (in_len != sizeof(values)) return tenon_fail(out, TENON_INVALID, "expected two i32");
  memcpy(values, in, sizeof(values));
  int32_t result = work_min(values[0], values[1]);
  return tenon_write(out, &result, sizeof(result));
}

TENON_KIND(bench_1, tenon_method min;);
static const bench_1 methods = {TENON_KIND_HEADER(bench_1), min};

static const void *extension(const char *id) {
  return strcmp(id, "bench/1") == 0 ? &methods : NULL;
}

TENON_PLUGIN_WITH("bench", "1.0.0", "bench/1.0.0", TENON_THREAD_SAFE, tenon_new_nothing, tenon_drop_nothing,
                  sum, extension);
