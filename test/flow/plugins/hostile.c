/* Calls the methods of the connector PLUGIN with damaged inputs. Inputs and outputs are heap blocks of exactly their
 * size, so that AddressSanitizer sees each access outside of them. The arguments are the config, and the bytes of a
 * valid row, and the number of calls. A frame in the answer of an undamaged call must be valid. */
#include PLUGIN

enum { ROWS = 5 };

static tenon_status grow(tenon_out *out, size_t additional) {
  uint8_t *data = malloc(out->len + additional);
  if (data == NULL) return TENON_NO_MEMORY;
  if (out->len > 0) memcpy(data, out->data, out->len);
  free(out->data);
  out->data = data;
  out->capacity = out->len + additional;
  return TENON_OK;
}

static void ignore_log(const tenon_host *host, int32_t level, const char *message, size_t len) {
  (void)host, (void)level, (void)message, (void)len;
}

static tenon_status ignore_event(const tenon_host *host, const uint8_t *data, size_t len) {
  (void)host, (void)data, (void)len;
  return TENON_OK;
}

static const tenon_host host = {sizeof host, 0, NULL, ignore_log, ignore_event, NULL};

static uint64_t seed = 88172645463325252u;

static uint64_t next_random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  return seed ^= seed << 17;
}

static void *fresh(const char *config) {
  tenon_out error = {NULL, 0, 0, grow};
  void *state = NULL;
  const tenon_status status =
      get_plugin()->new (&host, (const uint8_t *)config, strlen(config), &state, &error);
  if (status != TENON_OK) {
    fprintf(stderr, "new: %.*s\n", (int)error.len, (const char *)error.data);
    exit(1);
  }
  free(error.data);
  return state;
}

/* Makes a call with a copy of the input. Returns its status. */
static tenon_status call(tenon_method method, void *state, const uint8_t *in, size_t size, bool frame) {
  tenon_out out = {NULL, 0, 0, grow};
  tenon_frame answer;
  uint8_t *copy = size == 0 ? NULL : malloc(size);
  if (size > 0) memcpy(copy, in, size);
  const tenon_status status = method(state, copy, size, &out);
  if (status < TENON_OK || status > TENON_CLOSED) abort();
  if (frame && status == TENON_OK && out.len > 0 && tenon_frame_problem(&answer, out.data, out.len) != NULL)
    abort();
  free(copy);
  free(out.data);
  return status;
}

static tenon_out valid_frame(const char *bytes) {
  tenon_frame_writer writer;
  memset(&writer, 0, sizeof writer);
  tenon_out out = {NULL, 0, 0, grow};
  tenon_frame_begin(&writer, &out);
  for (uint64_t i = 0; i < ROWS; i++) {
    const tenon_row row = {i % 2, 1000 + 7 * i, i, i == 2 ? TENON_FLOW_PIECE : TENON_FLOW_ROW, {"{}", i % 3}};
    tenon_frame_add(&writer, bytes, strlen(bytes));
    tenon_frame_end_row(&writer, &row);
  }
  if (tenon_frame_end(&writer, TENON_FLOW_MORE, 0) != TENON_OK) abort();
  tenon_frame_free(&writer);
  return out;
}

/* Calls a method with a frame that is damaged in some places, or cut off. */
static void damage(tenon_method method, void *state, const tenon_out *frame) {
  uint8_t *copy = malloc(frame->len);
  memcpy(copy, frame->data, frame->len);
  size_t size = frame->len;
  if (next_random() % 8 == 0) size = next_random() % (frame->len + 1);
  for (uint64_t count = next_random() % 4; count > 0 && size > 0; count--) {
    const uint64_t bits = next_random();
    const size_t area = bits % 4 == 0 ? frame->len : sizeof(tenon_events), at = (bits >> 8) % area;
    static const uint8_t values[] = {0, 1, 4, 8, 0x7f, 0x80, 0xff};
    if (at < size) copy[at] = bits % 3 == 0 ? (uint8_t)(bits >> 40) : values[(bits >> 40) % sizeof values];
  }
  (void)call(method, state, copy, size, true);
  free(copy);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const uint64_t rounds = strtoull(argv[3], NULL, 10);
  static const char *const ids[] = {"preprocessor/1", "postprocessor/1", "source/1", "sink/1"};
  tenon_out frame = valid_frame(argv[2]);
  for (size_t kind = 0; kind < sizeof ids / sizeof *ids; kind++) {
    const struct {
      uint32_t size, count;
      tenon_method methods[3];
    } *table = get_plugin()->get_extension(ids[kind]);
    if (table == NULL) continue;
    for (uint64_t round = 0; round < rounds;) {
      void *state = fresh(argv[1]);
      const bool connects = table->count == 3;
      if (connects) (void)call(table->methods[0], state, NULL, 0, false);
      for (uint64_t calls = next_random() % 200 + 1; calls > 0; calls--, round++) {
        const uint64_t slot = next_random() % table->count;
        const uint64_t small[4] = {next_random(), next_random() % 3, next_random() % 9, 1};
        if (next_random() % 4 != 0)
          damage(table->methods[connects ? 1 : 0], state, &frame);
        else
          (void)call(table->methods[slot], state, (const uint8_t *)small, next_random() % 33, false);
      }
      get_plugin()->drop(state);
    }
  }
  free(frame.data);
  return 0;
}
