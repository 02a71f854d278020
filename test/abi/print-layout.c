/* Prints every number of tenon.h as JSON, as this C compiler sees it. */
#include <stdio.h>

#include "../../plugins-c/math.kind.h"

static int first;

static void begin(const char *name, size_t size, size_t align) {
  printf("%s\n\"%s\":{\"size\":%zu,\"align\":%zu,\"offset\":{", first++ ? "}}," : "{", name, size, align);
}

#define BEGIN(type)     begin(#type, sizeof(type), _Alignof(type))
#define AT(type, name)  printf("\"%s\":%zu,", #name, offsetof(type, name))
#define END(type, name) printf("\"%s\":%zu", #name, offsetof(type, name))
#define VALUE(name)     printf("\"%s\":%lld,", #name, (long long)(name))

static void structs(void) {
  BEGIN(tenon_plugin);
  AT(tenon_plugin, size);
  AT(tenon_plugin, flags);
  AT(tenon_plugin, get_version);
  AT(tenon_plugin, get_name);
  AT(tenon_plugin, new);
  AT(tenon_plugin, drop);
  AT(tenon_plugin, something);
  END(tenon_plugin, get_extension);
  BEGIN(tenon_host);
  AT(tenon_host, size);
  AT(tenon_host, reserved);
  AT(tenon_host, ctx);
  AT(tenon_host, log);
  AT(tenon_host, emit);
  END(tenon_host, get_extension);
  BEGIN(tenon_out);
  AT(tenon_out, data);
  AT(tenon_out, len);
  AT(tenon_out, capacity);
  END(tenon_out, reserve);
  BEGIN(math_1);
  AT(math_1, size);
  AT(math_1, count);
  END(math_1, min);
  BEGIN(math_min_in);
  AT(math_min_in, a);
  END(math_min_in, b);
  BEGIN(math_min_out);
  END(math_min_out, result);
}

static void descriptor(void) {
  BEGIN(tenon_descriptor_t);
  AT(tenon_descriptor_t, magic);
  AT(tenon_descriptor_t, size);
  AT(tenon_descriptor_t, abi_major);
  AT(tenon_descriptor_t, abi_minor);
  AT(tenon_descriptor_t, abi_patch);
  AT(tenon_descriptor_t, pointer_size);
  AT(tenon_descriptor_t, endian);
  AT(tenon_descriptor_t, reserved);
  AT(tenon_descriptor_t, vtable_size);
  AT(tenon_descriptor_t, flags);
  AT(tenon_descriptor_t, reserved2);
  AT(tenon_descriptor_t, name);
  AT(tenon_descriptor_t, version);
  END(tenon_descriptor_t, kinds);
}

static void values(void) {
  static const char magic[8] = TENON_DESCRIPTOR_MAGIC;
  printf("}},\n\"magic\":[");
  for (size_t i = 0; i < sizeof magic; i++) printf("%s%d", i ? "," : "", magic[i]);
  printf("],\n\"values\":{");
  VALUE(TENON_OK);
  VALUE(TENON_FAILED);
  VALUE(TENON_INVALID);
  VALUE(TENON_UNSUPPORTED);
  VALUE(TENON_BUSY);
  VALUE(TENON_NO_MEMORY);
  VALUE(TENON_PANIC);
  VALUE(TENON_POISONED);
  VALUE(TENON_CLOSED);
  VALUE(TENON_THREAD_SAFE);
  VALUE(TENON_SINGLETON);
  VALUE(TENON_DETERMINISTIC);
  VALUE(TENON_LOG_ERROR);
  VALUE(TENON_LOG_WARN);
  VALUE(TENON_LOG_INFO);
  VALUE(TENON_LOG_DEBUG);
  VALUE(TENON_LOG_TRACE);
  const tenon_descriptor_t *none = NULL;
  printf("\"name\":%zu,\"version\":%zu,\"kinds\":%zu,", sizeof none->name, sizeof none->version,
         sizeof none->kinds);
  printf("\"status_size\":%zu},\n\"abi\":\"%d.%d.%d\",\"text\":\"%s\"}\n", sizeof(tenon_status),
         TENON_ABI_MAJOR, TENON_ABI_MINOR, TENON_ABI_PATCH, TENON_ABI_VERSION);
}

int main(void) {
  structs();
  descriptor();
  values();
  return 0;
}
