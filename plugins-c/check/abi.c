/* abi.c - a sound plugin with one fault in what it declares or assumes, selected by TRIP. It writes by hand
 * what the SDK's macro would write, so that each part can be wrong. */
#include <stdio.h>
#include <stdlib.h>

#include "tenon.h"

#define TRIP_LOAD               1
#define TRIP_VERSION            2
#define TRIP_GET_NAME           3
#define TRIP_VTABLE             4
#define TRIP_DESCRIPTOR         5
#define TRIP_FLAGS              6
#define TRIP_KINDS              7
#define TRIP_KIND_TABLES        8
#define TRIP_UNKNOWN_EXTENSIONS 9
#define TRIP_STABLE_STRINGS     10
#define TRIP_CONSTANT_VTABLE    11
#define TRIP_OLDER_HOST         12
#define TRIP_NEWER_HOST         13
#define TRIP_HOST_MEMORY        14
#define TRIP_EXTENSION_BOUNDS   15
#define TRIP_KIND_TABLE_COUNT   16
#define TRIP_COPY_OF_HOST       17

#define IS_CODEC                                                                      \
  (TRIP == TRIP_KINDS || TRIP == TRIP_KIND_TABLES || TRIP == TRIP_KIND_TABLE_COUNT || \
   TRIP == TRIP_UNKNOWN_EXTENSIONS || TRIP == TRIP_EXTENSION_BOUNDS)

#if TRIP == TRIP_DESCRIPTOR
#define STATED_SIZE (sizeof(tenon_plugin) + 8)
#else
#define STATED_SIZE sizeof(tenon_plugin)
#endif

#if TRIP == TRIP_FLAGS
#define PLUGIN_FLAGS (1u << 30)
#else
#define PLUGIN_FLAGS 0
#endif

#if IS_CODEC
#define PLUGIN_KINDS "codec/1.0.0"
#else
#define PLUGIN_KINDS ""
#endif

TENON_EXPORT TENON_DESCRIPTOR_SECTION const tenon_descriptor_t tenon_descriptor = {
    .magic = TENON_DESCRIPTOR_MAGIC,
    .size = sizeof(tenon_descriptor_t),
    .abi_major = TENON_ABI_MAJOR,
    .abi_minor = TENON_ABI_MINOR,
    .abi_patch = TENON_ABI_PATCH,
    .pointer_size = sizeof(void *),
    .endian = 1,
    .vtable_size = STATED_SIZE,
    .flags = PLUGIN_FLAGS,
    .name = TRIP_NAME,
    .version = "1.0.0",
    .kinds = PLUGIN_KINDS,
};

const char *get_version(void) {
#if TRIP == TRIP_VERSION
  return "1.1.0";
#else
  return TENON_ABI_VERSION;
#endif
}

const char *get_name(void) {
#if TRIP == TRIP_GET_NAME
  return "a name";
#elif TRIP == TRIP_STABLE_STRINGS
  static int asked;
  static char name[64];
  (void)snprintf(name, sizeof name, "%s", asked++ < 20 ? TRIP_NAME : "somebody-else");
  return name;
#else
  return TRIP_NAME;
#endif
}

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host, (void)config, (void)config_len, (void)error;
  *state = NULL;
#if TRIP == TRIP_OLDER_HOST
  const uint64_t *next = (const uint64_t *)(const void *)(host + 1);
  if (*(const volatile uint64_t *)next == 1) return tenon_fail(error, TENON_FAILED, "what a host");
#elif TRIP == TRIP_NEWER_HOST
  if (host->size != sizeof *host) return tenon_fail(error, TENON_UNSUPPORTED, "not my host");
#elif TRIP == TRIP_HOST_MEMORY
  ((tenon_host *)host)->reserved = 1;
#elif TRIP == TRIP_COPY_OF_HOST
  tenon_host *copy = malloc(sizeof *copy);
  if (copy == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory");
  *copy = *host;
  *state = copy;
#endif
  return TENON_OK;
}

#if TRIP == TRIP_LOAD
extern void tenon_trip_that_nobody_has(void);
#endif
#if TRIP == TRIP_CONSTANT_VTABLE
#define VTABLE_CONST
static void change_vtable(void);
#else
#define VTABLE_CONST const
#endif

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
#if TRIP == TRIP_LOAD
  tenon_trip_that_nobody_has();
#elif TRIP == TRIP_CONSTANT_VTABLE
  change_vtable();
#elif TRIP == TRIP_COPY_OF_HOST
  const tenon_host *host = state;
  host->log(host, TENON_LOG_DEBUG, "called", 6);
#endif
  return tenon_write(out, in, in_len);
}

#if IS_CODEC
#include "../codec.kind.h"

static const void *get_extension(const char *id) {
#if TRIP == TRIP_KIND_TABLES
  static const codec_1 codec = {TENON_KIND_HEADER(codec_1), call, NULL};
#elif TRIP == TRIP_KIND_TABLE_COUNT
  static const codec_1 codec = {sizeof codec, 3, call, call};
#else
  static const codec_1 codec = {TENON_KIND_HEADER(codec_1), call, call};
#endif
#if TRIP == TRIP_KINDS
  return strcmp(id, "codec/2") == 0 ? &codec : NULL;
#elif TRIP == TRIP_UNKNOWN_EXTENSIONS
  return strncmp(id, "codec/1", 7) == 0 ? &codec : NULL;
#elif TRIP == TRIP_EXTENSION_BOUNDS
  for (size_t i = 0; i < sizeof "codec/1"; i++) {
    if (((const volatile char *)id)[7 - i] != "codec/1"[7 - i]) return NULL;
  }
  return &codec;
#else
  return strcmp(id, "codec/1") == 0 ? &codec : NULL;
#endif
}
#else
#define get_extension NULL
#endif

#if TRIP == TRIP_VTABLE
#define DROP free /* a function of another library */
#elif TRIP == TRIP_COPY_OF_HOST
#define DROP forget
static void forget(void *state) {
  free(state);
}
#else
#define DROP tenon_drop_nothing
#endif

static VTABLE_CONST tenon_plugin plugin = {
    sizeof(tenon_plugin), PLUGIN_FLAGS, get_version, get_name, make, DROP, call, get_extension};

#if TRIP == TRIP_CONSTANT_VTABLE
static void change_vtable(void) {
  plugin.flags = TENON_THREAD_SAFE;
}
#endif

const tenon_plugin *get_plugin(void) {
  return &plugin;
}
