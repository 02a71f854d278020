/* kind.c - a plugin with the kind of parcel.kind.h and at most one fault, selected by TRIP. */
#include "parcel.kind.h"

#define TRIP_FACTS                 1 /* facts about a method that the table does not have */
#define TRIP_FACTS_DOCUMENT        2 /* facts with the hashes of another version than that of the document */
#define TRIP_FACTS_UNLISTED        3 /* facts about a kind that the descriptor does not list */
#define TRIP_SINCE                 4 /* states a version whose methods it does not have */
#define TRIP_RESULTS               5 /* writes a number where its kind has a bool */
#define TRIP_RESULTS_CURSOR        6 /* does the same where a cursor is read */
#define TRIP_HOSTILE_SPANS         7 /* checks only that spans are inside the message */
#define TRIP_HOSTILE_SPANS_OUTSIDE 8 /* calculates the end of a span with 32 bits */
#define TRIP_SOUND                 9
#define TRIP_UNSUPPORTED           10 /* sound, but one method is not supported */
#define TRIP_OLDER                 11 /* sound, and states the version that it has, without facts */

#define IS_OF_1_0 (TRIP == TRIP_FACTS || TRIP == TRIP_SINCE || TRIP == TRIP_OLDER)
#if TRIP == TRIP_OLDER
#define STATED "parcel/1.0.0"
#else
#define STATED PARCEL_1_KIND
#endif

#if TRIP == TRIP_FACTS_DOCUMENT
TENON_KIND_FACTS(parcel_1, tenon_kind_parcel_1, PARCEL_1_KIND, 5, PARCEL_1_DOCUMENT_SIZE, PARCEL_1_DOCUMENT,
                 1, 2, 3, 4, 5);
#elif TRIP != TRIP_SINCE && TRIP != TRIP_OLDER
PARCEL_1_FACTS;
#endif
#if TRIP == TRIP_FACTS_UNLISTED
TENON_KIND_FACTS(letter_1, tenon_kind_letter_1, "letter/1.0.0", 1, 0, "", 1);
#endif

#if TRIP == TRIP_HOSTILE_SPANS
static tenon_status pack(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  enum { FIXED = 48, ITEM = 12 };
  uint32_t spans[4]; /* where the label begins and its length, then the same of the items */
  if (in_len < FIXED) return tenon_fail(out, TENON_INVALID, "the record is too short");
  memcpy(spans, in, sizeof spans);
  if ((uint64_t)spans[0] + spans[1] > in_len || spans[2] + (uint64_t)spans[3] * ITEM > in_len)
    return tenon_fail(out, TENON_INVALID, "a span leads outside the record");
  parcel_pack_out result = {{"", 0}, in[16] != 0};
  return parcel_pack_write(out, &result);
}
#else
static tenon_status pack(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  parcel_pack_in arguments;
  const tenon_status status = parcel_pack_read(in, in_len, &arguments, out);
  if (status != TENON_OK) return status;
#if TRIP == TRIP_RESULTS
  const uint32_t result[] = {0, 0, 100 + (uint32_t)arguments.label.len};
  return tenon_write(out, result, sizeof result);
#else
  parcel_pack_out result = {arguments.label, arguments.fragile};
  return parcel_pack_write(out, &result);
#endif
}
#endif

static tenon_status stops_open(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  parcel_stops_open_in arguments;
  const tenon_status status = parcel_stops_open_read(in, in_len, &arguments, out);
  if (status != TENON_OK) return status;
  parcel_stops_open_out result = {1};
  return parcel_stops_open_write(out, &result);
}

static tenon_status stops_next(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  parcel_stops_next_in arguments;
  const tenon_status status = parcel_stops_next_read(in, in_len, &arguments, out);
  if (status != TENON_OK) return status;
  if (arguments.cursor != 1) return tenon_fail(out, TENON_INVALID, "there is no such cursor");
  const uint32_t result[] = {0, 0, TRIP == TRIP_RESULTS_CURSOR ? 1 + arguments.max : 1};
  return tenon_write(out, result, sizeof result);
}

static tenon_status stops_close(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  parcel_stops_close_in arguments;
  const tenon_status status = parcel_stops_close_read(in, in_len, &arguments, out);
  if (status != TENON_OK) return status;
  return arguments.cursor == 1 ? TENON_OK : tenon_fail(out, TENON_INVALID, "there is no such cursor");
}

#if !IS_OF_1_0
static tenon_status weigh(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  parcel_weigh_out result = {0};
#if TRIP == TRIP_HOSTILE_SPANS_OUTSIDE
  uint32_t span[2]; /* where the list begins, and the number of its elements */
  if (in_len < sizeof span) return tenon_fail(out, TENON_INVALID, "the record is too short");
  memcpy(span, in, sizeof span);
  const uint32_t least = span[1] == 0 ? 0 : sizeof span;
  if (span[0] < least || span[0] % 4 != 0 || (uint32_t)(span[0] + span[1] * 4) > in_len)
    return tenon_fail(out, TENON_INVALID, "the list leads outside the record");
  for (size_t i = 0; i < span[1]; i++) {
    uint32_t grams;
    memcpy(&grams, in + span[0] + i * sizeof grams, sizeof grams);
    result.total += grams;
  }
#elif TRIP == TRIP_UNSUPPORTED
  (void)in, (void)in_len, (void)result;
  return tenon_fail(out, TENON_UNSUPPORTED, "there are no scales");
#else
  parcel_weigh_in arguments;
  const tenon_status status = parcel_weigh_read(in, in_len, &arguments, out);
  if (status != TENON_OK) return status;
  result.total = arguments.grams.len;
#endif
#if TRIP != TRIP_UNSUPPORTED
  return parcel_weigh_write(out, &result);
#endif
}
#endif

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  return tenon_write(out, in, in_len);
}

#if IS_OF_1_0
TENON_KIND(older_1, tenon_method pack; tenon_method stops_open; tenon_method stops_next;
           tenon_method stops_close;);
#endif

static const void *extension(const char *id) {
#if IS_OF_1_0
  static const older_1 table = {TENON_KIND_HEADER(older_1), pack, stops_open, stops_next, stops_close};
#else
  static const parcel_1 table = {
      TENON_KIND_HEADER(parcel_1), pack, stops_open, stops_next, stops_close, weigh};
#endif
  return strcmp(id, PARCEL_1_ID) == 0 ? &table : NULL;
}

TENON_PLUGIN_WITH(TRIP_NAME, "1.0.0", STATED, 0, tenon_new_nothing, tenon_drop_nothing, call, extension);
