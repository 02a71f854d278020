#include "check/comma_locale.h"

#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace tenon::check {
namespace {

const char *const kInstalled[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "it_IT.UTF-8",
                                  "pt_BR.UTF-8", "nl_NL.UTF-8", "ru_RU.UTF-8", "pl_PL.UTF-8"};
constexpr char kMade[] = "tenon-comma";

bool Use(const char *name) {
  const bool used = setlocale(LC_NUMERIC, name) != nullptr && strcmp(localeconv()->decimal_point, ",") == 0;
  if (!used) setlocale(LC_NUMERIC, "C");
  return used;
}

/* The file of the category LC_NUMERIC, as localedef of glibc writes it (locale/programs/locfile.c): a magic
 * number, the number of values, their offsets and the values: decimal point, separator of thousands, grouping,
 * both characters again as numbers, and the name of the encoding. */
std::string NumericFile() {
  constexpr uint32_t kMagic = 0x20031115 ^ LC_NUMERIC;
  const uint32_t head[] = {kMagic, 6, 32, 34, 36, 40, 44, 48}, wide[] = {',', '.'};
  std::string file(reinterpret_cast<const char *>(head), sizeof(head));
  file += std::string(",\0.\0\x7f\0\0\0", 8);
  file += std::string(reinterpret_cast<const char *>(wide), sizeof(wide));
  return file + std::string("UTF-8\0", 6);
}

/* Makes the locale and uses it. A locale that is in use does not need its files. */
bool UseMade() {
  const char *temporary = getenv("TMPDIR");
  std::string folder = std::string(temporary == nullptr ? "/tmp" : temporary) + "/tenon-locale-XXXXXX";
  if (mkdtemp(&folder[0]) == nullptr) return false;
  const std::string locale = folder + "/" + kMade, file = locale + "/LC_NUMERIC";
  mkdir(locale.c_str(), 0700);
  std::ofstream(file, std::ios::binary) << NumericFile();
  setenv("LOCPATH", folder.c_str(), 1);
  const bool used = Use(kMade);
  unsetenv("LOCPATH"); /* with it the plugin would not find the installed locales */
  unlink(file.c_str());
  rmdir(locale.c_str());
  rmdir(folder.c_str());
  return used;
}

}  // namespace

bool UseCommaLocale() {
  for (const char *name : kInstalled)
    if (Use(name)) return true;
  return UseMade();
}

void UsePointLocale() {
  setlocale(LC_NUMERIC, "C");
}

}  // namespace tenon::check
