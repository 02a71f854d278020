/* The part of the server that finds methods of kinds. The rules and the words are those of
 * src/tiers/method-table.ts. */
#include <algorithm>

#include "probe/memory.h"
#include "server.h"

namespace tenon {
namespace {

constexpr uint32_t kTableHeader = 8;
constexpr uint32_t kMostMethods = 256;
constexpr uint32_t kLargestTable = kTableHeader + kMostMethods * sizeof(uintptr_t);

}  // namespace

/* The methods of a kind; none if the plugin does not know it, NULL if its table is unusable: then `problem_`
 * is the code of the error and, on the next line, what is wrong. */
const Server::Table *Server::FindTable(const Incoming &request) {
  std::string kind(reinterpret_cast<const char *>(request.bytes), request.record.size);
  auto known = tables_.find(kind);
  if (known != tables_.end()) return &known->second;
  Table table;
  auto get_extension = gates_->vtable().get_extension;
  if (get_extension != nullptr) {
    Mark(Stage::kInExtension, request);
    const void *address = get_extension(kind.c_str());
    Unmark();
    if (address != nullptr && !ReadTable(kind, reinterpret_cast<uintptr_t>(address), &table)) return nullptr;
  }
  return &tables_.emplace(kind, std::move(table)).first->second;
}

bool Server::ReadTable(const std::string &kind, uintptr_t address, Table *table) {
  const std::string what = "The method table '" + kind + "' ";
  problem_ = "ERR_TENON_BAD_VTABLE\n" + what;
  if (address % sizeof(uintptr_t) != 0) {
    problem_ += "is at " + AddressText(address) + ", which is not aligned to 8 bytes";
    return false;
  }
  struct {
    uint32_t size, count;
  } header;
  if (!probe::read_memory(address, &header, sizeof(header))) {
    problem_ = "ERR_TENON_BAD_POINTER\n" + what + "is at " + AddressText(address) + ", which cannot be read";
    return false;
  }
  if (header.size < kTableHeader || header.size > kLargestTable ||
      header.count > (header.size - kTableHeader) / sizeof(uintptr_t)) {
    problem_ += "states " + std::to_string(header.size) + " bytes for " + std::to_string(header.count) +
                " methods, expected 8 + 8 × count, with at most " + std::to_string(kMostMethods) + " methods";
    return false;
  }
  table->resize(header.count);
  if (!probe::read_memory(address + kTableHeader, table->data(), header.count * sizeof(uintptr_t))) {
    problem_ = "ERR_TENON_BAD_POINTER\n" + what + "is at " + AddressText(address) + ", where " +
               std::to_string(header.size) + " bytes cannot be read";
    return false;
  }
  for (size_t slot = 0; slot < table->size(); slot++) {
    uintptr_t method = (*table)[slot];
    if (gates_->image().is_code(method)) continue;
    problem_ += "is unusable: its slot " + std::to_string(slot) + " ";
    problem_ +=
        method == 0 ? "is NULL" : "points to " + AddressText(method) + ", which is no code of the plugin";
    return false;
  }
  return true;
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
