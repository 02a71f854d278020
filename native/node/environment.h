/* The state of one Node.js environment (the main thread or a worker): its instances and the memory shared
 * with its JavaScript. Used on the environment's thread only. */
#ifndef TENON_NODE_ENVIRONMENT_H
#define TENON_NODE_ENVIRONMENT_H

#include <node_api.h>

#include <memory>
#include <vector>

#include "node/events.h"
#include "plugin/call.h"
#include "plugin/process_settings.h"

namespace tenon {

/* Indices of the control array, an Int32Array that JavaScript and the calls share. src/tiers/control.ts has
 * the same values. */
enum ControlIndex {
  kOutcome = 0,    /* out: the outcome of the call, see Outcome */
  kLength = 1,     /* out: bytes of output */
  kGrown = 2,      /* out: 1 if the output has outgrown its first memory; `take` copies it */
  kDetail = 3,     /* out: the status of a kBadStatus, the length of a kBadRecord */
  kTarget = 4,     /* in: the binding; out of create and bind: the new one */
  kGeneration = 5, /* in: the binding's generation; out of create and bind: the new one's */
  kChecked = 6,    /* in: 1 if JavaScript has checked the input's memory */
  kProcessed = 7,  /* out of callMany: number of messages processed */
  kControlSize = 16
};

/* A thread-local pointer that is read in a nanosecond. The fastest model takes 8 bytes of the space that
 * glibc reserves for libraries loaded late. Other C libraries reserve none. */
#if defined(__linux__) && defined(__GLIBC__)
#define TENON_THREAD_LOCAL       __thread
#define TENON_THREAD_LOCAL_MODEL __attribute__((tls_model("initial-exec")))
#else
#define TENON_THREAD_LOCAL thread_local
#define TENON_THREAD_LOCAL_MODEL
#endif

constexpr size_t kScratchSize = 16 * 1024;

struct Instance {
  PluginFunctions plugin;
  void *state;
  Condition condition;
  Mailbox *mailbox;
  bool referenced;
  Instance *previous, *next;
  uint32_t first_binding; /* the binding of `something`; the others follow by next_of_instance */
};

/* Memory that does not move while a record method is bound. */
struct RecordMemory {
  uint8_t *input;
  size_t input_size;
  uint8_t *output;
  size_t output_size;
  napi_ref input_buffer, output_buffer;
};

/* A method of an instance. JavaScript refers to it by its index in the table and its generation, so that a
 * stale reference is detected instead of followed. */
struct Binding {
  tenon_method call;
  Instance *instance; /* NULL: not in use */
  RecordMemory *record;
  int32_t generation;
  uint32_t next_of_instance; /* or the next free binding */
};
constexpr uint32_t kNoBinding = 0xffffffff;

class Environment {
 public:
  explicit Environment(napi_env env) : env_(env) {}
  ~Environment();

  /* Creates the shared memory and starts the delivery of events. Returns {control, scratch}, or NULL if
   * Node-API fails. */
  napi_value Open(napi_value dispatch, napi_value defer);

  /* Returns the environment of `env`, or NULL if it was never opened. Takes a nanosecond for the environment
   * that this thread opened last, which in Node.js is always the one in use. */
  static Environment *Of(napi_env env) {
    Environment *current = current_;
    return current != nullptr && current->env_ == env ? current : Lookup(env);
  }

  /* Returns the binding that the control array selects. Returns NULL and sets kOutcome if the binding cannot
   * be called. */
  Binding *Target() {
    uint32_t index = static_cast<uint32_t>(control[kTarget]);
    if (index < bindings_.size()) {
      Binding *binding = &bindings_[index];
      if (binding->generation == control[kGeneration] && binding->instance != nullptr) {
        if (binding->instance->condition == Condition::kLive) return binding;
        control[kOutcome] = static_cast<int32_t>(binding->instance->condition);
        return nullptr;
      }
    }
    control[kOutcome] = kClosed;
    return nullptr;
  }
  /* Returns the instance that the control array selects, in any condition, or NULL if it is closed. */
  Instance *TargetInstance();

  /* Writes the outcome of a call to the control array and disables an instance that violated the contract. */
  void Report(Instance *instance, tenon_status status) {
    int32_t outcome = output.End(status);
    if (outcome != TENON_OK) {
      Trouble(instance, outcome, status);
      return;
    }
    control[kOutcome] = TENON_OK;
    control[kLength] = static_cast<int32_t>(output.length());
    control[kGrown] = output.grown();
  }
  /* Reports a call that did not succeed. The cold part of Report. */
  void Trouble(Instance *instance, int32_t outcome, tenon_status status);

  void Create(const PluginFunctions &plugin, double token, const QueueLimits &limits, const uint8_t *config,
              size_t length);
  /* Creates a binding for a method of `instance` and writes it to the control array. */
  void Bind(Instance *instance, tenon_method call, RecordMemory *record);
  void Close(Instance *instance);
  void SetReferenced(Instance *instance, bool referenced);
  /* Counts the instances that keep the event loop alive for their events: one more, or one less. */
  void CountReference(bool referenced);
  void SetCondition(Instance *instance, Condition condition) { instance->condition = condition; }

  int32_t *control = nullptr;
  uint8_t *scratch = nullptr;
  Output output;
  Delivery delivery;
  /* Between saveSettings and restoreSettings. */
  struct SavedSettings {
    explicit SavedSettings(uint32_t which) : settings(which) {}
    SettingsTurn turn; /* first, because it precedes saving */
    ProcessSettings settings;
  };
  std::unique_ptr<SavedSettings> saved_settings;

 private:
  static void OnTeardown(void *self);
  static Environment *Lookup(napi_env env);
  uint32_t AddBinding(Instance *instance, tenon_method call, RecordMemory *record);
  void FreeBindings(Instance *instance);
  void FreeRecord(RecordMemory *record);
  void Link(Instance *instance);
  void Unlink(Instance *instance);

  static TENON_THREAD_LOCAL Environment *current_ TENON_THREAD_LOCAL_MODEL;

  napi_env env_;
  std::vector<Binding> bindings_;
  uint32_t free_binding_ = kNoBinding;
  Instance *instances_ = nullptr;
  uint32_t referenced_ = 0;
  bool down_ = false;
};

}  // namespace tenon

#endif
