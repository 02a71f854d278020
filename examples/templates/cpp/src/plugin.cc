/* A plugin that greets. The config can set the greeting: {"greeting": "Good morning"}. */
#include <string>

#include "tenon.hpp"

namespace {

/* An instance. A tenon::Error that is thrown here is an answer: its message reaches the caller. Any other exception
 * becomes TENON_PANIC, and the host does not call the instance again. */
class Greeter : public tenon::Plugin {
 public:
  /* Reads the config. Anything else than these keys is refused with a message. */
  explicit Greeter(const tenon::New &given) { given.config({tenon::text("greeting", greeting_, 63)}); }

  /* Takes bytes and writes bytes. The host owns both, so no pointer to them may be kept after return. */
  void something(tenon_bytes in, tenon::Output &out) override {
    if (in.len == 0) throw tenon::Error(TENON_INVALID, "the input must name someone to greet");
    out.write(greeting_).write(", ").write(in).write("!");
  }

 private:
  std::string greeting_ = "Hello";
};

}  // namespace

TENON_PLUGIN_CLASS(Greeter, "{{name}}", "1.0.0", TENON_DETERMINISTIC);
