/* Valid inputs for the methods of the kinds of flows (include/tenon_flow.h). These kinds have no document: their
 * methods take plain bytes. */
#ifndef TENON_CHECK_FLOW_INPUTS_H
#define TENON_CHECK_FLOW_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#include <string>

namespace tenon::check {

/* The largest position in the frame of FlowInput. */
constexpr uint64_t kLastPosition = 2;

/* Whether the methods of the kind, besides the first one, may be called only after the first one succeeded. */
bool ConnectsFirst(const std::string &kind);

/* Returns a valid input, or an empty one for kinds and slots that it does not know. */
std::string FlowInput(const std::string &kind, size_t slot);

}  // namespace tenon::check

#endif
