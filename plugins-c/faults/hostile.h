/* hostile.h - the building blocks of the fault libraries: bad memory, bad pointers, and ways to end a
 * process.
 *
 * Every library of this folder is a sound plugin with exactly one fault, selected by compile definitions.
 * FAULT_NAME is the name of the library. The table in test/faults/table.ts says how a host must handle
 * each. */
#ifndef TENON_HOSTILE_H
#define TENON_HOSTILE_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(_WIN32)
#include <io.h>
#include <windows.h>
#else
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "tenon.h"

#if defined(__GNUC__)
#define FAULT_UNUSED __attribute__((unused))
#else
#define FAULT_UNUSED
#endif

/* A canonical address that is not mapped, and one that no supported processor can form. */
#define FAULT_UNMAPPED ((void *)(uintptr_t)0x3a5a5a5a5000)
#define FAULT_GARBAGE  ((void *)(uintptr_t)0xdeadbeefcafef000)

#if defined(_WIN32)
#define FAULT_WRITE(file, text) ((void)!_write(file, text, sizeof text - 1))

FAULT_UNUSED static size_t fault_page_size(void) {
  return 4096;
}
FAULT_UNUSED static void *fault_map(size_t n) {
  return VirtualAlloc(NULL, n, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}
FAULT_UNUSED static int fault_forbid(void *pages, size_t n) {
  DWORD before;
  return VirtualProtect(pages, n, PAGE_NOACCESS, &before) != 0;
}
FAULT_UNUSED static void fault_sleep(void) {
  Sleep(INFINITE);
}
FAULT_UNUSED static void fault_wait(unsigned milliseconds) {
  Sleep(milliseconds);
}
#else
#define FAULT_WRITE(file, text) ((void)!write(file, text, sizeof text - 1))

FAULT_UNUSED static size_t fault_page_size(void) {
  return (size_t)sysconf(_SC_PAGESIZE);
}
FAULT_UNUSED static void *fault_map(size_t n) {
  void *pages = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  return pages == MAP_FAILED ? NULL : pages;
}
FAULT_UNUSED static int fault_forbid(void *pages, size_t n) {
  return mprotect(pages, n, PROT_NONE) == 0;
}
FAULT_UNUSED static void fault_sleep(void) {
  pause();
}
FAULT_UNUSED static void fault_wait(unsigned milliseconds) {
  usleep(milliseconds * 1000);
}
#endif

/* Returns a page that exists but cannot be read. mincore reports it as readable. */
FAULT_UNUSED static void *fault_forbidden_page(void) {
  void *page = fault_map(fault_page_size());
  return page != NULL && fault_forbid(page, fault_page_size()) ? page : NULL;
}

/* Returns `n` writable bytes right before the end of a mapping. Access to one byte more is a segmentation
 * fault. */
FAULT_UNUSED static void *fault_before_the_end(size_t n) {
  size_t page = fault_page_size();
  char *pages = fault_map(2 * page);
  if (pages == NULL || !fault_forbid(pages + page, page)) return NULL;
  return pages + page - n;
}

/* Returns a string of `n` digits without a NUL, at the end of a mapping. */
FAULT_UNUSED static const char *fault_unterminated(size_t n) {
  char *digits = fault_before_the_end(n);
  return digits == NULL ? NULL : memset(digits, '1', n);
}

FAULT_UNUSED static void fault_segfault(void) {
  *(volatile int *)FAULT_UNMAPPED = 1;
}

FAULT_UNUSED static void fault_hang(void) {
  for (;;) fault_sleep(); /* does not use up a processor that the tests share */
}

/* Stores any address in a function slot, which the compiler would refuse. */
FAULT_UNUSED static void fault_set_slot(void *slot, const void *address) {
  memcpy(slot, &address, sizeof address);
}

/* Ends or wedges the process as FAULT_END selects, after writing to both streams, whose output must appear in
 * the report. */
#define FAULT_SEGFAULT 1
#define FAULT_ABORT    2
#define FAULT_EXIT     3
#define FAULT_HANG     4
#ifdef FAULT_END
FAULT_UNUSED static void fault_end(void) {
  static const char out[] = FAULT_NAME " on stdout\n", err[] = FAULT_NAME " on stderr\n";
  FAULT_WRITE(1, out);
  FAULT_WRITE(2, err);
#if FAULT_END == FAULT_SEGFAULT
  fault_segfault();
#elif FAULT_END == FAULT_ABORT
  abort();
#elif FAULT_END == FAULT_EXIT
  exit(0);
#else
  fault_hang();
#endif
}
#endif

/* A sound `something`: the result is the input. */
FAULT_UNUSED static tenon_status fault_echo(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  return tenon_write(out, in, in_len);
}

#endif /* TENON_HOSTILE_H */
