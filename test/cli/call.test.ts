import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compile, pluginFile, temporaryFolder, withAddon } from '../support/index.js';
import { main, tenon } from './run.js';

/** A plugin whose input says how it misbehaves; any other input comes back as it is. */
const ODD = `#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "tenon.h"
static const tenon_host *host;
static tenon_status odd_new(const tenon_host *h, const uint8_t *config, size_t len, void **state, tenon_out *error) {
  (void)state;
  host = h;
  if (len == 0) return TENON_OK;
  (void)tenon_write(error, config, len);
  return TENON_INVALID;
}
static void odd_drop(void *state) { (void)state; }
static tenon_status odd(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len == 4) {
    if (memcmp(in, "fail", 4) == 0) return tenon_fail(out, TENON_UNSUPPORTED, "not \\033[31mtoday");
    if (memcmp(in, "segv", 4) == 0) raise(SIGSEGV);
    if (memcmp(in, "hang", 4) == 0) { fputs("hanging", stderr); for (;;) sleep(60); }
    if (memcmp(in, "exit", 4) == 0) exit(0);
    if (memcmp(in, "_xit", 4) == 0) _exit(0);
    if (memcmp(in, "talk", 4) == 0) { puts("talking"); fflush(stdout); host->log(host, TENON_LOG_WARN, "logging", 7); }
  }
  return tenon_write(out, in, in_len);
}
TENON_PLUGIN("odd", "1.0.0", odd_new, odd_drop, odd);`;

describe('tenon call', () => {
  test('writes the result byte by byte', async () => {
    const run = await tenon(['call', pluginFile('gzip'), '--input', 'hello, hello, hello']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(gunzipSync(run.out).toString()).toBe('hello, hello, hello');
  });

  test('takes the input from a file or from the standard input, as it is', async () => {
    const file = compile(temporaryFolder(), 'odd', ODD);
    const bytes = Buffer.from(Array.from({ length: 1 << 18 }, (_, i) => (i * 7) & 0xff));
    const path = join(temporaryFolder(), 'input');
    writeFileSync(path, bytes);
    const fromFile = await tenon(['call', file, '--input', `@${path}`]);
    const fromStdin = await tenon(['call', file, '--input', '-'], { input: bytes });
    for (const run of [fromFile, fromStdin]) {
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.out.equals(bytes)).toBe(true);
    }
    expect((await tenon(['call', file])).out).toHaveLength(0);
  });

  test('takes the config from a file, as it is', async () => {
    const file = compile(temporaryFolder(), 'odd', ODD);
    const path = join(temporaryFolder(), 'config');
    writeFileSync(path, '{"from": "a file"}');
    const run = await tenon(['call', file, '--config', `@${path}`]);
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('{"from": "a file"}') });
    const missing = await tenon(['call', file, '--config', `@${path}-missing`]);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('--config cannot be read') });
  });

  test('calls a slot of a kind', async () => {
    const path = join(temporaryFolder(), 'record');
    writeFileSync(path, Buffer.from(Int32Array.of(40, -2).buffer));
    const run = await tenon(['call', pluginFile('math'), '--method', 'math/1#0', '--input', `@${path}`]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.out.readInt32LE()).toBe(-2);
    const wrong = await tenon(['call', pluginFile('math'), '--method', 'math/2#0']);
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain('ERR_TENON_MISSING_KIND');
  });

  test('hands over the config, and ends with 1 when the plugin refuses it', async () => {
    const file = compile(temporaryFolder(), 'odd', ODD);
    const run = await tenon(['call', file, '--config', '{"a":1}']);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toContain('ERR_TENON_NEW_FAILED');
    expect(run.stderr).toContain('{"a":1}');
  });

  test('ends with 1 and the reason when the call fails or the file is refused', async () => {
    const folder = temporaryFolder();
    const failed = await tenon(['call', compile(folder, 'odd', ODD), '--input', 'fail']);
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(/ERR_TENON_CALL_FAILED[\s\S]*TENON_UNSUPPORTED[\s\S]*not \\x1b\[31mtoday/);
    writeFileSync(join(folder, 'text.so'), 'text');
    const refused = await tenon(['call', 'text.so'], { cwd: folder });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('ERR_TENON_NOT_A_LIBRARY');
  });

  test('names the signal, or the exit code, when the plugin ends the process', async () => {
    const file = compile(temporaryFolder(), 'odd', ODD);
    const crashed = await tenon(['call', file, '--input', 'segv']);
    expect(crashed).toMatchObject({ code: 1, stdout: '' });
    expect(crashed.stderr).toContain('SIGSEGV');
    for (const input of ['exit', '_xit']) {
      const run = await tenon(['call', file, '--input', input]);
      expect(run).toMatchObject({ code: 1, stdout: '' });
      expect(run.stderr).toContain('exit code 0, in the middle');
    }
  });

  test('keeps what the plugin prints out of the results', async () => {
    const run = await tenon(['call', compile(temporaryFolder(), 'odd', ODD), '--input', 'talk']);
    expect(run).toMatchObject({ code: 0, stdout: 'talk' });
    expect(run.stderr).toContain('talking');
    if (withAddon) expect(run.stderr).toContain('odd: warn: logging\n');
  });

  test('is ended by a signal even when the plugin never returns', async () => {
    const file = compile(temporaryFolder(), 'odd', ODD);
    const child = spawn(process.execPath, [main, 'call', file, '--input', 'hang'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.once('data', () => child.kill('SIGTERM'));
    const ended = await new Promise((resolve) => child.on('close', (...how) => resolve(how)));
    // `close` comes only when the process of the plugin has let go of the standard error output too.
    expect(ended).toEqual([128 + constants.signals.SIGTERM, null]);
  });
});
