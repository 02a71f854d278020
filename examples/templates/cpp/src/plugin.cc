/* A plugin that greets. The config may say how: {"greeting": "Good morning"}. Exceptions may be thrown
 * anywhere: the macro at the end stops them at the boundary, and the host gets TENON_PANIC with their
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
  /* The string behind the key in the JSON of the config; a real plugin uses a JSON library. */
  static std::string_view Find(std::string_view json, std::string_view key) {
    size_t at = json.find(key);
    if (at == json.npos) return {};
    at = json.find_first_not_of(" :", at + key.size());
    size_t end = at == json.npos || json[at] != '"' ? json.npos : json.find('"', at + 1);
    std::string_view text = end == json.npos ? std::string_view() : json.substr(at + 1, end - at - 1);
    if (end == json.npos || text.find('\\') != json.npos)
      throw std::invalid_argument("greeting must be a plain text");
    return text;
  }

  std::string greeting_ = "Hello";
};

/* Makes an instance. The config is only borrowed: what is needed of it is copied. */
tenon_status Make(const tenon_host *, const uint8_t *config, size_t size, void **state, tenon_out *error) {
  try {
    *state = new Greeter({reinterpret_cast<const char *>(config), size});
    return TENON_OK;
  } catch (const std::invalid_argument &problem) {
    return tenon_fail(error, TENON_INVALID, problem.what());
  }
}

/* Ends an instance, exactly once. */
void Drop(void *state) {
  delete static_cast<Greeter *>(state);
}

/* Bytes in, bytes out. The host owns both: nothing of them may be kept after the return. */
tenon_status Greet(void *state, const uint8_t *in, size_t size, tenon_out *out) {
  if (size == 0) return tenon_fail(out, TENON_INVALID, "there is nobody to greet");
  std::string answer = static_cast<const Greeter *>(state)->Greet({reinterpret_cast<const char *>(in), size});
  return tenon_write(out, answer.data(), answer.size());
}

}  // namespace

TENON_PLUGIN_WITH("{{name}}", "1.0.0", "", TENON_DETERMINISTIC, Make, Drop, Greet, NULL);
