/** Plugins that flood their standard streams: the host stays responsive, whether or not it listens. */
import { expect, onTestFinished, test } from 'vitest';
import { type LoadOptions, type Plugin, PluginHost } from '../../../src/index.js';
import { compile, temporaryFolder, withAddon, withRunner } from '../../support/index.js';

/** Prints as many MiB of its first byte as the second byte says, then a last line. */
const SOURCE = `#define _POSIX_C_SOURCE 200809L
#include "tenon.h"
#include <string.h>
#include <unistd.h>
static void put(const char *bytes, size_t size) {
  for (size_t at = 0; at < size;) {
    ssize_t written = write(1, bytes + at, size - at);
    if (written > 0) at += (size_t)written;
  }
}
static tenon_status work(void *s, const uint8_t *in, size_t n, tenon_out *out) {
  static char block[1 << 16];
  (void)s, (void)n;
  memset(block, in[0], sizeof block);
  for (int i = 0; i < in[1] * 16; i++) put(block, sizeof block);
  put("last line\\n", 10);
  return tenon_write(out, "ok", 2);
}
TENON_STATELESS_PLUGIN("flood", "1.0.0", work);`;

const TRANSPORTS: readonly (readonly [string, LoadOptions])[] = [
  ...(withAddon ? [['shared-memory', { transport: 'shared-memory' }] as const] : []),
  ['pipe', { transport: 'pipe' }],
];
const FLOODS = TRANSPORTS.flatMap(([name, options]) =>
  ['\n', 'x', '\r', '\u00ff'].flatMap((byte) =>
    (['call', 'callSync'] as const).flatMap((way) =>
      [false, true].map((listens) => ({ name, options, byte, shown: JSON.stringify(byte), way, listens })),
    ),
  ),
);

/** Keeps what the event loop did meanwhile: its processor time, and the turns in between. */
function measure(): { costs(): { ms: number; bytes: number; turns: number } } {
  const before = process.cpuUsage();
  const memory = process.memoryUsage().rss;
  let turns = 0;
  let most = memory;
  const timer = setInterval(() => {
    turns += 1;
    most = Math.max(most, process.memoryUsage().rss);
  }, 1);
  onTestFinished(() => clearInterval(timer));
  return {
    costs: () => {
      const { user, system } = process.cpuUsage(before);
      return { ms: (user + system) / 1000, bytes: most - memory, turns };
    },
  };
}

async function lastLineOf(plugin: Plugin): Promise<void> {
  await new Promise<void>((resolve) => {
    plugin.on('stdout', (line) => line.endsWith('last line') && resolve());
  });
}

test.runIf(withRunner && process.platform === 'linux').each(FLOODS)(
  '30 MiB of $shown in $way over $name, listening: $listens',
  async ({ options, byte, way, listens }) => {
    const file = compile(temporaryFolder(), 'flood', SOURCE);
    await using host = new PluginHost();
    const plugin = await host.load(file, { isolation: 'process', timeout: 50_000, ...options });
    const instance = await plugin.new();
    const ended = listens ? lastLineOf(plugin) : undefined;
    const measured = measure();
    expect(String(await instance[way](Buffer.from([byte.charCodeAt(0), 30])))).toBe('ok');
    await ended;
    const { ms, bytes, turns } = measured.costs();
    expect(bytes).toBeLessThan(200e6);
    // The figures are processor time, and leave room for a slow processor.
    expect(ms).toBeLessThan(listens ? 10_000 : 3000);
    if (way === 'call' && listens && byte === '\n') expect(turns).toBeGreaterThan(5);
    expect(instance.callSync(Buffer.from([byte.charCodeAt(0), 0])).toString()).toBe('ok');
  },
);
