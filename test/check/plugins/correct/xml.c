/* xml - parses XML with libxml2. It loads no external entities.
 *
 * INPUT   an XML document.
 * RESULT  the document in canonical spelling: declaration, indented elements, a final newline. */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <pthread.h>

#include "tenon.h"

/* The library must be initialised on one thread. It stays so until the process ends. */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static tenon_status tidy_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                             tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  if (pthread_once(&once, xmlInitParser) != 0) return tenon_fail(error, TENON_FAILED, "cannot start libxml2");
  *state = NULL;
  return TENON_OK;
}

static tenon_status tidy(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len == 0 || in_len > 10000000) return tenon_fail(out, TENON_INVALID, "expected 1 to 10000000 bytes");
  int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS;
  xmlDoc *document = xmlReadMemory((const char *)in, (int)in_len, NULL, NULL, options);
  if (document == NULL) return tenon_fail(out, TENON_INVALID, "the input is not well-formed XML");
  xmlChar *bytes = NULL;
  int size = 0;
  xmlDocDumpFormatMemoryEnc(document, &bytes, &size, "UTF-8", 1);
  tenon_status status = bytes == NULL ? tenon_fail(out, TENON_NO_MEMORY, "no memory for the result")
                                      : tenon_write(out, bytes, (size_t)size);
  xmlFree(bytes);
  xmlFreeDoc(document);
  return status;
}

TENON_PLUGIN_WITH("corpus-xml", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tidy_new,
                  tenon_drop_nothing, tidy, NULL);
