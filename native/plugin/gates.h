/* Gates 6 to 9 of the admission, in this process: open, version, name, vtable. They run functions of the
 * plugin, so they are only for a process that may crash. */
#ifndef TENON_PLUGIN_GATES_H
#define TENON_PLUGIN_GATES_H

#include <stdint.h>

#include <string>

#include "plugin/image.h"
#include "tenon.h"

namespace tenon {

/* The reason why a plugin is refused. */
struct Refusal {
  const char *code = nullptr; /* ERR_TENON_... */
  std::string message;
};

class Gates {
 public:
  /* Runs one gate. Call them in this order, and stop at the first that returns false. */
  bool Open(const char *file);
  bool Version();
  bool Name();
  bool Vtable();

  const Refusal &refusal() const { return refusal_; }
  const std::string &version() const { return version_; }
  const std::string &name() const { return name_; }
  const tenon_plugin &vtable() const { return vtable_; }
  const probe::Image &image() const { return image_; }
  /* An address within the library's code. */
  uintptr_t entry() const { return get_version_; }

 private:
  bool Refuse(const char *code, const std::string &message);
  bool EntryPoint(const char *name, uintptr_t *address);
  bool Stated(const char *function, uintptr_t address, size_t limit, std::string *text);
  bool ReadVtable(uintptr_t address);
  bool CheckRepeats(const char *name, uintptr_t slot, uintptr_t exported, size_t limit,
                    const std::string &expected);

  probe::Image image_;
  Refusal refusal_;
  uintptr_t get_version_ = 0, get_name_ = 0, get_plugin_ = 0;
  std::string version_, name_;
  tenon_plugin vtable_ = {};
};

/* Formats an address: "0x7f...". */
std::string AddressText(uintptr_t address);
/* Quotes bytes of a plugin for use in a message, exactly as `quote` in src/library/statements.ts. */
std::string Quote(const std::string &bytes);

}  // namespace tenon

#endif
