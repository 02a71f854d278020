import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { answering, compile, temporaryFolder, withAddon } from '../support/index.js';

/** A plugin whose constructor writes a variable of the environment into a file. */
const spy = (file: string): string => `#include "tenon.h"
#include <stdio.h>
#include <stdlib.h>
__attribute__((constructor)) static void begin(void) {
  FILE *file = fopen("${file}", "a");
  if (file == NULL) return;
  const char *secret = getenv("TENON_TEST_SECRET");
  fprintf(file, "%s\\n", secret != NULL ? secret : "(none)");
  fclose(file);
}
${answering('spy', 'x').replace('#include "tenon.h"', '')}`;

test.runIf(withAddon)(
  'the probe of a plugin for the process tier is confined as the plugin will be',
  async () => {
    vi.stubEnv('TENON_TEST_SECRET', 'hush');
    const folder = temporaryFolder();
    const written = join(folder, 'written');
    const path = compile(folder, 'spy', spy(written), ['-std=gnu11']);
    await using host = new PluginHost();

    await host.load(path, { isolation: 'process', sandbox: true, env: {} });
    expect(existsSync(written)).toBe(false);

    await host.load(path, { isolation: 'process', env: {} });
    expect(readFileSync(written, 'utf8')).toBe('(none)\n(none)\n'); // the probe, then the runner

    await host.load(path);
    expect(readFileSync(written, 'utf8')).toBe('(none)\n(none)\nhush\nhush\n'); // probed anew, as free as the host is
    vi.unstubAllEnvs();
  },
);
