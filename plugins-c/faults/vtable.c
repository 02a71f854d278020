/* vtable.c - faults in the result or the behaviour of `get_plugin`.
 *
 * The table is filled in at run time, so that inspection of the file cannot see it: guarded reads must find
 * these faults. (FAULT_STATIC is the exception: a constant table with a missing slot, as a compiler writes it
 * to the file.) */
#include "hostile.h"

#define VTABLE_NULL           1
#define VTABLE_UNMAPPED       2
#define VTABLE_GARBAGE        3
#define VTABLE_MISALIGNED     4
#define VTABLE_SIZE           5 /* FAULT_SIZE */
#define VTABLE_SLOT_NULL      6 /* FAULT_SLOT */
#define VTABLE_SLOT_DATA      7
#define VTABLE_SLOT_HEAP      8
#define VTABLE_SLOT_FOREIGN   9
#define VTABLE_CUT_OFF        10
#define VTABLE_OTHER_VERSION  11
#define VTABLE_OTHER_NAME     12
#define VTABLE_ENDS           13 /* FAULT_END */
#define VTABLE_VERSION_POINTS 14 /* the result of the slot cannot be read, although that of the export can */

const char *get_version(void) {
  return TENON_ABI_VERSION;
}
const char *get_name(void) {
  return FAULT_NAME;
}

FAULT_UNUSED static const char *other_version(void) {
  return "1.0.1";
}
FAULT_UNUSED static const char *other_name(void) {
  return "somebody-else";
}
FAULT_UNUSED static const char *version_nowhere(void) {
  return FAULT_UNMAPPED;
}

#if defined(FAULT_STATIC)

const tenon_plugin *get_plugin(void) {
  static const tenon_plugin plugin = {sizeof plugin,      0,    get_version, get_name, tenon_new_nothing,
                                      tenon_drop_nothing, NULL, NULL};
  return &plugin;
}

#else

static tenon_plugin plugin;

static void fill(void) {
  plugin.size = sizeof plugin;
  plugin.get_version = get_version;
  plugin.get_name = get_name;
  plugin.new = tenon_new_nothing;
  plugin.drop = tenon_drop_nothing;
  plugin.something = fault_echo;
}

const tenon_plugin *get_plugin(void) {
  fill();
#if FAULT_VTABLE == VTABLE_NULL
  return NULL;
#elif FAULT_VTABLE == VTABLE_UNMAPPED
  return FAULT_UNMAPPED;
#elif FAULT_VTABLE == VTABLE_GARBAGE
  return FAULT_GARBAGE;
#elif FAULT_VTABLE == VTABLE_MISALIGNED
  static _Alignas(8) uint8_t bytes[sizeof plugin + 8];
  return memcpy(bytes + 4, &plugin, sizeof plugin);
#elif FAULT_VTABLE == VTABLE_SIZE
  plugin.size = FAULT_SIZE;
#elif FAULT_VTABLE == VTABLE_SLOT_NULL
  plugin.FAULT_SLOT = NULL;
#elif FAULT_VTABLE == VTABLE_SLOT_DATA
  static const char data[64] = "not code";
  fault_set_slot(&plugin.FAULT_SLOT, data);
#elif FAULT_VTABLE == VTABLE_SLOT_HEAP
  fault_set_slot(&plugin.FAULT_SLOT, malloc(64));
#elif FAULT_VTABLE == VTABLE_SLOT_FOREIGN
  /* Code, but of the C library. On Windows the address of its function is that of a jump in this library. */
#if defined(_WIN32)
  FARPROC foreign = GetProcAddress(GetModuleHandleA("kernel32.dll"), "Sleep");
#else
  int (*foreign)(const char *) = puts;
#endif
  memcpy(&plugin.FAULT_SLOT, &foreign, sizeof foreign);
#elif FAULT_VTABLE == VTABLE_CUT_OFF
  void *half = fault_before_the_end(24); /* `size` and the first slots can be read, the rest cannot */
  return half == NULL ? NULL : memcpy(half, &plugin, 24);
#elif FAULT_VTABLE == VTABLE_OTHER_VERSION
  plugin.get_version = other_version;
#elif FAULT_VTABLE == VTABLE_OTHER_NAME
  plugin.get_name = other_name;
#elif FAULT_VTABLE == VTABLE_VERSION_POINTS
  plugin.get_version = version_nowhere;
#else
  fault_end();
#endif
  return &plugin;
}

#endif
