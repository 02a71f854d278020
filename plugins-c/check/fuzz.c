/* fuzz.c - a sound plugin with one fault for one input or config among many, selected by TRIP. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tenon.h"

#define FUZZ_INPUT   1 /* crashes for a magic word that is followed by a certain byte */
#define FUZZ_HANG    2 /* never returns for a length of 0 */
#define FUZZ_CONFIG  3 /* has room for a short name only */
#define FUZZ_METHODS 4 /* a method trusts the length in its record */
#define FUZZ_BREACH  5 /* returns a status that does not exist */
#define FUZZ_STATE   6 /* crashes at the third input of a certain form, not at the first */
#define FUZZ_SOUND   7

TENON_KIND(packer_1, tenon_method measure; tenon_method unpack;);

static void crash(void) {
  raise(SIGSEGV);
}

/* Returns whether the input is a box: "BOX" and the number of bytes that follow. */
static int is_box(const uint8_t *in, size_t in_len) {
  return in_len >= 4 && memcmp(in, "BOX", 3) == 0;
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  unsigned *seen = state;
  if (!is_box(in, in_len)) return tenon_fail(out, TENON_INVALID, "no box");
#if TRIP == FUZZ_INPUT
  if (in[3] == 0xff) crash();
#elif TRIP == FUZZ_HANG
  for (volatile size_t at = 4; at < in_len; at += in[3]) { /* a length of 0 never advances */
  }
#elif TRIP == FUZZ_BREACH
  if (in[3] > 200) return 99;
#elif TRIP == FUZZ_STATE
  if (in[3] == 0xff && ++*seen == 3) crash();
#endif
  (void)seen, (void)crash;
  return tenon_write(out, in, in_len);
}

#if TRIP == FUZZ_CONFIG
static void read_name(const uint8_t *config, size_t config_len) {
  static const char key[] = "\"boxName\":\"";
  char name[64];
  const uint8_t *found = config_len == 0 ? NULL : memmem(config, config_len, key, sizeof key - 1);
  if (found == NULL) return;
  const uint8_t *text = found + sizeof key - 1;
  for (volatile char *to = name; text < config + config_len && *text != '"';) *to++ = (char)*text++;
}
#endif

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host;
#if TRIP == FUZZ_CONFIG
  read_name(config, config_len);
#endif
  (void)config, (void)config_len;
  *state = calloc(1, sizeof(unsigned));
  return *state == NULL ? tenon_fail(error, TENON_NO_MEMORY, "no memory") : TENON_OK;
}

static void drop(void *state) {
  free(state);
}

static tenon_status measure(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in;
  return tenon_write(out, &in_len, sizeof in_len);
}

/* Unpacks a record of one byte, the length, and as many bytes. */
static tenon_status unpack(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len == 0) return tenon_fail(out, TENON_INVALID, "no length");
#if TRIP == FUZZ_METHODS
  return tenon_write(out, in + 1, in[0]); /* reads past the input */
#else
  if (in[0] > in_len - 1) return tenon_fail(out, TENON_INVALID, "longer than the record");
  return tenon_write(out, in + 1, in[0]);
#endif
}

static const void *extension(const char *id) {
  static const packer_1 table = {TENON_KIND_HEADER(packer_1), measure, unpack};
  return strcmp(id, "packer/1") == 0 ? &table : NULL;
}

TENON_PLUGIN_WITH(TRIP_NAME, "1.0.0", "packer/1.0.0", 0, make, drop, call, extension);
