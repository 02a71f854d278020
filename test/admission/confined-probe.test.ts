import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { answering, compile, temporaryFolder, withAddon } from '../support/index.js';

/** The source of a plugin whose constructor appends an environment variable to a file. */
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
  'the probe of a plugin for the process tier has the confinement that the plugin will have',
  async () => {
    vi.stubEnv('TENON_TEST_SECRET', 'hush');
    const folder = temporaryFolder();
    const written = join(folder, 'written');
    const path = compile(folder, 'spy', spy(written), ['-std=gnu11']);
    await using host = new PluginHost();

    await host.load(path, { isolation: 'process', sandbox: true, env: {} });
    expect(existsSync(written)).toBe(false);

    await host.load(path, { isolation: 'process', env: {} });
    expect(readFileSync(written, 'utf8')).toBe('(none)\n(none)\n'); // The probe, then the runner.

    await host.load(path);
    // The plugin is probed again, this time without confinement, like the host.
    expect(readFileSync(written, 'utf8')).toBe('(none)\n(none)\nhush\nhush\n');
    vi.unstubAllEnvs();
  },
);
