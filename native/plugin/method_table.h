/* The method table of a kind, read from a plugin's memory with care. */
#ifndef TENON_PLUGIN_METHOD_TABLE_H
#define TENON_PLUGIN_METHOD_TABLE_H

#include <stdint.h>

#include <string>
#include <vector>

#include "plugin/gates.h"

namespace tenon {

/* The addresses of the methods; false and `refusal` if the table is unusable. The rules and the words are
 * those of src/tiers/method-table.ts. */
bool ReadMethodTable(const probe::Image &image, const std::string &kind, uintptr_t address,
                     std::vector<uintptr_t> *methods, Refusal *refusal);

}  // namespace tenon

#endif
