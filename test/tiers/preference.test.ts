/**
 * A plugin with symbols that Node.js has too uses its own in every tier, or is refused where that cannot work.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Isolation } from '../../src/index.js';
import { preferenceFor } from '../../src/library/preference.js';
import { compile, pluginFile, root, runNode, temporaryFolder, withAddon } from '../support/index.js';
import { hasProcesses, openHost } from '../support/processes.js';
import { Because, cannotBeSanitized } from '../support/sanitized.js';

const linux = process.platform === 'linux' && !cannotBeSanitized(Because.interposed);
const TIERS: readonly Isolation[] = [
  'inline',
  ...(withAddon ? (['thread'] as const) : []),
  ...(hasProcesses ? (['process'] as const) : []),
];

/** The source of a plugin that answers with the result of `expression`, a C string. */
const saying = (expression: string, before = '') => `#include "tenon.h"
#include <stdio.h>
#include <stdlib.h>
${before}
static tenon_status say(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  const char *text = ${expression};
  return tenon_write(out, (const uint8_t *)text, strlen(text));
}
TENON_STATELESS_PLUGIN("sayer", "1.0.0", say);
`;
const VISIBLE = '__attribute__((visibility("default")))';
/** A function that Node.js exports, with another result. */
const OWN = `${VISIBLE} const char *zlibVersion(void);\n${VISIBLE} const char *zlibVersion(void) { return "its own"; }`;

async function answerOf(file: string, isolation: Isolation): Promise<string> {
  const host = openHost();
  const instance = await (await host.load(file, { isolation })).new();
  const answer = String(await instance.call(Buffer.alloc(0)));
  await instance.close();
  return answer;
}

describe.runIf(linux)('a symbol that Node.js has too', () => {
  test.each(TIERS)('%s: the plugin uses its own', async (isolation) => {
    const file = compile(temporaryFolder(), 'sayer', saying('zlibVersion()', OWN));
    expect(preferenceFor(file)).toEqual({
      replaced: [],
      clashes: ['zlibVersion'],
      obstacle: null,
      ownFirst: true,
    });
    expect(await answerOf(file, isolation)).toBe('its own');
  });

  test.each(TIERS)('%s: the plugin uses that of a library that it brings', async (isolation) => {
    const folder = temporaryFolder();
    const helper = compile(folder, 'libown', `${OWN}\n`, ['-Wl,-soname,libown.so']);
    const source = saying('zlibVersion()', 'const char *zlibVersion(void);');
    const file = compile(folder, 'sayer', source, [helper, '-Wl,-rpath,$ORIGIN']);
    expect(await answerOf(file, isolation)).toBe('its own');
  });

  const libcrypto = '/lib/x86_64-linux-gnu/libcrypto.so.3';
  test.runIf(existsSync(libcrypto)).each(TIERS)('%s: OpenSSL of the system', async (isolation) => {
    const source = saying('OpenSSL_version(0)', 'const char *OpenSSL_version(int type);');
    const file = compile(temporaryFolder(), 'sayer', source, [libcrypto]);
    const printed = execFileSync('strings', [libcrypto], { encoding: 'utf8', maxBuffer: 1 << 28 });
    expect(printed.split('\n')).toContain(await answerOf(file, isolation));
  });

  test('without the addon the plugin uses its own too', async () => {
    const file = compile(temporaryFolder(), 'sayer', saying('zlibVersion()', OWN));
    const body = `const host = new tenon.PluginHost();
      const instance = await (await host.load(${JSON.stringify(file)})).new();
      console.log(String(instance.callSync(Buffer.alloc(0))));
      await host.close();`;
    const ended = await runNode(body, { env: { TENON_NO_ADDON: '1' } });
    expect(ended).toMatchObject({ stdout: 'its own\n', stderr: '' });
  });

  test('a plugin that was bound by the linker or hides its symbols does not clash', () => {
    const folder = temporaryFolder();
    const source = saying('zlibVersion()', OWN);
    const bound = compile(folder, 'bound', source, ['-Wl,-Bsymbolic']);
    const hidden = compile(folder, 'hidden', source.replaceAll('"default"', '"hidden"'));
    for (const file of [bound, hidden, pluginFile('echo'), pluginFile('shout')])
      expect(preferenceFor(file)).toEqual({ replaced: [], clashes: [], obstacle: null, ownFirst: false });
  });

  test('the probe of such a plugin runs in a process of Node.js', async () => {
    const crash = `#include <dlfcn.h>
${OWN}
__attribute__((constructor)) static void look(void) {
  if (dlsym(NULL, "napi_create_object") != NULL) abort();
}`;
    const file = compile(temporaryFolder(), 'sayer', saying('zlibVersion()', crash));
    await expect(openHost().load(file)).rejects.toMatchObject({
      code: 'ERR_TENON_PROBE_CRASHED',
      signal: 'SIGABRT',
    });
  });
});

/** A library that replaces the allocator of the C library. */
const ALLOCATOR = `#include <stddef.h>
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);
${VISIBLE} void *malloc(size_t size) { return __libc_malloc(size); }
${VISIBLE} void *calloc(size_t count, size_t size) { return __libc_calloc(count, size); }
${VISIBLE} void *realloc(void *memory, size_t size) { return __libc_realloc(memory, size); }
${VISIBLE} void free(void *memory) { __libc_free(memory); }
`;

