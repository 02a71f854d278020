/* A plugin that greets. The config may set the greeting: {"greeting": "Good morning"}. Any function may
 * throw: the macro at the end stops exceptions at the boundary, and the host receives TENON_PANIC with their
 * message. */
#include <stdexcept>
#include <string>
#include <string_view>

#include "tenon.h"

namespace {

/* One instance. */
class Greeter {
 public:
  explicit Greeter(std::string_view config) {
    if (auto greeting = Find(config, "\"greeting\""); greeting.data() != nullptr) greeting_ = greeting;
  }

  std::string Greet(std::string_view whom) const { return greeting_ + ", " + std::string(whom) + "!"; }

 private:
  /* Returns the string after the key in the JSON of the config. A real plugin uses a JSON library. */
  static std::string_view Find(std::string_view json, std::string_view key) {
    size_t at = json.find(key);
    if (at == json.npos) return {};
    at = json.find_first_not_of(" :", at + key.size());
    size_t end = at == json.npos || json[at] != '"' ? json.npos : json.find('"', at + 1);
    std::string_view text = end == json.npos ? std::string_view() : json.substr(at + 1, end - at - 1);
    if (end == json.npos || text.find('\\') != json.npos)
      throw std::invalid_argument("greeting must be a plain string");
    return text;
  }

  std::string greeting_ = "Hello";
};

/* Creates an instance. The config is only borrowed, so the plugin copies what it needs. */
tenon_status Make(const tenon_host *, const uint8_t *config, size_t size, void **state, tenon_out *error) {
  try {
    *state = new Greeter({reinterpret_cast<const char *>(config), size});
    return TENON_OK;
  } catch (const std::invalid_argument &problem) {
    return tenon_fail(error, TENON_INVALID, problem.what());
  }
}

/* Destroys an instance. Called exactly once. */
void Drop(void *state) {
  delete static_cast<Greeter *>(state);
}

/* Does one unit of work: bytes in, bytes out. The host owns both, and the plugin must not keep either after
 * it returns. */
tenon_status Greet(void *state, const uint8_t *in, size_t size, tenon_out *out) {
  if (size == 0) return tenon_fail(out, TENON_INVALID, "the input is empty, expected a name");
  std::string answer = static_cast<const Greeter *>(state)->Greet({reinterpret_cast<const char *>(in), size});
  return tenon_write(out, answer.data(), answer.size());
}

}  // namespace

TENON_PLUGIN_WITH("{{name}}", "1.0.0", "", TENON_DETERMINISTIC, Make, Drop, Greet, NULL);
