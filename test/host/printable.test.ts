/** Control characters of a plugin: none reaches a terminal by way of an error, a report or a warning. */
import { readFileSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Batch, type LoadOptions, type Plugin, PluginHost } from '../../src/index.js';
import { compile, runNode, temporaryFolder, withAddon, withRunner } from '../support/index.js';

const EVIL = '\u001b]0;owned\u0007\u001b[31m\n::error::injected\r\u2028\u202e';
/** Octal escapes, which end after three digits. */
const IN_C = [...Buffer.from(EVIL)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
/** As long as the name that replaces it in the file. */
const PLACEHOLDER = 'f_'.padEnd(Buffer.byteLength(EVIL), 'X');

const SOURCE = `#include "tenon.h"
#include <stdio.h>
#include <stdlib.h>
static const tenon_host *host;
__attribute__((noinline)) static void victim(void) __asm__("${PLACEHOLDER}");
static void victim(void) { *(volatile int *)8 = 1; __asm__ volatile(""); }
static tenon_status make(const tenon_host *h, const uint8_t *config, size_t n, void **state, tenon_out *error) {
  static int one;
  (void)config;
  host = h;
  *state = &one;
  return n > 0 ? tenon_fail(error, TENON_INVALID, "${IN_C}") : TENON_OK;
}
static void drop(void *state) { (void)state; }
static tenon_status work(void *s, const uint8_t *in, size_t n, tenon_out *out) {
  (void)s;
  if (n && in[0] == 'f') return tenon_fail(out, TENON_INVALID, "${IN_C}");
  if (n && in[0] == 'p') return tenon_fail(out, TENON_PANIC, "${IN_C}");
  if (n && in[0] == 'l') host->log(host, TENON_LOG_ERROR, "${IN_C}", ${Buffer.byteLength(EVIL)});
  if (n && in[0] == '!') { fprintf(stderr, "${IN_C}"); fflush(stderr); victim(); __asm__ volatile(""); }
  return tenon_write(out, "ok", 2);
}
TENON_PLUGIN("evil", "1.0.0", make, drop, work);`;

function evilPlugin(): string {
  const file = compile(temporaryFolder(), 'evil', SOURCE, ['-g', '-O1', '-Wl,--export-dynamic']);
  const bytes = readFileSync(file);
  for (let at = bytes.indexOf(PLACEHOLDER); at >= 0; at = bytes.indexOf(PLACEHOLDER, at))
    bytes.write(EVIL, at);
  writeFileSync(file, bytes);
  return file;
}

const TIERS: readonly (readonly [string, LoadOptions])[] = [
  ['inline', {}],
  ...(withAddon ? [['thread', { isolation: 'thread' }] as const] : []),
  ...(withAddon && withRunner ? [['process', { isolation: 'process', restart: false }] as const] : []),
  ...(withRunner ? [['pipe', { isolation: 'process', transport: 'pipe', restart: false }] as const] : []),
];

const CONTROL = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Checks everything that people do with an error to read it. */
function expectPrintable(error: unknown, lines: 'one' | 'many' = 'one'): void {
  const { message, stack = '' } = error as Error;
  if (lines === 'one') expect(message).not.toContain('\n');
  for (const text of [message, String(error), stack.split('\n    at ')[0] ?? '']) {
    expect(text).not.toMatch(CONTROL);
    expect(text).not.toMatch(/^\s*::error/m);
  }
  // The members of a report hold the text of the plugin. These formats quote it.
  for (const text of [inspect(error), JSON.stringify(error)]) expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  );
}

describe.runIf(process.platform === 'linux').each(TIERS)(
  'what a plugin says in the tier %s',
  (_name, options) => {
    test('is printable in the errors of new and of calls', async () => {
      await using host = new PluginHost();
      const plugin = await host.load(evilPlugin(), options);
      expectPrintable(await failure(plugin.new('x')));
      const instance = await plugin.new();
      expectPrintable(await failure(instance.call(Buffer.from('f'))));
      const result = await instance.callMany(Batch.of([Buffer.from('f')]));
      try {
        result.result(0);
      } catch (error) {
        expectPrintable(error);
      }
      expectPrintable(await failure(instance.call(Buffer.from('p'))));
      expectPrintable(await failure(instance.call(Buffer.from('x'))));
    });

    test.runIf(options.isolation === 'process')('is printable in the report on a crash', async () => {
      await using host = new PluginHost();
      const plugin = await host.load(evilPlugin(), options);
      const exit = new Promise((resolve) => plugin.on('exit', resolve));
      const instance = await plugin.new();
      const error = (await failure(instance.call(Buffer.from('!')))) as { report: object };
      expectPrintable(error);
      expect(String(error.report)).toContain('x1b');
      for (const report of [error.report, await exit]) {
        expect(String(report)).not.toMatch(CONTROL);
        expect(String(report)).not.toMatch(/^\s*::error/m);
        expect(JSON.stringify(report)).not.toMatch(/\p{Cc}/u);
      }
      expectPrintable(await failure((plugin as Plugin).new()));
    });
  },
);

test.runIf(process.platform === 'linux' && withAddon)(
  'a log entry is printable in the debugging output',
  async () => {
    const { stderr, code } = await runNode(
      `const host = new tenon.PluginHost();
    const instance = await (await host.load(${JSON.stringify(evilPlugin())})).new();
    instance.callSync(Buffer.from('l'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await host.close();`,
      { env: { NODE_DEBUG: 'tenon' } },
    );
    expect(code).toBe(0);
    expect(stderr).toContain('owned');
    expect(stderr).not.toMatch(CONTROL);
    expect(stderr).not.toMatch(/^\s*::error/m);
  },
);
