/* Calls of a plugin's functions in the host's process, and what the host makes of how they went: the part
 * that the inline and the thread tier share. Knows no Node.js. */
#ifndef TENON_PLUGIN_CALL_H
#define TENON_PLUGIN_CALL_H

#include "plugin/output.h"
#include "tenon.h"

namespace tenon {

typedef tenon_status (*NewFunction)(const tenon_host *, const uint8_t *, size_t, void **, tenon_out *);
typedef void (*DropFunction)(void *);
typedef const void *(*ExtensionFunction)(const char *);

/* The functions of a plugin, from the vtable's checked copy. */
struct PluginFunctions {
  NewFunction make;
  DropFunction drop;
  tenon_method something;
  ExtensionFunction get_extension; /* may be NULL */
};

/* Whether an instance may be called. */
enum class Condition : int32_t { kLive = 0, kPoisoned = tenon::kPoisoned, kDisabled = tenon::kDisabled };

/* What a plugin gets for an empty input: an address that may be read from, unlike NULL, by code that does not
 * check. */
extern const uint8_t kNothing[16];

/* The final outcome of a call that did not succeed, whose output has its message; puts an instance that
 * misbehaved out of use. */
int32_t Judge(const Output &output, int32_t outcome, Condition *condition);

/* A batch in memory: offsets that were checked, and room for as many results. */
struct PackedBatch {
  const int32_t *offsets; /* count + 1 */
  const uint8_t *data;
  int32_t *result_offsets; /* count + 1 */
  int32_t *statuses;       /* count */
  size_t count;
};

/* How the loop over a batch ended. */
struct BatchEnd {
  int32_t outcome;     /* TENON_OK, or why it stopped early */
  tenon_status detail; /* the status of a kBadStatus */
  size_t processed;    /* messages */
  size_t length;       /* bytes of all results, in the block of the output */
};

/* Calls `method` for each message, until one of them puts the instance out of use. The rest gets
 * TENON_POISONED. */
BatchEnd CallEach(Output *output, Condition *condition, tenon_method method, void *state,
                  const PackedBatch &batch);

}  // namespace tenon

#endif
