/* state.c - a plugin with the kind state/1 and at most one fault, selected by TRIP. It counts calls and bytes, and
 * remembers the lengths of the last inputs. */
#include <stdlib.h>
#include <unistd.h>

#include "../state.kind.h"

#define TRIP_SAVE            1  /* save begins to count from 0 again */
#define TRIP_SAVE_GROWS      2  /* the state has one byte more for each save */
#define TRIP_SAVE_ONCE       3  /* save works only once */
#define TRIP_SAVE_FORMAT     4  /* each second save returns another format */
#define TRIP_SAVE_HALF       5  /* each second save leaves out the number of bytes */
#define TRIP_RESTORE         6  /* restore forgets the number of bytes */
#define TRIP_RESTORE_REFUSES 7  /* restore refuses a state in which there were calls */
#define TRIP_RESTORE_PROCESS 8  /* the state can only be restored in the process that saved it */
#define TRIP_DAMAGED         9  /* accepts data that was cut off */
#define TRIP_DAMAGED_FORMAT  10 /* ignores the format */
#define TRIP_DAMAGED_LENGTH  11 /* reads as many bytes as the data says */
#define TRIP_DAMAGED_STATUS  12 /* refuses damaged data with another status */
#define TRIP_DAMAGED_LATER   13 /* the next call trusts a number in the data */
/* These have no fault. */
#define TRIP_SOUND             14
#define TRIP_SOUND_TEXT        15 /* all bytes are a state: it is the last input */
#define TRIP_SOUND_SERIAL      16 /* the state contains a number that is another one each time */
#define TRIP_SOUND_UNSUPPORTED 17 /* save and restore are not supported */

STATE_1_FACTS;

enum { FORMAT = 7, LAST = 8, MOST = 256 };

/* The beginning of the data: `newest` of the lengths follow. */
typedef struct counts {
  uint32_t calls, bytes, newest, process;
} counts;

typedef struct counter {
  counts now;
  uint32_t lengths[LAST];
  uint32_t saves;
  uint8_t text[MOST];
  size_t text_len;
} counter;

static tenon_status counter_new(const tenon_host *host, const uint8_t *config, size_t config_len,
                                void **state, tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  *state = calloc(1, sizeof(counter));
  return *state == NULL ? tenon_fail(error, TENON_NO_MEMORY, "no memory") : TENON_OK;
}

static void counter_drop(void *state) {
  free(state);
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  counter *self = state;
#if TRIP == TRIP_SOUND_TEXT
  const tenon_status status = tenon_write(out, self->text, self->text_len);
  self->text_len = in_len < MOST ? in_len : MOST;
  if (self->text_len != 0) memcpy(self->text, in, self->text_len);
  return status;
#else
  (void)in;
  self->now.calls++;
  self->now.bytes += (uint32_t)in_len;
  self->lengths[self->now.newest++] = (uint32_t)in_len;
  if (self->now.newest == LAST) self->now.newest = 0;
  uint32_t result[] = {self->now.calls, self->now.bytes, 0};
  for (uint32_t i = 0; i < self->now.newest; i++) result[2] += self->lengths[i];
  return tenon_write(out, result, sizeof result);
#endif
}

/* Writes what the state contains. Returns its length. */
static size_t write_data(counter *self, uint8_t *data) {
#if TRIP == TRIP_SOUND_TEXT
  if (self->text_len != 0) memcpy(data, self->text, self->text_len);
  return self->text_len;
#else
  counts head = self->now;
  if (TRIP == TRIP_SAVE_HALF && self->saves % 2 == 0) head.bytes = 0;
  if (TRIP == TRIP_RESTORE_PROCESS) head.process = (uint32_t)getpid();
  if (TRIP == TRIP_SOUND_SERIAL) head.process = self->saves;
  const size_t rest = head.newest * sizeof *self->lengths;
  memcpy(data, &head, sizeof head);
  memcpy(data + sizeof head, self->lengths, rest);
  return sizeof head + rest + (TRIP == TRIP_SAVE_GROWS ? self->saves : 0);
#endif
}

