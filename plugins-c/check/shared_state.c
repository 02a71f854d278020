/* shared_state.c - a plugin whose instances share state, selected by TRIP. Some do so correctly. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* usleep, popen, strtok */
#endif
#include <locale.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tenon.h"

#define SHARED_BUFFER       1  /* builds its result in a static buffer */
#define SHARED_LENGTH       2  /* keeps the length of the input in a static variable */
#define SHARED_STRTOK       3  /* splits with strtok */
#define SHARED_LOCALTIME    4  /* uses the result of gmtime while others may call it */
#define SHARED_SETLOCALE    5  /* changes the locale for a moment */
#define SHARED_RAND         6  /* seeds the generator of the process */
#define SHARED_REFERENCES   7  /* counts its instances without a lock */
#define SHARED_LOCK_ORDER   8  /* takes two locks in different orders */
#define SHARED_COMMA        9  /* writes JSON with printf */
#define SHARED_ZONE         10 /* declares to be deterministic, and formats local time */
#define SHARED_LAZY         11 /* marks its table as complete before it is */
#define SHARED_LOCKED       20 /* correct: a static buffer and a lock */
#define SHARED_SPINNING     21 /* correct: a static buffer and a lock that spins */
#define SHARED_RANDOM       22 /* correct: a random result */
#define SHARED_CLOCK        23 /* correct: the time as result */
#define SHARED_COUNTER      24 /* correct: counts all calls, and its result rarely changes */
#define SHARED_LOCAL_TIME   25 /* correct: formats local time, which is what it is for */
#define SHARED_HELPER       26 /* correct: starts a thread in each call */
#define SHARED_PROGRAM      27 /* correct: runs a program in each call */
#define SHARED_GUARDED_LIST 28 /* correct: counts its instances with a lock */
#define SHARED_ONCE         30 /* correct: the first instance sets up a table */
#define SHARED_TICKS        31 /* correct: the tenths of a second that the instance has lived */
#define SHARED_LIVE         32 /* correct: the number of its instances */
#define SHARED_PICKY        29 /* correct: accepts only inputs that begin with "BOX" */

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static atomic_flag spinning = ATOMIC_FLAG_INIT;
static atomic_uint calls;
static char buffer[1 << 16];
static volatile size_t length;
static int users;
static char *table;

enum { TABLE = 64, WORDS = 4096 };
static uint32_t mix[WORDS];
static int filled;
static pthread_once_t filling = PTHREAD_ONCE_INIT;
static atomic_int instances;

static void use_table(void) {
  if (users++ == 0) {
    table = malloc(TABLE);
    memset(table, 't', TABLE);
  }
}

static void leave_table(void) {
  if (--users == 0) free(table);
}

static void fill_words(void) {
  for (uint32_t i = 0; i < WORDS; i++) mix[i] = i * 2654435761u;
}

/* The volatile reads keep the compiler from setting the flag last. */
static void fill_words_once(void) {
  if (*(volatile int *)&filled) return;
  *(volatile int *)&filled = 1;
  fill_words();
}

static long long milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void lock_both(pthread_mutex_t *one, pthread_mutex_t *other) {
  pthread_mutex_lock(one);
  pthread_mutex_lock(other);
  users++;
  pthread_mutex_unlock(other);
  pthread_mutex_unlock(one);
}

static void *help(void *argument) {
  usleep(100);
  return argument;
}

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host, (void)config, (void)config_len, (void)first;
  *state = malloc(16);
  if (*state == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
#if TRIP == SHARED_REFERENCES
  use_table();
#elif TRIP == SHARED_GUARDED_LIST
  pthread_mutex_lock(&first);
  use_table();
  pthread_mutex_unlock(&first);
#elif TRIP == SHARED_LOCK_ORDER
  lock_both(&first, &second);
#elif TRIP == SHARED_LAZY
  fill_words_once();
#elif TRIP == SHARED_ONCE
  pthread_once(&filling, fill_words);
#elif TRIP == SHARED_TICKS
  *(long long *)*state = milliseconds();
#elif TRIP == SHARED_LIVE
  instances++;
#endif
  return TENON_OK;
}

static void drop(void *state) {
#if TRIP == SHARED_REFERENCES
  leave_table();
#elif TRIP == SHARED_GUARDED_LIST
  pthread_mutex_lock(&first);
  leave_table();
  pthread_mutex_unlock(&first);
#elif TRIP == SHARED_LOCK_ORDER
  lock_both(&second, &first);
#elif TRIP == SHARED_LIVE
  instances--;
#endif
  free(state);
}

static tenon_status write_text(tenon_out *out, const char *text) {
  return tenon_write(out, text, strlen(text));
}

static tenon_status write_backwards(const uint8_t *in, size_t in_len, tenon_out *out) {
  if (in_len > sizeof buffer) return tenon_fail(out, TENON_INVALID, "the input is too long");
  for (size_t i = 0; i < in_len; i++) buffer[i] = (char)in[in_len - 1 - i];
  return tenon_write(out, buffer, in_len);
}

static size_t sum(const uint8_t *in, size_t in_len) {
  size_t total = 0;
  for (size_t i = 0; i < in_len; i++) total += in[i];
  return total;
}

