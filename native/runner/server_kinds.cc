/* The lookup of methods of kinds in the server. */
#include <algorithm>
#include <new>

#include "plugin/method_table.h"
#include "runner/server.h"

namespace tenon {
namespace {

/* An exception of the plugin ends the process. It must not pass for a lack of memory of the runner. */
const void *CallExtension(const void *(*get_extension)(const char *), const char *kind) noexcept {
  return get_extension(kind);
}

}  // namespace

void Server::AnswerAboutKind(const Incoming &request) {
  try {
    return request.record.operation == kBind ? Bind(request) : MethodCount(request);
  } catch (const std::bad_alloc &) {
    reply_.Start(0);
    Answer(kExhausted);
  }
}

/* Returns the methods of a kind, or an empty table if the plugin does not have the kind. Returns NULL if its
 * table is unusable; then `problem_` has the error code and, on the next line, what is wrong. */
const Server::Table *Server::FindTable(const Incoming &request) {
  std::string kind(reinterpret_cast<const char *>(request.bytes), request.record.size);
  auto known = tables_.find(kind);
  if (known != tables_.end()) return &known->second;
  Table table;
  auto get_extension = gates_->vtable().get_extension;
  if (get_extension != nullptr) {
    Mark(Stage::kInExtension, request);
    const void *address = CallExtension(get_extension, kind.c_str());
    Unmark();
    if (address != nullptr && !ReadTable(kind, reinterpret_cast<uintptr_t>(address), &table)) return nullptr;
  }
  return &tables_.emplace(kind, std::move(table)).first->second;
}

bool Server::ReadTable(const std::string &kind, uintptr_t address, Table *table) {
  Refusal refusal;
  if (ReadMethodTable(gates_->image(), kind, address, table, &refusal)) return true;
  problem_ = std::string(refusal.code) + "\n" + refusal.message;
  return false;
}

void Server::Bind(const Incoming &request) {
  const Table *table = FindTable(request);
  if (!reply_.Start(table == nullptr ? problem_.size() : 0)) return Answer(kExhausted);
  if (table == nullptr) {
    reply_.Put(0, problem_.data(), problem_.size());
    return Answer(kBadTable);
  }
  if (request.record.detail >= table->size()) return Answer(kMissingKind);
  tenon_method method = reinterpret_cast<tenon_method>((*table)[request.record.detail]);
  size_t index = static_cast<size_t>(std::find(methods_.begin(), methods_.end(), method) - methods_.begin());
  if (index == methods_.size()) methods_.push_back(method);
  answer_.method = static_cast<int32_t>(index) + 1;
  Answer(TENON_OK);
}

void Server::MethodCount(const Incoming &request) {
  const Table *table = FindTable(request);
  if (!reply_.Start(table == nullptr ? problem_.size() : 0)) return Answer(kExhausted);
  if (table == nullptr) {
    reply_.Put(0, problem_.data(), problem_.size());
    return Answer(kBadTable);
  }
  answer_.detail = static_cast<uint32_t>(table->size());
  Answer(TENON_OK);
}

}  // namespace tenon
