/* tenon.h - the C ABI of tenon plugins, version 1.0.0. This header is the whole ABI.
 *
 * A plugin is a shared library that a host loads. A complete plugin in C, and the command that builds it:
 *
 *     #include "tenon.h"
 *
 *     static tenon_status greet(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
 *       (void)state;
 *       tenon_status status = tenon_write(out, "hello ", 6);
 *       return status != TENON_OK ? status : tenon_write(out, in, in_len);
 *     }
 *
 *     TENON_STATELESS_PLUGIN("greet", "1.0.0", greet);
 *
 *     cc -std=c11 -shared -fPIC -fvisibility=hidden -Iinclude greet.c -o greet.so
 *
 * COMPATIBILITY. The ABI has a semantic version. Within major 1 no released member changes its type, offset,
 * ownership, threading or nullability. Status values are never reused. New members are appended and raise the
 * minor version. A struct that crosses the boundary either starts with its size or is a view that the callee
 * does not keep. Test the size with TENON_HAS before you access a member that 1.0 did not have. Unknown flag
 * bits are ignored. Arguments are scalars and pointers, never structs by value.
 *
 * OWNERSHIP. Memory is freed by the side that allocated it, never across the boundary. Lengths and sizes are
 * in bytes. No exception, panic or longjmp may cross the boundary.
 *
 * THREADS. The tags at the end of comments are part of the contract:
 *     [any-thread]     may be called from any thread at any time while its object is valid;
 *     [one-at-a-time]  never called concurrently for one instance, but not always on the same thread;
 *     [!closed]        never called after `drop` was called.
 *
 * Compiles as C11 and newer, and as C++11 and newer, on 64-bit little-endian platforms. */
#ifndef TENON_H
#define TENON_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __cplusplus
#include <exception>
#endif

/* The version of this header. Unless a plugin states another version, this is also the oldest minor version
 * that has every member the plugin uses. */
#define TENON_ABI_MAJOR   1
#define TENON_ABI_MINOR   0
#define TENON_ABI_PATCH   0
#define TENON_ABI_VERSION "1.0.0"

