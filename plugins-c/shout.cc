// shout - a plugin in C++: ASCII letters in upper case, and an exclamation mark.
//
// An exception must never leave a plugin, because the host may be written in a language without exceptions. An
// expected error is a tenon::Error, whose status and message are the result. Any other exception becomes
// TENON_PANIC with its `what()`, and the host poisons the instance, because its state after it is unknown.
//
// INPUT   a string; a NUL byte in it makes this plugin throw, to show what happens then.
// RESULT  the string, loud.
// CONFIG  any JSON without NUL bytes; its contents are ignored.
#include <stdexcept>
#include <string>

#include "tenon.hpp"

namespace {

class Shout : public tenon::Plugin {
 public:
  explicit Shout(const tenon::New &given) {
    if (given.json.find('\0') != given.json.npos) throw std::invalid_argument("a config with a NUL byte");
  }

  void something(tenon_bytes in, tenon::Output &out) override {
    std::string loud(tenon::view(in));
    if (loud.find('\0') != loud.npos) throw std::runtime_error("cannot shout a NUL byte");
    for (char &c : loud) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    out.write(loud).write("!");
  }
};

}  // namespace

TENON_PLUGIN_CLASS(Shout, "shout", "1.0.0", TENON_DETERMINISTIC);
