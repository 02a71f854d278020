/* unwinding - the byte of the input at the place that its first byte states.
 *
 * MISTAKE  the vtable is written by hand and has no barrier, so the exception of `at` leaves the plugin.
 * FOUND BY calls/odd-input or calls/plain, in `Pick`. */
#include <string>

#include "tenon.h"

namespace {

tenon_status Pick(void *, const uint8_t *in, size_t in_len, tenon_out *out) {
  std::string bytes(in_len == 0 ? "" : reinterpret_cast<const char *>(in), in_len);
  if (bytes.empty()) return tenon_fail(out, TENON_INVALID, "the input is empty");
  char picked = bytes.at(static_cast<unsigned char>(bytes[0]) % 40);
  return tenon_write(out, &picked, 1);
}

const tenon_plugin kPlugin = {sizeof(tenon_plugin), 0,    get_version, get_name, tenon_new_nothing,
                              tenon_drop_nothing,   Pick, nullptr};

}  // namespace

extern "C" TENON_EXPORT TENON_DESCRIPTOR_SECTION const tenon_descriptor_t tenon_descriptor = {
    TENON_DESCRIPTOR_MAGIC,
    sizeof(tenon_descriptor_t),
    TENON_ABI_MAJOR,
    TENON_ABI_MINOR,
    TENON_ABI_PATCH,
    8,
    1,
    0,
    sizeof(tenon_plugin),
    0,
    0,
    "unwinding",
    "1.0.0",
    ""};
extern "C" TENON_EXPORT const char *get_version(void) {
  return TENON_ABI_VERSION;
}
extern "C" TENON_EXPORT const char *get_name(void) {
  return "unwinding";
}
extern "C" TENON_EXPORT const tenon_plugin *get_plugin(void) {
  return &kPlugin;
}
