// shout - a plugin in C++: ASCII letters in upper case, and an exclamation mark.
//
// An exception must never leave a plugin, because the host may be written in a language without exceptions.
// In C++ the macros of tenon.h put a barrier around every slot. An exception becomes TENON_PANIC with its
// `what()`, and the host poisons the instance, because its state after the exception is unknown. An expected
// error, on the other hand, is a status: TENON_INVALID and a message.
//
// INPUT   a string; a NUL byte in it makes this plugin throw, to show what happens then.
// RESULT  the string, loud.
// CONFIG  any JSON without NUL bytes; its contents are ignored.
#include <memory>
#include <stdexcept>
#include <string>

#include "tenon.h"

namespace {

class Shout {
 public:
  explicit Shout(const std::string &config) {
    if (config.find('\0') != std::string::npos) throw std::invalid_argument("a config with a NUL byte");
  }

  std::string operator()(const std::string &text) {
    if (text.find('\0') != std::string::npos) throw std::runtime_error("cannot shout a NUL byte");
    std::string loud = text;
    for (char &c : loud) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return loud + '!';
  }
};

// Copies a borrowed argument. `in` may be NULL when it is empty.
std::string text_of(const uint8_t *bytes, size_t length) {
  return length == 0 ? std::string() : std::string(reinterpret_cast<const char *>(bytes), length);
}

tenon_status shout_new(const tenon_host *, const uint8_t *config, size_t config_len, void **state,
                       tenon_out *) {
  // Ownership passes to the host only on success: a constructor that throws leaks nothing.
  *state = std::unique_ptr<Shout>(new Shout(text_of(config, config_len))).release();
  return TENON_OK;
}

void shout_drop(void *state) {
  delete static_cast<Shout *>(state);
}

tenon_status shout(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  const std::string loud = (*static_cast<Shout *>(state))(text_of(in, in_len));
  return tenon_write(out, loud.data(), loud.size());
}

}  // namespace

TENON_PLUGIN_WITH("shout", "1.0.0", "", TENON_DETERMINISTIC, shout_new, shout_drop, shout, nullptr);