static tenon_status save(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  counter *self = state;
  const tenon_status status = state_save_read(in, in_len, out);
  if (status != TENON_OK) return status;
  if (TRIP == TRIP_SOUND_UNSUPPORTED) return tenon_fail(out, TENON_UNSUPPORTED, "there is nothing to save");
  if (TRIP == TRIP_SAVE_ONCE && self->saves > 0) return tenon_fail(out, TENON_FAILED, "it was saved before");
  if (self->saves < MOST) self->saves++;
  uint8_t data[sizeof *self + MOST] = {0};
  const bool other = TRIP == TRIP_SAVE_FORMAT && self->saves % 2 == 0;
  const state_save_out result = {FORMAT + other, {data, write_data(self, data)}};
  if (TRIP == TRIP_SAVE) self->now.calls = self->now.bytes = 0;
  return state_save_write(out, &result);
}

#if TRIP != TRIP_SOUND_TEXT
/* Returns whether the data has the length that it says. */
static bool is_complete(const counts *head, size_t len) {
  if (TRIP == TRIP_DAMAGED_LATER && head->newest >= LAST) return true;
  if (head->newest >= LAST) return false;
  const size_t expected = sizeof *head + head->newest * sizeof(uint32_t);
  if (TRIP == TRIP_SAVE_GROWS) return len >= expected && len <= expected + MOST;
  if (TRIP == TRIP_DAMAGED || TRIP == TRIP_DAMAGED_LENGTH) return len <= expected;
  return len == expected;
}
#endif

static tenon_status read_data(counter *self, tenon_bytes data, tenon_out *out) {
#if TRIP == TRIP_SOUND_TEXT
  if (data.len > MOST) return tenon_fail(out, TENON_INVALID, "the text is too long");
  if (data.len != 0) memcpy(self->text, data.data, data.len);
  self->text_len = data.len;
#else
  const tenon_status invalid = TRIP == TRIP_DAMAGED_STATUS ? TENON_FAILED : TENON_INVALID;
  counts head;
  if (data.len < sizeof head) return tenon_fail(out, invalid, "the data is too short");
  memcpy(&head, data.data, sizeof head);
  if (!is_complete(&head, data.len)) return tenon_fail(out, invalid, "the data has another length");
  if (TRIP == TRIP_RESTORE_REFUSES && head.calls > 0) return tenon_fail(out, invalid, "there were calls");
  if (TRIP == TRIP_RESTORE_PROCESS && head.process != (uint32_t)getpid()) return TENON_OK;
  size_t rest = head.newest < LAST ? head.newest * sizeof *self->lengths : 0;
  if (TRIP != TRIP_DAMAGED_LENGTH && rest > data.len - sizeof head) rest = data.len - sizeof head;
  memcpy(self->lengths, data.data + sizeof head, rest);
  self->now = head;
  if (TRIP == TRIP_RESTORE) self->now.bytes = 0;
#endif
  return TENON_OK;
}

static tenon_status restore(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  state_restore_in given;
  const tenon_status status = state_restore_read(in, in_len, &given, out);
  if (status != TENON_OK) return status;
  if (TRIP == TRIP_SOUND_UNSUPPORTED)
    return tenon_fail(out, TENON_UNSUPPORTED, "there is nothing to restore");
  const bool other = TRIP == TRIP_SAVE_FORMAT && given.format == FORMAT + 1;
  if (TRIP != TRIP_DAMAGED_FORMAT && given.format != FORMAT && !other)
    return tenon_fail(out, TENON_UNSUPPORTED, "the format is not known");
  return read_data(state, given.data, out);
}

static const void *extension(const char *id) {
  static const state_1 table = {TENON_KIND_HEADER(state_1), save, restore};
  return strcmp(id, STATE_1_ID) == 0 ? &table : NULL;
}

TENON_PLUGIN_WITH(TRIP_NAME, "1.0.0", STATE_1_KIND, 0, counter_new, counter_drop, call, extension);
