/* png-decode - reads a PNG.
 *
 * INPUT   a PNG of at most 16 million pixels.
 * RESULT  width, height and the sum of all samples, three unsigned 64-bit little-endian integers. */
#include <png.h>
#include <stdlib.h>

#include "tenon.h"

static tenon_status decode(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  png_image image = {.version = PNG_IMAGE_VERSION};
  if (in_len == 0 || !png_image_begin_read_from_memory(&image, in, in_len))
    return tenon_fail(out, TENON_INVALID, "the input is not a PNG");
  image.format = PNG_FORMAT_RGBA;
  uint64_t pixels = (uint64_t)image.width * image.height;
  if (pixels > 16000000) {
    png_image_free(&image);
    return tenon_fail(out, TENON_INVALID, "the picture has more than 16 million pixels");
  }
  uint8_t *samples = malloc(PNG_IMAGE_SIZE(image));
  if (samples == NULL) {
    png_image_free(&image);
    return tenon_fail(out, TENON_NO_MEMORY, "no memory for the picture");
  }
  if (!png_image_finish_read(&image, NULL, samples, 0, NULL)) {
    free(samples);
    return tenon_fail(out, TENON_INVALID, "the PNG is damaged");
  }
  uint64_t result[3] = {image.width, image.height, 0};
  for (size_t i = 0; i < PNG_IMAGE_SIZE(image); i++) result[2] += samples[i];
  free(samples);
  return tenon_write(out, result, sizeof result);
}

TENON_PLUGIN_WITH("corpus-png-decode", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC,
                  tenon_new_nothing, tenon_drop_nothing, decode, NULL);
