/* The method table of a kind, copied safely from a plugin's memory. */
#ifndef TENON_PLUGIN_METHOD_TABLE_H
#define TENON_PLUGIN_METHOD_TABLE_H

#include <stdint.h>

#include <string>
#include <vector>

#include "plugin/gates.h"

namespace tenon {

/* Reads the addresses of the methods. Returns false and sets `refusal` if the table is unusable. The rules
 * and messages are those of src/tiers/method-table.ts. */
bool ReadMethodTable(const probe::Image &image, const std::string &kind, uintptr_t address,
                     std::vector<uintptr_t> *methods, Refusal *refusal);

}  // namespace tenon

#endif
