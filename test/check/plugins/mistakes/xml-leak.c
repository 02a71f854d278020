/* xml-leak - validates XML with libxml2.
 *
 * MISTAKE  the document of a partly parsed input is not freed when it is not well-formed.
 * FOUND BY resources/failing-calls, in `validate`. */
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "tenon.h"

static tenon_status validate(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len == 0 || in_len > 1000000) return tenon_fail(out, TENON_INVALID, "expected 1 to 1000000 bytes");
  xmlParserCtxt *parser = xmlCreateMemoryParserCtxt((const char *)in, (int)in_len);
  if (parser == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for the parser");
  xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_RECOVER);
  xmlParseDocument(parser);
  if (!parser->wellFormed) {
    xmlFreeParserCtxt(parser); /* does not free parser->myDoc */
    return tenon_fail(out, TENON_INVALID, "the input is not well-formed XML");
  }
  xmlFreeDoc(parser->myDoc);
  xmlFreeParserCtxt(parser);
  return tenon_write(out, "valid", 5);
}

TENON_STATELESS_PLUGIN("xml-leak", "1.0.0", validate);
