/* brotli - compresses, in pieces of the size that the encoder has ready. */
#include <brotli/encode.h>

#include "tenon.h"

static tenon_status compress_all(BrotliEncoderState *encoder, const uint8_t *in, size_t in_len,
                                 tenon_out *out) {
  while (!BrotliEncoderIsFinished(encoder)) {
    size_t room = 0;
    if (!BrotliEncoderCompressStream(encoder, BROTLI_OPERATION_FINISH, &in_len, &in, &room, NULL, NULL))
      return tenon_fail(out, TENON_FAILED, "Brotli cannot compress the input");
    size_t size = 0;
    const uint8_t *piece = BrotliEncoderTakeOutput(encoder, &size);
    tenon_status status = tenon_write(out, piece, size);
    if (status != TENON_OK) return tenon_fail(out, status, "the output is full");
  }
  return TENON_OK;
}

static tenon_status pack(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  BrotliEncoderState *encoder = BrotliEncoderCreateInstance(NULL, NULL, NULL);
  if (encoder == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for the encoder");
  BrotliEncoderSetParameter(encoder, BROTLI_PARAM_QUALITY, 5);
  tenon_status status = compress_all(encoder, in, in_len, out);
  BrotliEncoderDestroyInstance(encoder);
  return status;
}

TENON_PLUGIN_WITH("corpus-brotli", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, pack, NULL);
