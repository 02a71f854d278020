/* jpeg - draws bytes as a grey JPEG of 64 pixels a row.
 *
 * INPUT   any bytes, at most 1 MiB. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
/* jpeglib.h needs the declarations of stdio.h. */
#include <jpeglib.h>

#include "tenon.h"

enum { WIDTH = 64 };

typedef struct failing {
  struct jpeg_error_mgr manager; /* the first member, so that libjpeg can point to it */
  jmp_buf back;
} failing;

static void give_up(j_common_ptr cinfo) {
  longjmp(((failing *)cinfo->err)->back, 1);
}

static void be_silent(j_common_ptr cinfo) {
  (void)cinfo;
}

static void draw(struct jpeg_compress_struct *jpeg, const uint8_t *in, size_t in_len) {
  jpeg->image_width = WIDTH;
  jpeg->image_height = in_len == 0 ? 1 : (JDIMENSION)((in_len + WIDTH - 1) / WIDTH);
  jpeg->input_components = 1;
  jpeg->in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(jpeg);
  jpeg_start_compress(jpeg, TRUE);
  for (size_t begin = 0; jpeg->next_scanline < jpeg->image_height; begin += WIDTH) {
    uint8_t pixels[WIDTH] = {0};
    if (in_len > begin) memcpy(pixels, in + begin, in_len - begin < WIDTH ? in_len - begin : WIDTH);
    JSAMPROW row = pixels;
    jpeg_write_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_compress(jpeg);
}

static tenon_status encode(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len > 1 << 20) return tenon_fail(out, TENON_INVALID, "the input is larger than 1 MiB");
  struct jpeg_compress_struct jpeg;
  failing errors;
  unsigned char *volatile memory = NULL; /* volatile, because setjmp returns twice */
  unsigned long size = 0;
  jpeg.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = give_up;
  errors.manager.output_message = be_silent;
  if (setjmp(errors.back)) {
    jpeg_destroy_compress(&jpeg);
    free(memory);
    return tenon_fail(out, TENON_FAILED, "cannot encode the picture");
  }
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, (unsigned char **)&memory, &size);
  draw(&jpeg, in, in_len);
  jpeg_destroy_compress(&jpeg);
  tenon_status status = tenon_write(out, memory, size);
  free(memory);
  return status;
}

TENON_PLUGIN_WITH("corpus-jpeg", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, encode, NULL);
