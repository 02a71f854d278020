/* hostile.h - what the fault libraries are made of: bad memory, bad pointers, and ways to end a process.
 *
 * Every library of this folder is a sound plugin with exactly one fault, chosen by compile definitions;
 * FAULT_NAME is the name of the library. What a host has to make of each is the table in
 * test/faults/table.ts. */
#ifndef TENON_HOSTILE_H
#define TENON_HOSTILE_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tenon.h"

#if defined(__GNUC__)
#define FAULT_UNUSED __attribute__((unused))
#else
#define FAULT_UNUSED
#endif

/* A canonical address at which nothing is mapped, and one that no processor of ours can form. */
#define FAULT_UNMAPPED ((void *)(uintptr_t)0x3a5a5a5a5000)
#define FAULT_GARBAGE  ((void *)(uintptr_t)0xdeadbeefcafef000)

/* One page that exists and cannot be read: mincore calls it readable. */
FAULT_UNUSED static void *fault_forbidden_page(void) {
  void *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
  return page == MAP_FAILED ? NULL : page;
}

/* `n` writable bytes right before the end of a mapping: one byte more is a segmentation fault. */
FAULT_UNUSED static void *fault_before_the_end(size_t n) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) != 0) return NULL;
  return pages + page - n;
}

/* A string of `n` digits that no NUL ends, at the end of a mapping. */
FAULT_UNUSED static const char *fault_unterminated(size_t n) {
  char *digits = fault_before_the_end(n);
  return digits == NULL ? NULL : memset(digits, '1', n);
}

FAULT_UNUSED static void fault_segfault(void) {
  *(volatile int *)FAULT_UNMAPPED = 1;
}

FAULT_UNUSED static void fault_hang(void) {
  for (;;) pause(); /* without burning a processor that the tests share */
}

/* Stores any address in a slot for a function, past the compiler's objections. */
FAULT_UNUSED static void fault_set_slot(void *slot, const void *address) {
  memcpy(slot, &address, sizeof address);
}

/* Ends or wedges the process in the way that FAULT_END names, after saying so: both streams belong into the
 * report. */
#define FAULT_SEGFAULT 1
#define FAULT_ABORT    2
#define FAULT_EXIT     3
#define FAULT_HANG     4
#ifdef FAULT_END
FAULT_UNUSED static void fault_end(void) {
  static const char out[] = FAULT_NAME " on stdout\n", err[] = FAULT_NAME " on stderr\n";
  (void)!write(STDOUT_FILENO, out, sizeof out - 1);
  (void)!write(STDERR_FILENO, err, sizeof err - 1);
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
