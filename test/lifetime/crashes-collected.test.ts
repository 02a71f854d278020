/** Crashes of many generations: what belonged to them is collected after the host was closed. */
import { expect, test } from 'vitest';
import { compile, runNode, temporaryFolder, withAddon } from '../support/index.js';
import { hasProcesses } from '../support/processes.js';

const CRASHES = `#include "tenon.h"
#include <stdlib.h>
static tenon_status work(void *s, const uint8_t *in, size_t n, tenon_out *out) {
  (void)s, (void)in, (void)n, (void)out;
  abort();
}
TENON_STATELESS_PLUGIN("crashes", "1.0.0", work);`;

test.runIf(hasProcesses).each([...(withAddon ? ['shared-memory'] : []), 'pipe'])(
  'over %s',
  async (transport) => {
    const file = compile(temporaryFolder(), 'crashes', CRASHES);
    const { stdout, stderr, code } = await runNode(
      `import { ChildProcess } from 'node:child_process';
      import { setTimeout as delay } from 'node:timers/promises';
      import { queryObjects } from 'node:v8';
      const options = { isolation: 'process', transport: ${JSON.stringify(transport)}, whenDown: 'wait',
        restart: { max: 1000, backoff: { initial: 0, max: 0 } } };
      for (let round = 0; round < 6; round++) {
        const host = new tenon.PluginHost();
        const plugin = await host.load(${JSON.stringify(file)}, options);
        const instances = await Promise.all([plugin.new(), plugin.new()]);
        for (let i = 0; i < 15; i++) await instances[i % 2].call(Buffer.from('x')).catch(() => undefined);
        await host.close();
      }
      let left;
      for (let i = 0; i < 100; i++) {
        gc();
        left = queryObjects(ChildProcess, { format: 'count' });
        if (left <= 6) break;
        await delay(100);
      }
      console.log(left <= 6 ? 'collected' : left + ' processes are still known');`,
      { args: ['--expose-gc', '--no-warnings'] },
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'collected\n', stderr: '' });
  },
);