#if defined(_WIN32)
#define TENON_EXPORT __declspec(dllexport)
#else
#define TENON_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
#define TENON_ASSERT(condition, text) static_assert(condition, text)
#define TENON_NEW_SLOT                new_ /* `new` is a keyword in C++ */
extern "C" {
#else
#define TENON_ASSERT(condition, text) _Static_assert(condition, text)
#define TENON_NEW_SLOT                new
#endif

/* ---- Status: the result of every call of a plugin. Any other value is a violation of the contract. ---- */

typedef int32_t tenon_status;
enum {
  TENON_OK = 0,
  TENON_FAILED = 1,      /* the plugin's own error */
  TENON_INVALID = 2,     /* the input or the config is not acceptable */
  TENON_UNSUPPORTED = 3, /* the operation is not supported */
  TENON_BUSY = 4,        /* back-pressure: nothing was consumed, try again later */
  TENON_NO_MEMORY = 5,   /* an allocation or `reserve` failed */
  TENON_PANIC = 6,       /* an SDK caught a panic or an exception; the instance is poisoned */
  TENON_POISONED = 7,    /* refused: an earlier call of this instance panicked */
  TENON_CLOSED = 8       /* refused: the other side is closed */
};

/* ---- Output: memory of the host that a plugin appends to. ---- */

/* The output of one call. Write at `data[len]`, then add the count to `len`. Most plugins use tenon_write.
 * Owned by the host and valid until the call that received it returns. [one-at-a-time] */
typedef struct tenon_out {
  uint8_t *data;   /* the host's memory; only `reserve` changes it */
  size_t len;      /* bytes written: 0 when a call begins, never more than `capacity` */
  size_t capacity; /* bytes available at `data`; only `reserve` changes it */
  /* Makes room for `additional` bytes after `len`, and may move `data`. Returns TENON_OK, or TENON_NO_MEMORY
   * with everything unchanged. [one-at-a-time] */
  tenon_status (*reserve)(struct tenon_out *out, size_t additional);
} tenon_out;

/* Appends `n` bytes, which are copied. Returns TENON_OK, or TENON_NO_MEMORY with the output unchanged. */
static inline tenon_status tenon_write(tenon_out *out, const void *bytes, size_t n) {
  if (n > out->capacity - out->len) {
    tenon_status status = out->reserve(out, n);
    if (status != TENON_OK) return status;
  }
  if (n != 0) memcpy(out->data + out->len, bytes, n);
  out->len += n;
  return TENON_OK;
}

/* Replaces the output with the message of a failure, a NUL-terminated UTF-8 string, which is copied. Returns
 * `status`, as in `return tenon_fail(out, TENON_INVALID, "why");`. */
static inline tenon_status tenon_fail(tenon_out *out, tenon_status status, const char *message) {
  out->len = 0;
  (void)tenon_write(out, message, strlen(message));
  return status;
}

/* ---- The host, as a plugin sees it ---- */

/* The levels of `log`. */
enum {
  TENON_LOG_ERROR = 0,
  TENON_LOG_WARN = 1,
  TENON_LOG_INFO = 2,
  TENON_LOG_DEBUG = 3,
  TENON_LOG_TRACE = 4
};

/* The services of the host for one instance. Owned by the host and read-only. Valid from `new` until `drop`
 * returns. Pass the pointer that `new` received, not one to a copy. */
typedef struct tenon_host {
  uint32_t size; /* sizeof(tenon_host) when the host was compiled */
  uint32_t reserved;
  void *ctx; /* owned by the host; plugins must not use it */
  /* Sends a UTF-8 message of `len` bytes, which is copied. `level` is one of the TENON_LOG_ values. Never
   * blocks, and drops the message if too many wait. [any-thread] */
  void (*log)(const struct tenon_host *host, int32_t level, const char *message, size_t len);
  /* Sends an event of `len` bytes, which is copied. Threads that the plugin started may call it too. Returns:
   *   TENON_OK           the event is queued; it is discarded if the instance closes before its delivery
   *   TENON_BUSY         the host's bounded queue is full, and nothing was consumed
   *   TENON_NO_MEMORY    the event alone exceeds the queue
   *   TENON_INVALID      `data` is NULL
   *   TENON_CLOSED       the instance is closed
   *   TENON_UNSUPPORTED  this host accepts no events
   * [any-thread] */
  tenon_status (*emit)(const struct tenon_host *host, const uint8_t *data, size_t len);
  /* Returns an extension of the host, or NULL. `id` is NUL-terminated. 1.0 has TENON_ORIGIN. [any-thread] */
  const void *(*get_extension)(const struct tenon_host *host, const char *id);
} tenon_host;

/* The path of the plugin's original file, or NULL: UTF-8, absolute, without links, valid until the process ends.
 * Look for data and for libraries to dlopen next to it; dladdr and $ORIGIN show a private copy. [any-thread] */
#define TENON_ORIGIN "tenon.origin/1"
static inline const char *tenon_origin(const tenon_host *host) {
  return (const char *)host->get_extension(host, TENON_ORIGIN);
}

/* ---- The vtable ---- */

/* The flags of a plugin. */
enum {
  TENON_THREAD_SAFE = 1u << 0,  /* the host may call one instance concurrently */
  TENON_SINGLETON = 1u << 1,    /* at most one instance at a time in one process */
  TENON_DETERMINISTIC = 1u << 2 /* on a fresh instance, equal config and equal input give an equal result */
};

/* The signature of `something` and of every method of a kind. `state` is what `new` stored. `in` has `in_len`
 * bytes and is borrowed until return; it may be NULL only if `in_len` is 0. On TENON_OK `out` holds the
 * result. On failure it holds a UTF-8 message, and the instance stays usable except after TENON_PANIC and
 * TENON_POISONED. [one-at-a-time, !closed] */
typedef tenon_status (*tenon_method)(void *state, const uint8_t *in, size_t in_len, tenon_out *out);

/* The vtable of a plugin. Owned by the plugin, in static storage, and constant. */
typedef struct tenon_plugin {
  uint32_t size;  /* sizeof(tenon_plugin) when the plugin was compiled; the host never reads past it */
  uint32_t flags; /* TENON_THREAD_SAFE and so on; unknown bits are ignored */
  /* Return the same strings as the exported entry points. [any-thread] */
  const char *(*get_version)(void);
  const char *(*get_name)(void);
  /* Creates one instance. `config` is UTF-8 JSON of `config_len` bytes, may be empty, and is borrowed until
   * return. `host` is valid until `drop` returns. On TENON_OK `*state` is the instance; a stateless plugin
   * stores NULL. On failure nothing was created, `drop` is not called, and `error` holds a UTF-8 message.
   * Several instances may be created concurrently. [any-thread] */
  tenon_status (*TENON_NEW_SLOT)(const tenon_host *host, const uint8_t *config, size_t config_len,
                                 void **state, tenon_out *error);
  /* Destroys the instance. Called exactly once for each successful `new`, even if the instance is poisoned.
   * The plugin must join its own threads before it returns. [one-at-a-time, !closed] */
  void (*drop)(void *state);
  /* Does one unit of the plugin's work: bytes in, bytes out. [one-at-a-time, !closed] */
  tenon_method something;
  /* Returns the method table of a kind ("codec/1") or another extension, in static storage. Returns NULL
   * unless it knows exactly this `id`, which is NUL-terminated. The slot may be NULL: no extensions.
   * [any-thread] */
  const void *(*get_extension)(const char *id);
} tenon_plugin;

/* Whether the struct at `p`, a tenon_plugin or tenon_host, was compiled with member `m`. */
#define TENON_HAS(p, m) ((p)->size >= (uint32_t)((const char *)(&(p)->m + 1) - (const char *)(p)))

/* The entry points that a plugin exports, in the order in which a host calls them. They return pointers to
 * static storage. [any-thread] */
TENON_EXPORT const char *get_version(void); /* the ABI version that the plugin was built against: "1.0.0" */
TENON_EXPORT const char *get_name(void);    /* 1 to 63 bytes of [A-Za-z0-9._-] */
TENON_EXPORT const tenon_plugin *get_plugin(void); /* called only after the version was accepted */

/* ---- Kinds: typed plugins. A table has two header members, then methods. New methods are appended. ---- */

/* Declares `struct NAME`, as in `TENON_KIND(codec_1, tenon_method encode; tenon_method decode;);`. */
#define TENON_KIND(NAME, METHODS)                         \
  typedef struct NAME {                                   \
    uint32_t size;  /* sizeof the struct when compiled */ \
    uint32_t count; /* number of methods */               \
    METHODS                                               \
  } NAME
/* The first two members of a table's initialiser: its size in bytes and its number of methods. */
#define TENON_KIND_HEADER(NAME) sizeof(NAME), (uint32_t)((sizeof(NAME) - 8) / sizeof(tenon_method))

/* ---- The descriptor: facts that a host reads from the file's bytes. No pointers, no padding. ---- */

typedef struct tenon_descriptor_t {
  char magic[8]; /* "TENON\0\0\1" */
  uint32_t size; /* sizeof(tenon_descriptor_t) */
  uint32_t abi_major, abi_minor, abi_patch;
  uint8_t pointer_size; /* 8 */
  uint8_t endian;       /* 1: little */
  uint16_t reserved;
  uint32_t vtable_size; /* sizeof(tenon_plugin) */
  uint32_t flags;       /* as in the vtable */
  uint32_t reserved2;
  char name[64];    /* as get_name returns it; strings here are padded with NUL */
  char version[32]; /* the plugin's own semantic version */
  char kinds[256];  /* "codec/1.0.0;connector/1.0.0" */
} tenon_descriptor_t;

/* clang-format off */
#define TENON_DESCRIPTOR_MAGIC {'T', 'E', 'N', 'O', 'N', 0, 0, 1}
/* clang-format on */
#if defined(__APPLE__)
#define TENON_DESCRIPTOR_SECTION __attribute__((section("__DATA,__tenon"), used))
#elif defined(_MSC_VER) && !defined(__clang__)
#pragma section(".tenon", read)
#define TENON_DESCRIPTOR_SECTION __declspec(allocate(".tenon"))
#else
#define TENON_DESCRIPTOR_SECTION __attribute__((section(".tenon"), used))
#endif

/* ---- Layout: the offsets and sizes of this ABI, in bytes. ---- */

#define TENON_AT(type, member, offset) \
  TENON_ASSERT(offsetof(type, member) == offset, #type "." #member " moved")
TENON_ASSERT(sizeof(void *) == 8 && sizeof(size_t) == 8, "tenon plugins are 64-bit");
/* clang-format off */
TENON_AT(tenon_out, data, 0); TENON_AT(tenon_out, len, 8); TENON_AT(tenon_out, capacity, 16);
TENON_AT(tenon_out, reserve, 24); TENON_ASSERT(sizeof(tenon_out) == 32, "tenon_out changed size");
TENON_AT(tenon_host, size, 0); TENON_AT(tenon_host, reserved, 4); TENON_AT(tenon_host, ctx, 8);
TENON_AT(tenon_host, log, 16); TENON_AT(tenon_host, emit, 24); TENON_AT(tenon_host, get_extension, 32);
TENON_ASSERT(sizeof(tenon_host) == 40, "tenon_host changed size");
TENON_AT(tenon_plugin, size, 0); TENON_AT(tenon_plugin, flags, 4); TENON_AT(tenon_plugin, get_version, 8);
TENON_AT(tenon_plugin, get_name, 16); TENON_AT(tenon_plugin, TENON_NEW_SLOT, 24);
TENON_AT(tenon_plugin, drop, 32); TENON_AT(tenon_plugin, something, 40);
TENON_AT(tenon_plugin, get_extension, 48);
TENON_ASSERT(sizeof(tenon_plugin) == 56, "tenon_plugin changed size");
TENON_AT(tenon_descriptor_t, magic, 0); TENON_AT(tenon_descriptor_t, size, 8);
TENON_AT(tenon_descriptor_t, abi_major, 12); TENON_AT(tenon_descriptor_t, abi_minor, 16);
TENON_AT(tenon_descriptor_t, abi_patch, 20); TENON_AT(tenon_descriptor_t, pointer_size, 24);
TENON_AT(tenon_descriptor_t, endian, 25); TENON_AT(tenon_descriptor_t, reserved, 26);
TENON_AT(tenon_descriptor_t, vtable_size, 28); TENON_AT(tenon_descriptor_t, flags, 32);
TENON_AT(tenon_descriptor_t, reserved2, 36); TENON_AT(tenon_descriptor_t, name, 40);
TENON_AT(tenon_descriptor_t, version, 104); TENON_AT(tenon_descriptor_t, kinds, 136);
TENON_ASSERT(sizeof(tenon_descriptor_t) == 392, "tenon_descriptor_t changed size");
/* clang-format on */

#ifdef __cplusplus
} /* extern "C" */
#endif

/* ---- The SDK: one macro at file scope writes the three entry points, the vtable and the descriptor. ----
 *
 *   TENON_STATELESS_PLUGIN("greet", "1.0.0", greet);
 *   TENON_PLUGIN("counter", "1.0.0", counter_new, counter_drop, counter_count);
 *   TENON_PLUGIN_WITH("math", "1.0.0", "math/1.0.0", TENON_THREAD_SAFE, make, drop, call, extension);
 *
 * NAME, VERSION (the plugin's own) and KINDS are string literals. In C++ every slot gets a barrier that turns
 * an exception into TENON_PANIC with its message; the host then poisons the instance. Wrap the methods of a
 * kind's table in TENON_METHOD for the same barrier. */

/* The `new` and `drop` of a stateless plugin. */
static inline tenon_status tenon_new_nothing(const tenon_host *host, const uint8_t *config, size_t config_len,
                                             void **state, tenon_out *error) {
  (void)host, (void)config, (void)config_len, (void)error;
  *state = NULL;
  return TENON_OK;
}
static inline void tenon_drop_nothing(void *state) {
  (void)state;
}

#if defined(__cplusplus) && (defined(__cpp_exceptions) || defined(_CPPUNWIND))
namespace tenon_barrier {
typedef tenon_status (*new_fn)(const tenon_host *, const uint8_t *, size_t, void **, tenon_out *);
typedef void (*drop_fn)(void *);

/* Call only in a catch block. Discards the output from before the throw, which is not a message. */
inline tenon_status caught(tenon_out *out) {
  out->len = 0;
  try {
    throw;
  } catch (const std::exception &e) {
    return tenon_fail(out, TENON_PANIC, e.what());
  } catch (...) {
    return tenon_fail(out, TENON_PANIC, "an exception that is not a std::exception");
  }
}
template <new_fn F>
tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                  tenon_out *error) {
  try {
    return F(host, config, config_len, state, error);
  } catch (...) {
    return caught(error);
  }
}
template <drop_fn F>
void drop(void *state) {
  try {
    F(state);
  } catch (...) { /* `drop` cannot report a failure */
  }
}
template <tenon_method F>
tenon_status method(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  try {
    return F(state, in, in_len, out);
  } catch (...) {
    return caught(out);
  }
}
} /* namespace tenon_barrier */
#define TENON_BARRIER_NEW(F)  tenon_barrier::make<F>
#define TENON_BARRIER_DROP(F) tenon_barrier::drop<F>
#define TENON_METHOD(F)       tenon_barrier::method<F>
#else
#define TENON_BARRIER_NEW(F)  F
#define TENON_BARRIER_DROP(F) F
#define TENON_METHOD(F)       F
#endif

