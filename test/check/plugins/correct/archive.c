/* archive - puts an input into a tar archive as the file `input`. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

#include "tenon.h"

typedef struct sink {
  tenon_out *out;
  tenon_status status;
} sink;

static la_ssize_t append(struct archive *tar, void *data, const void *bytes, size_t size) {
  sink *self = data;
  self->status = tenon_write(self->out, bytes, size);
  if (self->status == TENON_OK) return (la_ssize_t)size;
  archive_set_error(tar, ENOMEM, "the output is full");
  return ARCHIVE_FATAL;
}

static int write_member(struct archive *tar, sink *to, const uint8_t *in, size_t in_len) {
  archive_write_set_format_ustar(tar);
  archive_write_set_bytes_in_last_block(tar, 1);
  if (archive_write_open(tar, to, NULL, append, NULL) != ARCHIVE_OK) return 0;
  struct archive_entry *entry = archive_entry_new();
  if (entry == NULL) return 0;
  archive_entry_set_pathname(entry, "input");
  archive_entry_set_size(entry, (la_int64_t)in_len);
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  int fine = archive_write_header(tar, entry) == ARCHIVE_OK &&
             (in_len == 0 || archive_write_data(tar, in, in_len) == (la_ssize_t)in_len);
  archive_entry_free(entry);
  return archive_write_close(tar) == ARCHIVE_OK && fine;
}

static tenon_status wrap(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  struct archive *tar = archive_write_new();
  if (tar == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for the archive");
  sink to = {out, TENON_OK};
  int fine = write_member(tar, &to, in, in_len);
  archive_write_free(tar);
  if (to.status != TENON_OK) return tenon_fail(out, to.status, "the output is full");
  return fine ? TENON_OK : tenon_fail(out, TENON_FAILED, "cannot write the archive");
}

TENON_PLUGIN_WITH("corpus-archive", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, wrap, NULL);
