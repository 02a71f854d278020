/* A plugin that greets. The config can set the greeting: {"greeting": "Good morning"}. Code can throw
 * exceptions anywhere: the macro at the end catches them, and the host gets TENON_PANIC with the message. */
#include <stdexcept>
#include <string>
#include <string_view>

#include "tenon.h"

namespace {

/* The state of an instance. */
class Greeter {
 public:
  explicit Greeter(std::string_view config) {
    if (auto greeting = Find(config, "\"greeting\""); greeting.data() != nullptr) greeting_ = greeting;
  }

  std::string Greet(std::string_view whom) const { return greeting_ + ", " + std::string(whom) + "!"; }

 private:
  /* Returns the value of a key in the JSON config, or a view without data if the config lacks the key. Throws
   * if the value is not a plain string. A real plugin should use a JSON library. */
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

/* Creates an instance. The config is borrowed until return, so the greeting is copied. */
tenon_status Make(const tenon_host *, const uint8_t *config, size_t size, void **state, tenon_out *error) {
  try {
    *state = new Greeter({reinterpret_cast<const char *>(config), size});
    return TENON_OK;
  } catch (const std::invalid_argument &problem) {
    return tenon_fail(error, TENON_INVALID, problem.what());
  }
}

/* Frees an instance. The host calls it once. */
void Drop(void *state) {
  delete static_cast<Greeter *>(state);
}

/* Takes bytes and writes bytes. The host owns both, so no pointer to them may be kept after return. */
tenon_status Greet(void *state, const uint8_t *in, size_t size, tenon_out *out) {
  if (size == 0) return tenon_fail(out, TENON_INVALID, "the input must name someone to greet");
  std::string answer = static_cast<const Greeter *>(state)->Greet({reinterpret_cast<const char *>(in), size});
  return tenon_write(out, answer.data(), answer.size());
}

}  // namespace

TENON_PLUGIN_WITH("{{name}}", "1.0.0", "", TENON_DETERMINISTIC, Make, Drop, Greet, NULL);
