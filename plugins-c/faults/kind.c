/* kind.c - an invalid method table. The plugin itself is sound, and `something` works. */
#include "hostile.h"
#include "../codec.kind.h"

#define KIND_UNMAPPED   1
#define KIND_GARBAGE    2
#define KIND_SLOT_NULL  3
#define KIND_SLOT_DATA  4
#define KIND_HUGE       5 /* counts an absurd number of methods */
#define KIND_TOO_SMALL  6 /* counts more methods than fit into its size */
#define KIND_CUT_OFF    7
#define KIND_MISALIGNED 8

static const void *extension(const char *id) {
  static codec_1 table = {TENON_KIND_HEADER(codec_1), fault_echo, fault_echo};
  if (strcmp(id, "codec/1") != 0) return NULL;
#if FAULT_KIND == KIND_UNMAPPED
  return FAULT_UNMAPPED;
#elif FAULT_KIND == KIND_GARBAGE
  return FAULT_GARBAGE;
#elif FAULT_KIND == KIND_SLOT_NULL
  table.encode = NULL;
#elif FAULT_KIND == KIND_SLOT_DATA
  fault_set_slot(&table.encode, &table);
#elif FAULT_KIND == KIND_HUGE
  table.count = 0x10000000;
  table.size = 0x80000008;
#elif FAULT_KIND == KIND_TOO_SMALL
  table.size = 8;
#elif FAULT_KIND == KIND_CUT_OFF
  void *half = fault_before_the_end(8); /* the header can be read, the slots cannot */
  return half == NULL ? NULL : memcpy(half, &table, 8);
#elif FAULT_KIND == KIND_MISALIGNED
  static _Alignas(8) uint8_t bytes[sizeof table + 8];
  return memcpy(bytes + 4, &table, sizeof table);
#endif
  return &table;
}

TENON_PLUGIN_WITH(FAULT_NAME, "1.0.0", "", 0, tenon_new_nothing, tenon_drop_nothing, fault_echo, extension);
