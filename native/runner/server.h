/* The runner's loop: it reads requests, calls the plugin, and answers. One thread, one request at a time. */
#ifndef TENON_RUNNER_SERVER_H
#define TENON_RUNNER_SERVER_H

#include <string>
#include <unordered_map>
#include <vector>

#include "channel/link.h"
#include "plugin/gates.h"
#include "runner/reply.h"
#include "tenon.h"

namespace tenon {

class Server {
 public:
  /* Both must outlive the server. */
  Server(HostLink *channel, const Gates *gates, size_t longest_answer)
      : channel_(channel), gates_(gates), reply_(channel, longest_answer) {}

  /* Serves until kShutdown and returns true. Returns false if the host violated the protocol. */
  bool Run();

 private:
  struct Instance {
    void *state;
    int32_t condition; /* 0, kPoisoned or kDisabled */
  };
  using Table = std::vector<uintptr_t>;

  void Handle(const Incoming &request);
  void Skip(const Incoming &request);
  void New(const Incoming &request);
  void Call(const Incoming &request);
  void Batch(const Incoming &request);
  void Drop(const Incoming &request);
  void AnswerAboutKind(const Incoming &request);
  void Bind(const Incoming &request);
  void MethodCount(const Incoming &request);

  Instance *AddInstance(uint32_t number);
  Instance *FindInstance(const Incoming &request);
  tenon_method FindMethod(int32_t method) const;
  int32_t Finish(Instance *instance, tenon_status status, uint64_t expected);
  uint32_t BatchLoop(Instance *instance, tenon_method method, const Incoming &request, uint32_t count);
  const Table *FindTable(const Incoming &request);
  bool ReadTable(const std::string &kind, uintptr_t address, Table *table);
  void DropInstance(uint32_t number, const Instance &instance);

  void Mark(Stage stage, const Incoming &request);
  void Unmark();
  void Answer(int32_t status);

  HostLink *channel_;
  const Gates *gates_;
  Reply reply_;
  Record answer_ = {};
  std::unordered_map<uint32_t, Instance> instances_;
  Instance *last_ = nullptr; /* the last result of FindInstance */
  uint32_t last_number_ = 0;
  uint32_t numbers_ = 0;
  uint64_t calls_ = 0;                /* requests kCall and kBatch so far */
  std::vector<tenon_method> methods_; /* method n + 1; 0 is `something` */
  std::unordered_map<std::string, Table> tables_;
  std::string problem_; /* what is wrong with the table that FindTable refused */
};

}  // namespace tenon

#endif
