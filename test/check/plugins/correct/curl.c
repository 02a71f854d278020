/* curl - resolves references against a URL with libcurl. It never opens a connection.
 *
 * INPUT   a reference such as "../a?b", at most 4096 bytes.
 * RESULT  the URL that it means on https://example.org/folder/page. */
#include <curl/curl.h>
#include <stdlib.h>

#include "tenon.h"

static tenon_status resolve(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len > 4096) return tenon_fail(out, TENON_INVALID, "the reference is longer than 4096 bytes");
  char *reference = malloc(in_len + 1);
  CURLU *url = curl_url();
  char *result = NULL;
  tenon_status status = TENON_NO_MEMORY;
  if (reference != NULL && url != NULL) {
    if (in_len != 0) memcpy(reference, in, in_len);
    reference[in_len] = '\0';
    status = TENON_INVALID;
    if (curl_url_set(url, CURLUPART_URL, "https://example.org/folder/page", 0) == CURLUE_OK &&
        curl_url_set(url, CURLUPART_URL, reference, CURLU_URLENCODE) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_URL, &result, 0) == CURLUE_OK)
      status = tenon_write(out, result, strlen(result));
    else
      (void)tenon_fail(out, status, "the reference is not valid");
  }
  curl_free(result);
  curl_url_cleanup(url);
  free(reference);
  return status;
}

TENON_PLUGIN_WITH("corpus-curl", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, resolve, NULL);
