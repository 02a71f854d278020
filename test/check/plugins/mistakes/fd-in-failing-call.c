/* fd-in-failing-call - copies the input through a pipe, as a test of the kernel.
 *
 * MISTAKE  the early return for a large input leaves both ends of the pipe open.
 * FOUND BY resources/failing-calls, in `through_pipe`. */
#include <fcntl.h>
#include <unistd.h>

#include "tenon.h"

static tenon_status through_pipe(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  int ends[2];
  if (pipe(ends) != 0) return tenon_fail(out, TENON_FAILED, "cannot make a pipe");
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  if (in_len > 4096) return tenon_fail(out, TENON_INVALID, "the input is larger than a page");
  uint8_t copy[4096];
  ssize_t size = 0;
  if (in_len != 0 && write(ends[1], in, in_len) == (ssize_t)in_len) size = read(ends[0], copy, sizeof copy);
  close(ends[0]);
  close(ends[1]);
  return size < 0 ? tenon_fail(out, TENON_FAILED, "cannot read the pipe")
                  : tenon_write(out, copy, (size_t)size);
}

TENON_STATELESS_PLUGIN("fd-in-failing-call", "1.0.0", through_pipe);
