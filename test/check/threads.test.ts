/** The checks of the group `threads`: behaviour that the matrix does not cover. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CheckOptions, type CheckResult, check } from '../../src/check/index.js';
import { compile, extension, temporaryFolder } from '../support/index.js';
import { canCheck, tripsDir } from './support.js';

async function resultOf(path: string, id: string, options: CheckOptions = {}): Promise<CheckResult> {
  const { files } = await check([path], { filter: [id], seed: 1, ...options });
  const result = files[0]?.results.find((one) => one.id === id);
  if (result === undefined) throw new Error(`there is no result of ${id}`);
  return result;
}

const LEFT = 'threads/left-after-drop';
const TOGETHER = 'threads/concurrent-instances';
const trip = (name: string) => join(tripsDir, name + extension);
const made = (source: string, flags: string[] = []) =>
  compile(temporaryFolder(), 'made', source, ['-D_DEFAULT_SOURCE', '-pthread', ...flags]);

/** Uses asynchronous input and a timer, for which the C library has threads that a plugin cannot join. */
const HELPED = `#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tenon.h"
static void tick(union sigval value) { (void)value; }
static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state, tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  struct sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_notify_function = tick;
  timer_t *timer = malloc(sizeof *timer);
  if (timer == NULL || timer_create(CLOCK_MONOTONIC, &event, timer) != 0)
    return tenon_fail(error, TENON_FAILED, "no timer");
  *state = timer;
  return TENON_OK;
}
static void drop(void *state) {
  timer_delete(*(timer_t *)state);
  free(state);
}
static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  char bytes[16];
  struct aiocb request;
  memset(&request, 0, sizeof request);
  request.aio_fildes = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  request.aio_buf = bytes;
  request.aio_nbytes = sizeof bytes;
  const struct aiocb *requests[1] = {&request};
  if (aio_read(&request) == 0) {
    while (aio_error(&request) == EINPROGRESS) aio_suspend(requests, 1, NULL);
    aio_return(&request);
  }
  close(request.aio_fildes);
  return tenon_write(out, in, in_len);
}
TENON_PLUGIN("helped", "1.0.0", make, drop, call);
`;

/** A thread that nothing joins, and a result in static variables. */
const FAULTY = `#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include "tenon.h"
static char text[64];
static int uses;
static void *wait_forever(void *argument) {
  for (;;) pause();
  return argument;
}
static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (LEAVES && uses++ == 0) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_forever, NULL) == 0) pthread_detach(thread);
  }
  memset(text, 0, sizeof text);
  usleep(50);
  if (in_len != 0) memcpy(text, in, in_len < sizeof text ? in_len : sizeof text);
  usleep(50);
  return tenon_write(out, text, sizeof text);
}
TENON_PLUGIN_WITH("faulty", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing, call, NULL);
`;

describe.skipIf(!canCheck)('threads when drop returns', () => {
  test('are none if drop joins them, although the system lists them for a moment longer', async () => {
    const { state, findings } = await resultOf(trip('threads-joined'), LEFT, { repeat: 10 });
    expect({ state, findings }).toEqual({ state: 'passed', findings: [] });
  });

  test('are not those of the C library, which serve timers and asynchronous input', async () => {
    const { state, findings } = await resultOf(made(HELPED, ['-lrt']), LEFT, { repeat: 3 });
    expect({ state, findings }).toEqual({ state: 'passed', findings: [] });
  });

  test('have the line at which one of them was', async () => {
    const { findings } = await resultOf(made(FAULTY, ['-g', '-DLEAVES=1']), LEFT);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.message).toContain('One of them runs wait_forever');
    expect(findings[0]?.place).toMatchObject({
      function: 'wait_forever',
      line: 8,
      text: 'for (;;) pause();',
    });
  });

  test('are reported once: the checks of leaks and of unloading are skipped', async () => {
    const { files } = await check([trip('threads-pool')], { level: 'torture', seed: 1 });
    const results = new Map(files[0]?.results.map((result) => [result.id, result]));
    for (const id of ['resources/leak-per-instance', 'lifecycle/cycles', 'lifecycle/reload'])
      expect(results.get(id)).toMatchObject({ state: 'skipped', reason: expect.stringContaining(LEFT) });
  });
});

describe.skipIf(!canCheck)('a result that differs when instances run at the same time', () => {
  test('is shown with the expected one, the first difference, and the statics that instances share', async () => {
    const { findings } = await resultOf(made(FAULTY, ['-g', '-DLEAVES=0']), TOGETHER);
    const [finding] = findings;
    expect(finding?.message).toMatch(/it returned 0 with ".*"… \(64 bytes\), expected 0 with "The quick/);
    expect(finding?.message).toMatch(/as alone; the first difference is at byte \d+\. /);
    expect(finding?.message).toMatch(/They share static variables: text \(used in call, \S*made\.c:\d+\)$/);
    expect(finding?.place?.file).toMatch(/made\.c$/);
  });
});
