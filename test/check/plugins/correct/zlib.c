/* zlib - checks that an input survives compression: deflates it, inflates the result, and compares both.
 *
 * RESULT  the compressed size and the CRC, two unsigned 32-bit little-endian integers. */
#include <stdlib.h>
#include <zlib.h>

#include "tenon.h"

static tenon_status compare(const uint8_t *in, uLong size, uint8_t *packed, uint8_t *copy, tenon_out *out) {
  uLongf packed_size = compressBound(size), copy_size = size + 1;
  const uint8_t *from = size == 0 ? (const uint8_t *)"" : in;
  if (compress2(packed, &packed_size, from, size, 6) != Z_OK)
    return tenon_fail(out, TENON_FAILED, "cannot compress the input");
  if (uncompress(copy, &copy_size, packed, packed_size) != Z_OK || copy_size != size ||
      memcmp(copy, from, size) != 0)
    return tenon_fail(out, TENON_FAILED, "the compressed input differs");
  uint32_t result[2] = {(uint32_t)packed_size, (uint32_t)crc32(0, from, (uInt)size)};
  return tenon_write(out, result, sizeof result);
}

static tenon_status verify(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len > 100000000) return tenon_fail(out, TENON_INVALID, "the input is larger than 100 million bytes");
  uint8_t *packed = malloc(compressBound(in_len));
  uint8_t *copy = malloc(in_len + 1);
  tenon_status status = packed == NULL || copy == NULL
                            ? tenon_fail(out, TENON_NO_MEMORY, "no memory for a copy")
                            : compare(in, in_len, packed, copy, out);
  free(copy);
  free(packed);
  return status;
}

TENON_PLUGIN_WITH("corpus-zlib", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, verify, NULL);