static size_t count_words(const uint8_t *in, size_t in_len) {
  char *copy = malloc(in_len + 1);
  if (in_len != 0) memcpy(copy, in, in_len);
  copy[in_len] = '\0';
  size_t words = 0;
  for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) words++;
  free(copy);
  return words;
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  char text[128] = "";
  time_t moment = (time_t)in_len * 100000;
  struct tm parts = {0};
  (void)state, (void)in, (void)first, (void)help, (void)calls, (void)length, (void)second, (void)spinning,
      (void)moment, (void)parts;
  (void)mix, (void)filled, (void)filling, (void)instances, (void)fill_words_once, (void)milliseconds;
  (void)use_table, (void)leave_table, (void)lock_both, (void)write_backwards, (void)count_words, (void)sum;
#if TRIP == SHARED_BUFFER
  return write_backwards(in, in_len, out);
#elif TRIP == SHARED_LENGTH
  length = in_len;
  size_t total = sum(in, in_len);
  snprintf(text, sizeof text, "%zu %zu", total, length);
#elif TRIP == SHARED_STRTOK
  snprintf(text, sizeof text, "%zu words", count_words(in, in_len));
#elif TRIP == SHARED_LOCALTIME
  const struct tm *shared = gmtime(&moment);
  int day = shared->tm_yday;
  snprintf(text, sizeof text, "%d %d", day, shared->tm_hour);
#elif TRIP == SHARED_SETLOCALE
  setlocale(LC_CTYPE, "C.UTF-8");
  snprintf(text, sizeof text, "%zu %zu", MB_CUR_MAX, in_len);
  setlocale(LC_CTYPE, "C");
#elif TRIP == SHARED_RAND
  srand((unsigned)in_len);
  int one = rand(), other = rand();
  snprintf(text, sizeof text, "%d %d", one, other);
#elif TRIP == SHARED_REFERENCES || TRIP == SHARED_GUARDED_LIST
  return tenon_write(out, table, in_len < TABLE ? in_len : TABLE);
#elif TRIP == SHARED_COMMA
  snprintf(text, sizeof text, "{\"mean\":%.2f}", in_len == 0 ? 0 : (double)sum(in, in_len) / (double)in_len);
#elif TRIP == SHARED_ZONE || TRIP == SHARED_LOCAL_TIME
  localtime_r(&moment, &parts);
  strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
#elif TRIP == SHARED_LOCKED
  pthread_mutex_lock(&first);
  tenon_status status = write_backwards(in, in_len, out);
  pthread_mutex_unlock(&first);
  return status;
#elif TRIP == SHARED_SPINNING
  while (atomic_flag_test_and_set(&spinning)) {
  }
  tenon_status status = write_backwards(in, in_len, out);
  atomic_flag_clear(&spinning);
  return status;
#elif TRIP == SHARED_RANDOM
  FILE *random = fopen("/dev/urandom", "rbe");
  if (random == NULL || fread(text, 8, 1, random) != 1)
    return tenon_fail(out, TENON_FAILED, "no random bytes");
  fclose(random);
  return tenon_write(out, text, 8);
#elif TRIP == SHARED_CLOCK
  moment = time(NULL);
  return tenon_write(out, &moment, sizeof moment);
#elif TRIP == SHARED_COUNTER
  snprintf(text, sizeof text, "%u", atomic_fetch_add(&calls, 1) / 128);
#elif TRIP == SHARED_HELPER
  pthread_t thread;
  if (pthread_create(&thread, NULL, help, NULL) != 0) return tenon_fail(out, TENON_FAILED, "no thread");
  pthread_join(thread, NULL);
  return tenon_write(out, in, in_len);
#elif TRIP == SHARED_PROGRAM
  FILE *program = popen("echo done", "re");
  if (program == NULL || fgets(text, sizeof text, program) == NULL)
    return tenon_fail(out, TENON_FAILED, "no shell");
  pclose(program);
#elif TRIP == SHARED_LAZY || TRIP == SHARED_ONCE
  uint32_t mixed = 0;
  for (size_t i = 0; i < in_len; i++) mixed ^= mix[(in[i] * 257u + i) % WORDS];
  return tenon_write(out, &mixed, sizeof mixed);
#elif TRIP == SHARED_TICKS
  snprintf(text, sizeof text, "%lld", (milliseconds() - *(long long *)state) / 100);
#elif TRIP == SHARED_LIVE
  snprintf(text, sizeof text, "%d", instances);
#elif TRIP == SHARED_PICKY
  if (in_len < 3 || memcmp(in, "BOX", 3) != 0) return tenon_fail(out, TENON_INVALID, "this is not a box");
  return tenon_write(out, in, in_len);
#else
  return tenon_write(out, in, in_len);
#endif
  return write_text(out, text);
}

#if TRIP == SHARED_ZONE
#define FLAGS TENON_DETERMINISTIC
#else
#define FLAGS 0
#endif

TENON_PLUGIN_WITH(TRIP_NAME, "1.0.0", "", FLAGS, make, drop, call, NULL);
