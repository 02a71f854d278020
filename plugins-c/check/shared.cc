/* shared.cc - a sound plugin with a static variable in an inline function that is visible to other libraries. */
#include "tenon.h"

namespace trip {

struct TENON_EXPORT Registry {
  unsigned calls = 0;
  static inline Registry &Get() {
    static Registry registry;
    return registry;
  }
};

}  // namespace trip

static tenon_status call(void *, const uint8_t *in, size_t in_len, tenon_out *out) {
  trip::Registry::Get().calls++;
  return tenon_write(out, in, in_len);
}

TENON_STATELESS_PLUGIN(TRIP_NAME, "1.0.0", call);
