import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { compile, pluginFile, pluginsDir, temporaryFolder, withAddon } from '../support/index.js';
import { hasProcesses, processesWith } from '../support/processes.js';
import { sanitizer } from '../support/sanitized.js';
import { main, tenon } from './run.js';

/** The source of a plugin that misbehaves as its input requests, and returns any other input unchanged. */
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
    if (memcmp(in, "hang", 4) == 0) { fputs("hanging\\n", stderr); for (;;) sleep(60); }
    if (memcmp(in, "exit", 4) == 0) exit(0);
    if (memcmp(in, "_xit", 4) == 0) _exit(0);
    if (memcmp(in, "talk", 4) == 0) { puts("talking"); fflush(stdout); host->log(host, TENON_LOG_WARN, "logging", 7); }
  }
  return tenon_write(out, in, in_len);
}
TENON_PLUGIN("odd", "1.0.0", odd_new, odd_drop, odd);`;

/** The source of a plugin that requests the resource named by its input, and returns whether it got it. */
const GREEDY = `#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "tenon.h"
static tenon_status greedy(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in_len;
  if (in[0] == 'n') {
    char name[64];
    ssize_t size = read(open("/proc/self/comm", O_RDONLY), name, sizeof name);
    return tenon_write(out, name, (size_t)size);
  }
  const char *got = in[0] == 'w' ? "written" : in[0] == 'r' ? "read" : "taken";
  int denied;
  if (in[0] == 'w') denied = open("/tmp/tenon-test-greedy", O_CREAT | O_WRONLY, 0600) < 0 || unlink("/tmp/tenon-test-greedy") != 0;
  else if (in[0] == 'r') denied = open("/etc/passwd", O_RDONLY) < 0;
  else { char *memory = malloc(256 << 20); denied = memory == NULL; if (memory != NULL) for (size_t i = 0; i < 256 << 20; i += 4096) memory[i] = 1; }
  const char *said = denied ? "denied" : got;
  return tenon_write(out, said, strlen(said));
}
TENON_STATELESS_PLUGIN("greedy", "1.0.0", greedy);`;

/** The output on stderr of a successful call: the command reports that it could not use its default tier. */
const NOTICE = hasProcesses ? '' : expect.stringMatching(/^tenon: there is no process tier, .*\n$/);

/** The tiers that are available in this run. */
const TIERS = ['inline', ...(withAddon ? ['thread'] : []), ...(hasProcesses ? ['process'] : [])];

describe('tenon call', () => {
  test('writes the bytes of the result to the standard output', async () => {
    const run = await tenon(['call', pluginFile('gzip'), '--input', 'hello, hello, hello']);
    expect(run).toMatchObject({ code: 0, stderr: NOTICE });
    expect(gunzipSync(run.out).toString()).toBe('hello, hello, hello');
  });

  test('reads binary input from a file or from the standard input', async () => {
    const file = compile(temporaryFolder(), 'odd', ODD);
    const bytes = Buffer.from(Array.from({ length: 1 << 18 }, (_, i) => (i * 7) & 0xff));
    const path = join(temporaryFolder(), 'input');
    writeFileSync(path, bytes);
    const fromFile = await tenon(['call', file, '--input', `@${path}`]);
    const fromStdin = await tenon(['call', file, '--input', '-'], { input: bytes });
    for (const run of [fromFile, fromStdin]) {
      expect(run).toMatchObject({ code: 0, stderr: NOTICE });
      expect(run.out.equals(bytes)).toBe(true);
    }
    expect((await tenon(['call', file])).out).toHaveLength(0);
  });

  test('reads the config from a file', async () => {
    const file = compile(temporaryFolder(), 'odd', ODD);
    const path = join(temporaryFolder(), 'config');
    writeFileSync(path, '{"from": "a file"}');
    const run = await tenon(['call', file, '--config', `@${path}`]);
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('{"from": "a file"}') });
    const missing = await tenon(['call', file, '--config', `@${path}-missing`]);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('--config cannot be read') });
  });

  test('passes the config, and exits with 1 if the plugin refuses it', async () => {
    const file = compile(temporaryFolder(), 'odd', ODD);
    const run = await tenon(['call', file, '--config', '{"a":1}']);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toContain('ERR_TENON_NEW_FAILED');
    expect(run.stderr).toContain('{"a":1}');
  });

  test('exits with 1 and the reason if the call fails or the file is refused', async () => {
    const folder = temporaryFolder();
    const failed = await tenon(['call', compile(folder, 'odd', ODD), '--input', 'fail']);
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(/ERR_TENON_CALL_FAILED[\s\S]*TENON_UNSUPPORTED[\s\S]*not \\x1b\[31mtoday/);
    writeFileSync(join(folder, 'text.so'), 'text');
    const refused = await tenon(['call', 'text.so'], { cwd: folder });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('ERR_TENON_NOT_A_LIBRARY');
  });

  test.skipIf(!hasProcesses)(
    'names the signal, or the exit code, when the plugin ends its process',
    async () => {
      const file = compile(temporaryFolder(), 'odd', ODD);
      const crashed = await tenon(['call', file, '--input', 'segv']);
      expect(crashed).toMatchObject({ code: 1, stdout: '' });
      expect(crashed.stderr).toMatch(/ERR_TENON_CRASHED[\s\S]*SIGSEGV/);
      for (const input of ['exit', '_xit']) {
        const run = await tenon(['call', file, '--input', input]);
        expect(run).toMatchObject({ code: 1, stdout: '' });
        expect(run.stderr).toMatch(/ERR_TENON_CRASHED[\s\S]*exited with 0/);
      }
    },
  );

  test('reports the signal or the exit code of an inline plugin that ends the command', async () => {
    const file = compile(temporaryFolder(), 'odd', ODD);
    const inline = ['--isolation', 'inline'];
    const crashed = await tenon(['call', file, '--input', 'segv', ...inline]);
    expect(crashed).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('SIGSEGV') });
    for (const input of ['exit', '_xit']) {
      const run = await tenon(['call', file, '--input', input, ...inline]);
      expect(run).toMatchObject({ code: 1, stdout: '' });
      expect(run.stderr).toContain('exit code 0, in the middle');
    }
  });

  test.each(TIERS)('does not mix the output of the plugin with the result (%s)', async (isolation) => {
    const file = compile(temporaryFolder(), 'odd', ODD);
    const run = await tenon(['call', file, '--input', 'talk', '--isolation', isolation]);
    expect(run).toMatchObject({ code: 0, stdout: 'talk' });
    expect(run.stderr).toContain('talking');
    if (withAddon || isolation === 'process') expect(run.stderr).toContain('odd: warn: logging\n');
  });

  test.each(TIERS)('can be ended by a signal even if the plugin never returns (%s)', async (isolation) => {
    const file = compile(temporaryFolder(), 'odd', ODD);
    const mark = `TENON_TEST_MARK=${process.pid}-${isolation}`;
    const [name = '', value = ''] = mark.split('=');
    const args = ['call', file, '--input', 'hang', '--isolation', isolation];
    const child = spawn(process.execPath, [main, ...args], {
      env: { ...process.env, [name]: value },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.once('data', () => child.kill('SIGTERM'));
    const ended = await new Promise((resolve) => child.on('close', (...how) => resolve(how)));
    // The event `close` is emitted only after the process of the plugin has closed its standard error too.
    expect(ended).toEqual([128 + constants.signals.SIGTERM, null]);
    if (process.platform === 'linux') await vi.waitFor(() => expect(processesWith(mark)).toEqual([]));
  });
});

describe('the plugin of tenon call', () => {
  test('is found by its name in --path and in TENON_PATH', async () => {
    const byOption = await tenon(['call', 'echo', '--path', pluginsDir, '--input', 'x']);
    expect(byOption).toMatchObject({ code: 0, stdout: 'x', stderr: NOTICE });
    const env = { TENON_PATH: pluginsDir };
    expect(await tenon(['call', 'echo', '--input', 'x'], { env })).toMatchObject({ code: 0, stdout: 'x' });
    const deeper = ['call', 'echo', '--path', join(pluginsDir, '..'), '--input', 'x'];
    expect(await tenon(deeper)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ERR_TENON_NOT_FOUND'),
    });
    expect(await tenon([...deeper, '--depth', '1'])).toMatchObject({ code: 0, stdout: 'x' });
    const useless = await tenon(['call', pluginFile('echo'), '--depth', '1']);
    expect(useless).toMatchObject({ code: 2, stderr: expect.stringContaining('--depth is for the names') });
  });

  test.skipIf(!hasProcesses)('runs in the process tier by default', async () => {
    const file = compile(temporaryFolder(), 'greedy', GREEDY);
    const program = async (...args: string[]) =>
      (await tenon(['call', file, '--input', 'name', ...args])).stdout;
    expect(await program()).toBe('tenon-runner\n');
    expect(await program('--isolation', 'inline')).toBe('node\n');
  });

  test('runs in the next best tier, with a message, if there is no process tier', async () => {
    const env = { TENON_RUNNER: 'none' };
    const run = await tenon(['call', pluginFile('echo'), '--input', 'x'], { env });
    const tier = withAddon ? 'thread' : 'inline';
    expect(run).toMatchObject({ code: 0, stdout: 'x' });
    expect(run.stderr).toBe(
      `tenon: there is no process tier, because tenon-runner was not built here. The plugin runs in the tier '${tier}'.\n`,
    );
    const confined = await tenon(['call', pluginFile('echo'), '--sandbox'], { env });
    expect(confined).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--sandbox and --limits need the process tier'),
    });
    const asked = await tenon(['call', pluginFile('echo'), '--isolation', 'process'], { env });
    expect(asked).toMatchObject({ code: 1, stdout: '' });
  });

  test.skipIf(!hasProcesses)('is killed after the timeout', async () => {
    const file = compile(temporaryFolder(), 'odd', ODD);
    const run = await tenon(['call', file, '--input', 'hang', '--timeout', '300ms']);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toContain('ERR_TENON_TIMEOUT');
  });

  test.skipIf(!hasProcesses)('is confined by --sandbox and --limits', async () => {
    const file = compile(temporaryFolder(), 'greedy', GREEDY);
    const call = (input: string, ...args: string[]) => tenon(['call', file, '--input', input, ...args]);
    expect((await call('write')).stdout).toBe('written');
    expect((await call('write', '--sandbox')).stdout).toBe('denied');
    expect((await call('read')).stdout).toBe('read');
    const confined = await call('read', '--sandbox');
    // Without Landlock the system cannot forbid reading, and the command says so.
    if (confined.stdout !== 'denied') expect(confined.stderr).toContain('runs without landlock');
    expect((await call('read', '--sandbox-read', '/etc')).stdout).toBe('read');
    if (sanitizer !== undefined) return; // A sanitized plugin cannot have a memory limit.
    expect((await call('memory')).stdout).toBe('taken');
    expect((await call('memory', '--limits', 'memory=64MiB,files=64,cpu=60')).stdout).toBe('denied');
  });

  test.each([
    [['--isolation', 'inline', '--sandbox'], 'sandbox'],
    [['--isolation', 'thread', '--limits', 'files=10'], 'limits'],
    [['--isolation', 'inline', '--timeout', '1s'], 'timeout'],
  ])('is not run if its tier does not support %j', async (args, option) => {
    const run = await tenon(['call', pluginFile('echo'), ...args]);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain(`The argument '${option}' is not supported`);
  });
});

describe('the method of tenon call', () => {
  const record = () => {
    const path = join(temporaryFolder(), 'record');
    writeFileSync(path, Buffer.from(Int32Array.of(40, -2).buffer));
    return `@${path}`;
  };

  test.each([['math/1#0'], ['math#0'], ['math.min']])('is a slot of a kind: %s', async (method) => {
    const run = await tenon(['call', pluginFile('math'), '--method', method, '--input', record()]);
    expect(run).toMatchObject({ code: 0, stderr: NOTICE });
    expect(run.out.readInt32LE()).toBe(-2);
  });

  test.each([
    ['math/2#0', 'ERR_TENON_MISSING_KIND', ''],
    ['maht#0', "Plugin math has no kind 'maht': it offers math. Did you mean 'math'?", ''],
    ['math.mim', "Plugin math has no method 'mim' in math/1: it has min.", "Did you mean 'min'?"],
  ])('%s is missing, and the message says what is there', async (method, problem, advice) => {
    const run = await tenon(['call', pluginFile('math'), '--method', method]);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toContain(problem);
    expect(run.stderr).toContain(advice);
  });
});
