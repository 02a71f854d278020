/* descriptor.c - a descriptor that is invalid, or that contradicts the plugin. Each definition replaces one
 * field; all others are as the SDK writes them. */
#include "hostile.h"

#ifndef FAULT_MAGIC
#define FAULT_MAGIC TENON_DESCRIPTOR_MAGIC
#endif
#ifndef FAULT_DESCRIPTOR_SIZE
#define FAULT_DESCRIPTOR_SIZE sizeof(tenon_descriptor_t)
#endif
#ifndef FAULT_MAJOR
#define FAULT_MAJOR TENON_ABI_MAJOR
#endif
#ifndef FAULT_PATCH
#define FAULT_PATCH TENON_ABI_PATCH
#endif
#ifndef FAULT_POINTER_SIZE
#define FAULT_POINTER_SIZE sizeof(void *)
#endif
#ifndef FAULT_ENDIAN
#define FAULT_ENDIAN 1
#endif
#ifndef FAULT_VTABLE_SIZE
#define FAULT_VTABLE_SIZE sizeof(tenon_plugin)
#endif
#ifndef FAULT_FLAGS
#define FAULT_FLAGS 0
#endif
#ifndef FAULT_DESCRIPTOR_NAME
#define FAULT_DESCRIPTOR_NAME FAULT_NAME
#endif
#ifndef FAULT_OWN_VERSION
#define FAULT_OWN_VERSION "1.0.0"
#endif
#ifndef FAULT_KINDS
#define FAULT_KINDS ""
#endif

TENON_EXPORT TENON_DESCRIPTOR_SECTION const tenon_descriptor_t tenon_descriptor = {FAULT_MAGIC,
                                                                                   FAULT_DESCRIPTOR_SIZE,
                                                                                   FAULT_MAJOR,
                                                                                   TENON_ABI_MINOR,
                                                                                   FAULT_PATCH,
                                                                                   FAULT_POINTER_SIZE,
                                                                                   FAULT_ENDIAN,
                                                                                   0,
                                                                                   FAULT_VTABLE_SIZE,
                                                                                   FAULT_FLAGS,
                                                                                   0,
                                                                                   FAULT_DESCRIPTOR_NAME,
                                                                                   FAULT_OWN_VERSION,
                                                                                   FAULT_KINDS};

const char *get_version(void) {
  return TENON_ABI_VERSION;
}
const char *get_name(void) {
  return FAULT_NAME;
}

const tenon_plugin *get_plugin(void) {
  static const tenon_plugin plugin = {
      sizeof plugin, 0, get_version, get_name, tenon_new_nothing, tenon_drop_nothing, fault_echo, NULL};
  return &plugin;
}
