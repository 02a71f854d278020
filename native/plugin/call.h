/* Calls of a plugin's functions in the host's process, and the evaluation of their outcomes. Shared by the
 * inline and the thread tier. Has no dependency on Node.js. */
#ifndef TENON_PLUGIN_CALL_H
#define TENON_PLUGIN_CALL_H

#include "plugin/output.h"
#include "tenon.h"

namespace tenon {

typedef tenon_status (*NewFunction)(const tenon_host *, const uint8_t *, size_t, void **, tenon_out *);
typedef void (*DropFunction)(void *);
typedef const void *(*ExtensionFunction)(const char *);

/* The functions of a plugin, from the checked copy of its vtable. */
struct PluginFunctions {
  NewFunction make;
  DropFunction drop;
  tenon_method something;
  ExtensionFunction get_extension; /* may be NULL */
};

/* The condition of an instance. Only a live one may be called. */
enum class Condition : int32_t { kLive = 0, kPoisoned = tenon::kPoisoned, kDisabled = tenon::kDisabled };

/* The memory that a plugin gets for an empty input. Unlike NULL, code that does not check the length may read
 * it. */
extern const uint8_t kNothing[16];

/* Returns the final outcome of a call that did not succeed. Checks the message in its output, and poisons or
 * disables an instance that panicked or violated the contract. */
int32_t Judge(const Output &output, int32_t outcome, Condition *condition);

/* A batch in memory: offsets that were checked, and room for as many results. */
struct PackedBatch {
  const int32_t *offsets; /* count + 1 */
  const uint8_t *data;
  int32_t *result_offsets; /* count + 1 */
  int32_t *statuses;       /* count */
  size_t count;
};

/* The end of the loop over a batch. */
struct BatchEnd {
  int32_t outcome;     /* TENON_OK, or the reason for an early end */
  tenon_status detail; /* the status of a kBadStatus */
  size_t processed;    /* number of messages */
  size_t length;       /* bytes of all results, in the block of the output */
};

/* Calls `method` for each message, until a call poisons or disables the instance. The remaining messages get
 * TENON_POISONED. */
BatchEnd CallEach(Output *output, Condition *condition, tenon_method method, void *state,
                  const PackedBatch &batch);

}  // namespace tenon

#endif
