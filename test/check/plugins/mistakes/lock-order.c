/* lock-order - moves bytes between two accounts that all instances share.
 *
 * MISTAKE  an odd input locks the accounts in the other order, so two threads can wait for each other forever.
 * FOUND BY threads/concurrent-instances, in `move`. */
#include <pthread.h>

#include "tenon.h"

typedef struct account {
  pthread_mutex_t lock;
  uint64_t bytes;
} account;

static account one = {PTHREAD_MUTEX_INITIALIZER, 0}, other = {PTHREAD_MUTEX_INITIALIZER, 0};

static void move(account *from, account *to, uint64_t bytes) {
  pthread_mutex_lock(&from->lock);
  pthread_mutex_lock(&to->lock);
  from->bytes -= bytes;
  to->bytes += bytes;
  pthread_mutex_unlock(&to->lock);
  pthread_mutex_unlock(&from->lock);
}

static tenon_status transfer(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len % 2 == 0)
    move(&one, &other, in_len);
  else
    move(&other, &one, in_len);
  return tenon_write(out, in, in_len);
}

TENON_PLUGIN_WITH("lock-order", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing,
                  transfer, NULL);
