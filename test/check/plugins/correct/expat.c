/* expat - counts the elements of an XML document, and finds its greatest depth.
 *
 * RESULT  elements and depth, two unsigned 32-bit little-endian integers. */
#include <expat.h>

#include "tenon.h"

typedef struct counts {
  uint32_t elements, deepest, depth;
} counts;

static void begin(void *data, const XML_Char *name, const XML_Char **attributes) {
  (void)name, (void)attributes;
  counts *self = data;
  self->elements++;
  if (++self->depth > self->deepest) self->deepest = self->depth;
}

static void end(void *data, const XML_Char *name) {
  (void)name;
  ((counts *)data)->depth--;
}

static tenon_status measure(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len > 100000000)
    return tenon_fail(out, TENON_INVALID, "the document is larger than 100 million bytes");
  XML_Parser parser = XML_ParserCreate(NULL);
  if (parser == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for the parser");
  counts found = {0, 0, 0};
  XML_SetUserData(parser, &found);
  XML_SetElementHandler(parser, begin, end);
  enum XML_Status parsed = XML_Parse(parser, in_len == 0 ? "" : (const char *)in, (int)in_len, 1);
  const XML_LChar *why = XML_ErrorString(XML_GetErrorCode(parser));
  XML_ParserFree(parser);
  if (parsed != XML_STATUS_OK) return tenon_fail(out, TENON_INVALID, why);
  return tenon_write(out, &found, 2 * sizeof(uint32_t));
}

TENON_PLUGIN_WITH("corpus-expat", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, measure, NULL);