#ifdef __cplusplus
#define TENON_LINKAGE extern "C"
#define TENON_DATA    extern "C"
#else
#define TENON_LINKAGE
#define TENON_DATA
#endif

#define TENON_STATELESS_PLUGIN(NAME, VERSION, SOMETHING) \
  TENON_PLUGIN(NAME, VERSION, tenon_new_nothing, tenon_drop_nothing, SOMETHING)

#define TENON_PLUGIN(NAME, VERSION, NEW, DROP, SOMETHING) \
  TENON_PLUGIN_WITH(NAME, VERSION, "", 0, NEW, DROP, SOMETHING, NULL)

/* clang-format off */
#define TENON_PLUGIN_WITH(NAME, VERSION, KINDS, FLAGS, NEW, DROP, SOMETHING, GET_EXTENSION)                 \
  TENON_ASSERT(sizeof(NAME) > 1 && sizeof(NAME) <= 64, "a plugin's name has 1 to 63 bytes");                \
  TENON_ASSERT(sizeof(VERSION) > 1 && sizeof(VERSION) <= 32, "a plugin's version has 1 to 31 bytes");       \
  TENON_ASSERT(sizeof(KINDS) <= 256, "the list of kinds has at most 255 bytes");                            \
  TENON_DATA TENON_EXPORT TENON_DESCRIPTOR_SECTION const tenon_descriptor_t tenon_descriptor = {            \
      TENON_DESCRIPTOR_MAGIC, sizeof(tenon_descriptor_t), TENON_ABI_MAJOR, TENON_ABI_MINOR, TENON_ABI_PATCH,\
      sizeof(void *), 1, 0, sizeof(tenon_plugin), (FLAGS), 0, NAME, VERSION, KINDS};                        \
  TENON_LINKAGE TENON_EXPORT const char *get_version(void) { return TENON_ABI_VERSION; }                    \
  TENON_LINKAGE TENON_EXPORT const char *get_name(void) { return NAME; }                                    \
  TENON_LINKAGE TENON_EXPORT const tenon_plugin *get_plugin(void) {                                         \
    static const tenon_plugin plugin = {                                                                    \
        sizeof(tenon_plugin), (FLAGS), get_version, get_name, TENON_BARRIER_NEW(NEW),                       \
        TENON_BARRIER_DROP(DROP), TENON_METHOD(SOMETHING), GET_EXTENSION};                                  \
    return &plugin;                                                                                         \
  }                                                                                                         \
  TENON_ASSERT(1, "so that a semicolon may follow")
/* clang-format on */

#endif /* TENON_H */