/** Loads a file inline in a process of its own. Returns the answer, or the message of the error. */
async function tried(file: string, env: Record<string, string> = {}): Promise<string> {
  const body = `const host = new tenon.PluginHost();
    try {
      const instance = await (await host.load(${JSON.stringify(file)})).new();
      console.log(String(instance.callSync(Buffer.alloc(0))));
    } catch (error) {
      console.log(error.code, error.gate, error.message);
    }
    await host.close();`;
  const { stdout, stderr, signal } = await runNode(body, { env });
  expect({ stderr, signal }).toEqual({ stderr: '', signal: null });
  return stdout.trim();
}

describe.runIf(linux)('where a preference for its own symbols would do harm', () => {
  test('variables that the program has a copy of: the plugin is refused or sees the right ones', async () => {
    const folder = temporaryFolder();
    const environment = compile(
      folder,
      'environment',
      saying('environ == NULL ? "nothing" : zlibVersion()', `extern char **environ;\n${OWN}`),
    );
    const source = join(folder, 'stream.cc');
    const stream = join(folder, 'stream.so');
    writeFileSync(
      source,
      `#include <iostream>\nextern "C" {\n${OWN}\n}\n${saying('(std::cerr << std::flush, zlibVersion())')}`,
    );
    execFileSync('c++', [
      '-std=c++17',
      '-shared',
      '-fPIC',
      `-I${join(root, 'include')}`,
      source,
      '-o',
      stream,
    ]);
    for (const file of [environment, stream]) {
      const answer = await tried(file);
      if (answer === 'its own') continue;
      expect(answer).toMatch(
        /^ERR_TENON_LOAD_FAILED open .*\(zlibVersion\), and it must share \w+ with the program/,
      );
      expect(answer).toContain("Load it with isolation: 'process', or hide the symbols");
      if (hasProcesses) expect(await answerOf(file, 'process')).toBe('its own');
    }
  });

  test('another allocator: a plugin that clashes is refused, and others are loaded', async () => {
    const folder = temporaryFolder();
    const allocator = compile(folder, 'allocator', ALLOCATOR);
    const clashing = compile(folder, 'clashing', saying('zlibVersion()', OWN));
    const preload = { LD_PRELOAD: allocator };
    expect(await tried(clashing, preload)).toContain('another allocator replaces that of the C library');
    const quiet = compile(folder, 'quiet', saying('"quiet"'));
    expect(await tried(quiet, preload)).toBe('quiet');
  });
});

describe.runIf(linux)('two plugins that bring different libraries of one name', () => {
  /** Compiles a plugin that answers with the string of a library `libsame.so.1` that it brings. */
  function bringing(
    folder: string,
    answer: string,
    name = 'sayer',
    by: 'relative' | 'absolute' = 'relative',
  ): string {
    const helper = join(folder, 'libsame.so.1');
    const source = `${VISIBLE} const char *same(void);\nconst char *same(void) { return "${answer}"; }\n`;
    compile(folder, 'libsame', source, ['-Wl,-soname,libsame.so.1', '-o', helper]);
    const path = by === 'relative' ? '$ORIGIN' : folder;
    const user = saying('same()', 'const char *same(void);').replace('"sayer"', `"${name}"`);
    return compile(folder, name, user, [helper, `-Wl,-rpath,${path}`]);
  }

  test.each(['relative', 'absolute'] as const)(
    '%s: the second is refused, except as a process',
    async (by) => {
      const first = bringing(temporaryFolder(), `first ${by}`, 'first', by);
      const second = bringing(temporaryFolder(), `second ${by}`, 'second', by);
      const script = `const host = new tenon.PluginHost();
      const say = async (file, isolation) => {
        const instance = await (await host.load(file, { isolation })).new();
        return String(await instance.call(Buffer.alloc(0)));
      };
      const [first, second] = ${JSON.stringify([first, second])};
      console.log(await say(first, 'inline'));
      for (const isolation of ${JSON.stringify(TIERS)})
        console.log(await say(second, isolation).catch(({ code, gate }) => code + ' ' + gate));
      console.log(await say(first, 'inline'));
      await host.close();`;
      const { stdout, stderr } = await runNode(script);
      expect(stderr).toBe('');
      const answers = TIERS.map((tier) =>
        tier === 'process' ? `second ${by}` : 'ERR_TENON_LOAD_FAILED open',
      );
      expect(stdout.trim().split('\n')).toEqual([`first ${by}`, ...answers, `first ${by}`]);
    },
  );

  test.each(['relative', 'absolute'] as const)(
    '%s: a rebuilt library does not stay the old one',
    async (by) => {
      const folder = temporaryFolder();
      const file = bringing(folder, 'old', 'sayer', by);
      const host = openHost();
      expect(String((await (await host.load(file)).new()).callSync(Buffer.alloc(0)))).toBe('old');
      rmSync(join(folder, 'libsame.so.1'));
      bringing(folder, 'new', 'other', by);
      const rebuilt = join(folder, 'other.so');
      await expect(host.load(rebuilt)).rejects.toMatchObject({
        code: 'ERR_TENON_LOAD_FAILED',
        gate: 'open',
        path: rebuilt,
        message: expect.stringMatching(
          /it brings a library, but this process has already loaded another library of the name libsame\.so\.1 .*isolation: 'process'/,
        ),
      });
    },
  );

  test('the same library twice is accepted', async () => {
    const [one, other] = [temporaryFolder(), temporaryFolder()];
    const files = [bringing(one, 'shared', 'first'), bringing(other, 'shared', 'second')];
    const script = `const host = new tenon.PluginHost();
      for (const file of ${JSON.stringify(files)}) {
        const instance = await (await host.load(file)).new();
        console.log(String(instance.callSync(Buffer.alloc(0))));
      }
      await host.close();`;
    const { stdout, stderr } = await runNode(script);
    expect({ stdout, stderr }).toEqual({ stdout: 'shared\nshared\n', stderr: '' });
  });
});
