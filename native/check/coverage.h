/* The behaviour of a plugin with an input: the edges that ran, and the values that it compared. A plugin that was built
 * with -fsanitize-coverage reports them by itself; stepping.h finds them for others. */
#ifndef TENON_CHECK_COVERAGE_H
#define TENON_CHECK_COVERAGE_H

#include <stddef.h>
#include <stdint.h>

namespace tenon::check {

/* Two different values that the plugin compared. */
struct Comparison {
  static constexpr size_t kWidest = 32;
  uint32_t size;
  bool number; /* of 1, 2, 4 or 8 bytes, in the order of the processor */
  uint8_t one[kWidest], other[kWidest];
};

/* The record of one run. Edges have a counter each; different edges may share one. */
struct Trace {
  static constexpr size_t kEdges = 1 << 15;
  static constexpr size_t kMostComparisons = 256;
  uint8_t edges[kEdges];
  uint32_t compared;
  Comparison comparisons[kMostComparisons];

  void Count(size_t edge);
  void CompareNumbers(uintptr_t place, uint64_t one, uint64_t other, size_t size);
  void CompareBytes(uintptr_t place, const void *one, const void *other, size_t size);
  void Clear();

 private:
  static constexpr size_t kPlaces = 1024;
  bool HasRoom(uintptr_t place);
  uint8_t
      at_place[kPlaces]; /* comparisons by the place in the code, so that a loop does not fill the record */
};

/* Returns true if the plugin reports its edges, and if it reports its comparisons. */
bool ReportsEdges();
bool ReportsComparisons();

/* The record to which the plugin reports. */
Trace &CurrentTrace();
void SetCurrentTrace(Trace *trace);
/* Sets the address of the library, so that addresses in a record do not depend on it. */
void SetTraceBase(uintptr_t base);

/* Adds the counters that are in the memory of the plugin (inline-8bit-counters) to the record, and clears
 * them. */
void CollectCounters(Trace *trace);

/* Returns a number for an edge between two places in the code. */
size_t EdgeBetween(uintptr_t from, uintptr_t to);

}  // namespace tenon::check

#endif
