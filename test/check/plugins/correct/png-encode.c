/* png-encode - draws bytes as a PNG, one row of grey pixels for each 64 bytes.
 *
 * INPUT   any bytes, at most 1 MiB.
 * RESULT  the PNG. Without input it has one black pixel. */
#include <png.h>
#include <setjmp.h>

#include "tenon.h"

enum { WIDTH = 64 };

typedef struct sink {
  tenon_out *out;
  tenon_status status;
} sink;

static void write_piece(png_structp png, png_bytep bytes, size_t size) {
  sink *self = png_get_io_ptr(png);
  self->status = tenon_write(self->out, bytes, size);
  if (self->status != TENON_OK) png_error(png, "the output is full");
}

static void flush(png_structp png) {
  (void)png;
}

static void be_silent(png_structp png, const char *message) {
  (void)message;
  png_longjmp(png, 1);
}

static void ignore(png_structp png, const char *message) {
  (void)png, (void)message;
}

static tenon_status encode(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len > 1 << 20) return tenon_fail(out, TENON_INVALID, "the input is larger than 1 MiB");
  sink to = {out, TENON_OK};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, be_silent, ignore);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  if (info == NULL) {
    png_destroy_write_struct(&png, NULL);
    return tenon_fail(out, TENON_NO_MEMORY, "no memory for the encoder");
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    /* Replaces the part that is written already, which is not a message. */
    return to.status != TENON_OK ? tenon_fail(out, to.status, "the output is full")
                                 : tenon_fail(out, TENON_FAILED, "cannot encode the picture");
  }
  png_uint_32 rows = in_len == 0 ? 1 : (png_uint_32)((in_len + WIDTH - 1) / WIDTH);
  png_set_write_fn(png, &to, write_piece, flush);
  png_set_IHDR(png, info, WIDTH, rows, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (png_uint_32 row = 0; row < rows; row++) {
    uint8_t pixels[WIDTH] = {0};
    size_t begin = (size_t)row * WIDTH;
    if (in_len > begin) memcpy(pixels, in + begin, in_len - begin < WIDTH ? in_len - begin : WIDTH);
    png_write_row(png, pixels);
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return TENON_OK;
}

TENON_PLUGIN_WITH("corpus-png-encode", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC,
                  tenon_new_nothing, tenon_drop_nothing, encode, NULL);
