#include "check/coverage.h"

#include <string.h>

#include <algorithm>

namespace tenon::check {
namespace {

constexpr uint8_t kMostAtPlace = 6;
constexpr size_t kMostRanges = 64;

/* Counters in the memory of the plugin: one range for each of its objects. */
struct Range {
  uint8_t *start, *end;
  size_t first; /* the edge of the first counter */
};

Trace first_trace;
Trace *current = &first_trace;
uintptr_t trace_base;
Range ranges[kMostRanges];
size_t range_count;
uint32_t last_guard;
bool reports_edges, reports_comparisons;
thread_local uintptr_t last_place;

size_t Mixed(uintptr_t place) {
  return static_cast<size_t>(((place - trace_base) * 0x9e3779b97f4a7c15) >> 40);
}

}  // namespace

void Trace::Count(size_t edge) {
  uint8_t &count = edges[edge % kEdges];
  if (count != UINT8_MAX) count++;
}

bool Trace::HasRoom(uintptr_t place) {
  uint8_t &here = at_place[Mixed(place) % kPlaces];
  if (compared == kMostComparisons || here == kMostAtPlace) return false;
  here++;
  return true;
}

void Trace::CompareNumbers(uintptr_t place, uint64_t one, uint64_t other, size_t size) {
  if (one == other || !HasRoom(place)) return;
  Comparison &entry = comparisons[compared];
  entry.size = static_cast<uint32_t>(size);
  entry.number = true;
  memcpy(entry.one, &one, sizeof(one));
  memcpy(entry.other, &other, sizeof(other));
  compared++;
}

void Trace::CompareBytes(uintptr_t place, const void *one, const void *other, size_t size) {
  size = std::min(size, Comparison::kWidest);
  if (size == 0 || memcmp(one, other, size) == 0 || !HasRoom(place)) return;
  Comparison &entry = comparisons[compared];
  entry.size = static_cast<uint32_t>(size);
  entry.number = false;
  memcpy(entry.one, one, size);
  memcpy(entry.other, other, size);
  compared++;
}

void Trace::Clear() {
  memset(edges, 0, sizeof(edges));
  memset(at_place, 0, sizeof(at_place));
  compared = 0;
}

bool ReportsEdges() {
  return reports_edges;
}

bool ReportsComparisons() {
  return reports_comparisons;
}

Trace &CurrentTrace() {
  return *current;
}

void SetCurrentTrace(Trace *trace) {
  current = trace;
}

void SetTraceBase(uintptr_t base) {
  trace_base = base;
}

size_t EdgeBetween(uintptr_t from, uintptr_t to) {
  return (Mixed(from) >> 1) ^ Mixed(to);
}

void CollectCounters(Trace *trace) {
  for (size_t i = 0; i < range_count; i++) {
    size_t edge = ranges[i].first;
    for (uint8_t *counter = ranges[i].start; counter != ranges[i].end; counter++, edge++) {
      if (*counter == 0) continue;
      trace->edges[edge % Trace::kEdges] = *counter;
      *counter = 0;
    }
  }
}

}  // namespace tenon::check

/* The functions that compilers call in instrumented code. The names and arguments are those of
 * https://clang.llvm.org/docs/SanitizerCoverage.html; gcc has trace-pc and trace-cmp. */

using namespace tenon::check;

#define REPORTS extern "C" __attribute__((visibility("default"))) void
#define PLACE   reinterpret_cast<uintptr_t>(__builtin_return_address(0))

REPORTS __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop) {
  reports_edges = true;
  if (start == stop || *start != 0) return;
  for (uint32_t *guard = start; guard != stop; guard++) *guard = ++last_guard;
}

REPORTS __sanitizer_cov_trace_pc_guard(uint32_t *guard) {
  if (*guard != 0) current->Count(*guard);
}

REPORTS __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop) {
  reports_edges = true;
  for (size_t i = 0; i < range_count; i++) {
    if (ranges[i].start == start) return;
  }
  if (range_count == kMostRanges) return;
  ranges[range_count++] = {start, stop, last_guard + 1};
  last_guard += static_cast<uint32_t>(stop - start);
}

REPORTS __sanitizer_cov_trace_pc() {
  reports_edges = true;
  uintptr_t place = PLACE;
  current->Count(EdgeBetween(last_place, place));
  last_place = place;
}

#define COMPARES(name, type)                                 \
  REPORTS name(type one, type other) {                       \
    reports_comparisons = true;                              \
    current->CompareNumbers(PLACE, one, other, sizeof(one)); \
  }
COMPARES(__sanitizer_cov_trace_cmp1, uint8_t)
COMPARES(__sanitizer_cov_trace_cmp2, uint16_t)
COMPARES(__sanitizer_cov_trace_cmp4, uint32_t)
COMPARES(__sanitizer_cov_trace_cmp8, uint64_t)
COMPARES(__sanitizer_cov_trace_const_cmp1, uint8_t)
COMPARES(__sanitizer_cov_trace_const_cmp2, uint16_t)
COMPARES(__sanitizer_cov_trace_const_cmp4, uint32_t)
COMPARES(__sanitizer_cov_trace_const_cmp8, uint64_t)

/* `cases` has their number, the bits of the value, and the cases. */
REPORTS __sanitizer_cov_trace_switch(uint64_t value, uint64_t *cases) {
  reports_comparisons = true;
  for (uint64_t i = 0; i < cases[0]; i++)
    current->CompareNumbers(PLACE + i, value, cases[2 + i], std::max<size_t>(1, cases[1] / 8));
}

/* These report nothing that is used, but a library cannot be loaded without them. */
REPORTS __sanitizer_cov_pcs_init(const uintptr_t *, const uintptr_t *) {}
REPORTS __sanitizer_cov_bool_flag_init(bool *, bool *) {}
REPORTS __sanitizer_cov_trace_pc_indir(uintptr_t) {}
REPORTS __sanitizer_cov_trace_cmpf(float, float) {}
REPORTS __sanitizer_cov_trace_cmpd(double, double) {}
REPORTS __sanitizer_cov_trace_div4(uint32_t) {}
REPORTS __sanitizer_cov_trace_div8(uint64_t) {}
REPORTS __sanitizer_cov_trace_gep(uintptr_t) {}
