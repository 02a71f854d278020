/** A plugin learns the path of its original file, and finds its data and libraries there. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { check } from '../../src/check/index.js';
import { type LoadOptions, PluginHost } from '../../src/index.js';
import { compile, runNode, temporaryFolder, withAddon, withRunner } from '../support/index.js';

const TIERS: readonly LoadOptions[] = [
  ...(withAddon ? [{ isolation: 'inline' } as const, { isolation: 'thread' } as const] : []),
  ...(withRunner && withAddon ? [{ isolation: 'process', transport: 'shared-memory' } as const] : []),
  ...(withRunner ? [{ isolation: 'process', transport: 'pipe' } as const] : []),
];

/** A plugin that reads a file and opens a library in the folder of its original file. */
const FINDER = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include "tenon.h"
static tenon_status make(const tenon_host *host, const uint8_t *config, size_t len, void **state, tenon_out *error) {
  (void)config, (void)len;
  if (host->get_extension(host, "tenon.origin/2") != NULL || host->get_extension(host, "") != NULL)
    return tenon_fail(error, TENON_FAILED, "the host knows an extension that does not exist");
  *state = (void *)host;
  return TENON_OK;
}
static void end(void *state) { (void)state; }
static tenon_status find(void *state, const uint8_t *in, size_t len, tenon_out *out) {
  (void)in, (void)len;
  const char *origin = tenon_origin((const tenon_host *)state);
  if (origin == NULL) return tenon_fail(out, TENON_UNSUPPORTED, "unknown");
  char path[8192], data[64] = "";
  snprintf(path, sizeof path, "%s", origin);
  char *name = strrchr(path, '/') + 1;
  strcpy(name, "model.bin");
  FILE *file = fopen(path, "r");
  if (file != NULL) { if (fgets(data, sizeof data, file) == NULL) data[0] = 0; fclose(file); }
  strcpy(name, "kernel.so");
  void *kernel = dlopen(path, RTLD_NOW);
  snprintf(path, sizeof path, "%s|%s|%s", origin, data, kernel != NULL ? "kernel" : dlerror());
  return tenon_write(out, path, strlen(path));
}
TENON_PLUGIN("finder", "1.0.0", make, end, find);
`;

function build(folder: string, name = 'finder'): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.bin'), 'weights');
  compile(folder, 'kernel', 'int kernel_function(void) { return 1; }');
  return compile(folder, name, FINDER, ['-ldl']);
}

describe.each(TIERS)('in the tier %o', (options) => {
  test('every instance learns the path, whatever its characters, and behind a link too', async () => {
    const root = temporaryFolder();
    const path = build(join(root, 'plüg in'));
    const link = join(root, 'link.so');
    symlinkSync(path, link);
    await using host = new PluginHost();
    for (const file of [path, link]) {
      const plugin = await host.load(file, options);
      for (const instance of [await plugin.new(), await plugin.new()])
        expect(String(await instance.call(Buffer.alloc(0)))).toBe(`${path}|weights|kernel`);
    }
  });

  test('the path stays the same when the same bytes are loaded from another place', async () => {
    const root = temporaryFolder();
    const [one, two] = [build(join(root, 'one')), build(join(root, 'two'))];
    await using host = new PluginHost();
    const answers = [];
    for (const path of [one, two]) {
      const instance = await (await host.load(path, options)).new();
      answers.push(String(await instance.call(Buffer.alloc(0))).split('|')[0]);
    }
    expect(answers).toEqual([one, two]);
  });

  test.runIf(options.isolation === 'process')('a restarted process learns it again', async () => {
    const path = build(temporaryFolder());
    await using host = new PluginHost();
    const plugin = await host.load(path, { ...options, whenDown: 'wait' });
    const instance = await plugin.new();
    await plugin.restart();
    expect(String(await instance.call(Buffer.alloc(0)))).toContain(path);
  });
});

test('without the addon, the inline tier knows no path', async () => {
  const path = build(temporaryFolder());
  const run = await runNode(
    `const host = new tenon.PluginHost();
     const instance = await (await host.load(${JSON.stringify(path)})).new();
     console.log(await instance.call(Buffer.alloc(0)).catch((error) => error.status));
     await host.close();`,
    { env: { TENON_NO_ADDON: '1' } },
  );
  expect(run).toMatchObject({ code: 0, stdout: 'TENON_UNSUPPORTED\n' });
});

test.runIf(process.platform === 'linux' && withRunner)('the safety suite knows it', async () => {
  const path = build(temporaryFolder());
  const { files } = await check([path], { filter: ['lifecycle/*', 'calls/*'], seed: 1 });
  const failed = files[0]?.results.filter(({ state }) => state === 'failed');
  expect(failed?.map(({ id, findings }) => [id, findings])).toEqual([]);
});
