/* Uses every macro of the header, in C and in C++. Compiled with all warnings as errors, never run. */
#include "../../plugins-c/codec.kind.h"
#include "../../plugins-c/math.kind.h"

CODEC_1_FACTS;
MATH_1_FACTS;

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)config;
  if (config_len > 0) return tenon_fail(error, TENON_INVALID, "takes no config");
  if (TENON_HAS(host, log)) host->log(host, TENON_LOG_INFO, "made", 4);
  *state = NULL;
  return TENON_OK;
}

static void drop(void *state) {
  (void)state;
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  return tenon_write(out, in, in_len);
}

static const void *extension(const char *id) {
  static const codec_1 codec = {TENON_KIND_HEADER(codec_1), TENON_METHOD(call), TENON_METHOD(call)};
  static const math_1 math = {TENON_KIND_HEADER(math_1), TENON_METHOD(call)};
  if (strcmp(id, MATH_1_ID) == 0) return &math;
  return strcmp(id, CODEC_1_ID) == 0 ? &codec : NULL;
}

TENON_PLUGIN_WITH("everything", "1.2.3", CODEC_1_KIND ";" MATH_1_KIND, TENON_THREAD_SAFE | TENON_SINGLETON,
                  make, drop, call, extension);
