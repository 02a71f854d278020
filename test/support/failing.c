/* failing.c - preloaded into a program, makes one call of the program itself fail: that with the number N of the
 * function in TENON_FAIL ("mmap:3"). Calls that libraries make are left alone, because a plugin is a library.
 * The file in TENON_FAIL_COUNTS receives the number of calls of each function, in entries of 32 bytes. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The name, and the error with which it fails. */
#define FUNCTIONS(DO)         \
  DO(malloc, ENOMEM)          \
  DO(calloc, ENOMEM)          \
  DO(realloc, ENOMEM)         \
  DO(mmap, ENOMEM)            \
  DO(mprotect, ENOMEM)        \
  DO(mincore, EAGAIN)         \
  DO(pthread_create, EAGAIN)  \
  DO(fork, EAGAIN)            \
  DO(pipe, EMFILE)            \
  DO(dup, EMFILE)             \
  DO(dup2, EMFILE)            \
  DO(memfd_create, EMFILE)    \
  DO(opendir, EMFILE)         \
  DO(open, EMFILE)            \
  DO(fopen, EMFILE)           \
  DO(fopen64, EMFILE)         \
  DO(read, EIO)               \
  DO(pread, EIO)              \
  DO(lseek, EIO)              \
  DO(posix_fallocate, ENOSPC) \
  DO(sendfile, ENOSPC)        \
  DO(realpath, ENOMEM)

#define NUMBER(name, error) k_##name,
enum { FUNCTIONS(NUMBER) k_functions };

#define NAME(name, error) #name,
static const char *const names[] = {FUNCTIONS(NAME)};
#define ERROR(name, error) error,
static const int errors[] = {FUNCTIONS(ERROR)};

struct entry {
  char name[24];
  _Atomic uint64_t count;
};

static struct entry own_counts[k_functions];
static struct entry *counts = own_counts;
static uintptr_t program_start, program_end;
static int failing = -1;
static uint64_t failing_number;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

/* Returns the error if this call must fail, otherwise 0. */
static int fails(int function, void *caller) {
  if ((uintptr_t)caller < program_start || (uintptr_t)caller >= program_end) return 0;
  uint64_t number = atomic_fetch_add(&counts[function].count, 1) + 1;
  return function == failing && number == failing_number ? errors[function] : 0;
}

static int find_program(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size, (void)data;
  program_start = UINTPTR_MAX;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
    uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    if (start < program_start) program_start = start;
    if (start + info->dlpi_phdr[i].p_memsz > program_end) program_end = start + info->dlpi_phdr[i].p_memsz;
  }
  return 1; /* the program is the first */
}

static void share_counts(const char *path) {
  long file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || syscall(SYS_ftruncate, file, sizeof own_counts) != 0) abort();
  long shared = syscall(SYS_mmap, 0, sizeof own_counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (shared == -1) abort();
  counts = (struct entry *)shared;
  syscall(SYS_close, file);
  for (int i = 0; i < k_functions; i++) strncpy(counts[i].name, names[i], sizeof counts[i].name - 1);
}

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("TENON_FAIL_COUNTS"), *wanted = getenv("TENON_FAIL");
  if (path != NULL) share_counts(path);
  for (int i = 0; wanted != NULL && i < k_functions; i++) {
    size_t length = strlen(names[i]);
    if (strncmp(wanted, names[i], length) != 0 || wanted[length] != ':') continue;
    failing = i;
    failing_number = strtoull(wanted + length + 1, NULL, 10);
  }
  dl_iterate_phdr(find_program, NULL);
}

void *malloc(size_t size) {
  int error = fails(k_malloc, __builtin_return_address(0));
  return error == 0 ? __libc_malloc(size) : (errno = error, NULL);
}

void *calloc(size_t count, size_t size) {
  int error = fails(k_calloc, __builtin_return_address(0));
  return error == 0 ? __libc_calloc(count, size) : (errno = error, NULL);
}

void *realloc(void *memory, size_t size) {
  int error = fails(k_realloc, __builtin_return_address(0));
  return error == 0 ? __libc_realloc(memory, size) : (errno = error, NULL);
}

/* Defines a function that calls the one of the C library, or returns `failed`. */
#define WRAP(type, name, failed, parameters, arguments)          \
  type name parameters {                                         \
    static type(*_Atomic real) parameters;                       \
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, #name); \
    int error = fails(k_##name, __builtin_return_address(0));    \
    if (error == 0) return real arguments;                       \
    errno = error;                                               \
    return failed;                                               \
  }

WRAP(void *, mmap, MAP_FAILED, (void *address, size_t size, int allowed, int flags, int file, off_t offset),
     (address, size, allowed, flags, file, offset))
WRAP(int, mprotect, -1, (void *address, size_t size, int allowed), (address, size, allowed))
WRAP(int, mincore, -1, (void *address, size_t size, unsigned char *pages), (address, size, pages))
WRAP(int, pthread_create, error,
     (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument),
     (thread, attributes, run, argument))
WRAP(pid_t, fork, -1, (void), ())
WRAP(int, pipe, -1, (int ends[2]), (ends))
WRAP(int, dup, -1, (int file), (file))
WRAP(int, dup2, -1, (int file, int number), (file, number))
WRAP(int, memfd_create, -1, (const char *name, unsigned flags), (name, flags))
WRAP(DIR *, opendir, NULL, (const char *path), (path))
WRAP(FILE *, fopen, NULL, (const char *path, const char *mode), (path, mode))
WRAP(FILE *, fopen64, NULL, (const char *path, const char *mode), (path, mode))
WRAP(ssize_t, read, -1, (int file, void *bytes, size_t size), (file, bytes, size))
WRAP(ssize_t, pread, -1, (int file, void *bytes, size_t size, off_t offset), (file, bytes, size, offset))
WRAP(off_t, lseek, -1, (int file, off_t offset, int from), (file, offset, from))
WRAP(int, posix_fallocate, error, (int file, off_t offset, off_t size), (file, offset, size))
WRAP(ssize_t, sendfile, -1, (int to, int from, off_t *offset, size_t size), (to, from, offset, size))
WRAP(char *, realpath, NULL, (const char *path, char *resolved), (path, resolved))

int open(const char *path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
    __builtin_va_list more;
    __builtin_va_start(more, flags);
    mode = __builtin_va_arg(more, mode_t);
    __builtin_va_end(more);
  }
  int error = fails(k_open, __builtin_return_address(0));
  if (error == 0) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  errno = error;
  return -1;
}
