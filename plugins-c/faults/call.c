/* call.c - violates the contract of `new` or `something`, or merely reports a failure, without ending the
 * process. */
#include "hostile.h"

#define CALL_STATUS           1 /* `something` returns FAULT_STATUS with a message */
#define CALL_NEW_STATUS       2 /* `new` returns FAULT_STATUS with a message */
#define CALL_NEW_SILENT       3 /* `new` fails without a message */
#define CALL_PAST_LEN         4 /* claims more bytes than fit */
#define CALL_NOT_UTF8         5 /* fails with a message that is not UTF-8 */
#define CALL_PAST_CAPACITY    6 /* writes past the capacity */
#define CALL_IGNORES_RESERVE  7 /* requests too much, is refused, and still writes */
#define CALL_LEAKS            8
#define CALL_SECOND_SEGFAULTS 9
#define CALL_MOVES_DATA       10 /* points `data` to its own memory */

#define REASON "the reason of the failure"

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host, (void)config, (void)config_len, (void)error;
  *state = NULL;
#if FAULT_CALL == CALL_NEW_STATUS
  return tenon_fail(error, FAULT_STATUS, REASON);
#elif FAULT_CALL == CALL_NEW_SILENT
  return TENON_FAILED;
#else
  return TENON_OK;
#endif
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
#if FAULT_CALL == CALL_STATUS
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, FAULT_STATUS, REASON);
#elif FAULT_CALL == CALL_PAST_LEN
  tenon_status status = fault_echo(state, in, in_len, out);
  out->len = out->capacity + 1;
  return status;
#elif FAULT_CALL == CALL_NOT_UTF8
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_FAILED, "caf\xe9 \xc0\x80 \xed\xa0\x80");
#elif FAULT_CALL == CALL_PAST_CAPACITY
  tenon_status status = fault_echo(state, in, in_len, out);
  if (status == TENON_OK) status = out->reserve(out, 64);
  if (status == TENON_OK) memset(out->data + out->capacity, 'X', 8);
  return status;
#elif FAULT_CALL == CALL_IGNORES_RESERVE
  tenon_status status = fault_echo(state, in, in_len, out);
  if (status == TENON_OK) status = out->reserve(out, 64);
  if (status != TENON_OK) return status;
  (void)out->reserve(out, SIZE_MAX / 2);
  memset(out->data + out->capacity, 'X', 8);
  out->len = out->capacity + 8;
  return TENON_OK;
#elif FAULT_CALL == CALL_LEAKS
  char *lost = malloc(1 << 20);
  if (lost == NULL) return TENON_NO_MEMORY;
  memset(lost, 1, 1 << 20); /* untouched pages would not count */
  __asm__ volatile("" : : "r"(lost) : "memory");
  return fault_echo(state, in, in_len, out);
#elif FAULT_CALL == CALL_SECOND_SEGFAULTS
  static int calls;
  if (++calls == 2) fault_segfault();
  return fault_echo(state, in, in_len, out);
#elif FAULT_CALL == CALL_MOVES_DATA
  static uint8_t own[64];
  (void)state, (void)in, (void)in_len;
  out->data = own;
  out->len = out->capacity = sizeof own;
  return TENON_OK;
#else
  return fault_echo(state, in, in_len, out);
#endif
}

TENON_PLUGIN(FAULT_NAME, "1.0.0", make, tenon_drop_nothing, call);
