/* tenon_facts.h - the facts of a kind. Part of tenon_record.h. */
#ifndef TENON_FACTS_H
#define TENON_FACTS_H

#include "tenon.h"

/* ---- Facts: constant data by which a host reads from the file what the plugin's kind is. ---- */

#define TENON_FACTS_MAGIC \
  { 'T', 'E', 'N', 'O', 'N', 'K', 0, 1 }
#if defined(__APPLE__)
#define TENON_FACTS_SECTION __attribute__((section("__DATA,__tenon_kinds"), used))
#elif defined(_MSC_VER) && !defined(__clang__)
#define TENON_FACTS_SECTION
#else
#define TENON_FACTS_SECTION __attribute__((section(".tenon.kinds"), used))
#endif

/* Defines the facts of a kind. Generated headers wrap it in a macro of their own, NAME_1_FACTS. `SIZE` is that of
 * the string literal DOCUMENT, 0 if the document is left out. The hashes of the slots follow. */
#if defined(__GNUC__)
/* The document may be longer than the 4095 bytes that every C compiler must support. */
#define TENON_LONG_STRINGS \
  _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Woverlength-strings\"")
#define TENON_LONG_STRINGS_END _Pragma("GCC diagnostic pop")
#else
#define TENON_LONG_STRINGS
#define TENON_LONG_STRINGS_END
#endif
/* clang-format off */
#define TENON_KIND_FACTS(TABLE, SYMBOL, KIND, SLOTS, SIZE, DOCUMENT, ...)                                             \
  TENON_LONG_STRINGS                                                                                          \
  typedef struct TABLE##_facts {                                                                              \
    char magic[8];                                                                                            \
    uint32_t size, slots, document_at, document_size;                                                         \
    char kind[64];                                                                                            \
    uint64_t hashes[SLOTS];                                                                                   \
    char document[(SIZE) + 1];                                                                                \
  } TABLE##_facts;                                                                                            \
  TENON_ASSERT(sizeof(KIND) <= 64, "the kind's name and version have at most 63 bytes");                      \
  TENON_DATA TENON_EXPORT TENON_FACTS_SECTION const TABLE##_facts SYMBOL = {                      \
      TENON_FACTS_MAGIC, sizeof(TABLE##_facts), SLOTS,                                                        \
      (SIZE) == 0 ? 0 : (uint32_t)offsetof(TABLE##_facts, document), SIZE, KIND, {__VA_ARGS__}, DOCUMENT};             \
  TENON_LONG_STRINGS_END                                                                                      \
  TENON_ASSERT(1, "so that a semicolon may follow")
/* clang-format on */

#endif /* TENON_FACTS_H */
