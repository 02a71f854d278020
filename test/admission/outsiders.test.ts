/** Every library that is loaded with a plugin and is not the system's passes the same trust as the plugin. */
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeCopy } from '../../src/admission/private-copy.js';
import { type LoadOptions, PluginHost, type TrustOptions } from '../../src/index.js';
import { compile, pluginFile, runNode, temporaryFolder, withAddon, withRunner } from '../support/index.js';

const TIERS: readonly LoadOptions[] = [
  { isolation: 'inline' },
  ...(withAddon ? [{ isolation: 'thread' } as const] : []),
  ...(withRunner ? [{ isolation: 'process' } as const] : []),
];
let serial = 0;

interface Pair {
  readonly plugin: string;
  readonly library: string;
}

/** The ways in which the loader finds a library, and the linker's options for each. */
const WAYS: Readonly<Record<string, (folder: string) => readonly string[]>> = {
  'next to the plugin': () => ['-Wl,-rpath,$ORIGIN/../lib'],
  'on an absolute RUNPATH': (folder) => [`-Wl,--enable-new-dtags,-rpath,${folder}`],
  'on an absolute RPATH': (folder) => [`-Wl,--disable-new-dtags,-rpath,${folder}`],
  'at its absolute path': () => [],
};

function build(way: string, body = 'return 42;'): Pair {
  const root = temporaryFolder();
  const name = `outsider${process.pid}x${serial++}`;
  const soname = way === 'at its absolute path' ? join(root, 'lib', `${name}.so`) : `${name}.so`;
  const source = `__attribute__((visibility("default"))) int ${name}(void) { ${body} }`;
  const library = compile(join(root, 'lib'), name, source, [`-Wl,-soname,${soname}`]);
  const plugin = `#include "tenon.h"
int ${name}(void);
static tenon_status work(void *s, const uint8_t *in, size_t n, tenon_out *out) {
  (void)s, (void)in, (void)n;
  int value = ${name}();
  return tenon_write(out, &value, 4);
}
TENON_STATELESS_PLUGIN("needy", "1.0.0", work);`;
  const flags = WAYS[way]?.(dirname(library)) ?? [];
  return { plugin: compile(join(root, 'plug'), name, plugin, [library, ...flags]), library };
}

const digestOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

async function load({ plugin }: Pair, trust: TrustOptions, options: LoadOptions): Promise<number> {
  await using host = new PluginHost({ trust });
  const instance = await (await host.load(plugin, options)).new();
  return (await instance.call(Buffer.alloc(0))).readInt32LE(0);
}

test.runIf(process.platform === 'linux')(
  'the libraries to check are those of the copy, even if the original is replaced meanwhile',
  async () => {
    const { plugin, library } = build('on an absolute RUNPATH');
    const harmless = readFileSync(pluginFile('echo'));
    const real = realpathSync(plugin);
    const pass = async () => undefined;
    const vouch = async () => writeFileSync(real, harmless);
    const limits = { cacheDir: join(temporaryFolder(), 'cache'), maxSize: 1 << 30 };
    const request = { real, identity: '', ...limits, vouch, judge: () => undefined, vouchBundled: pass };
    const copy = await makeCopy(request);
    expect(readFileSync(copy.path)).not.toEqual(harmless);
    expect(copy.outsiders.map(({ path }) => path)).toEqual([library]);
  },
);

const cases = TIERS.flatMap((options) =>
  Object.keys(WAYS).map((way) => ({ way, options, tier: options.isolation })),
);

describe.runIf(process.platform === 'linux').each(cases)('a library $way, $tier', ({ way, options }) => {
  test('is loaded if it can be trusted', async () => {
    const pair = build(way);
    expect(await load(pair, {}, options)).toBe(42);
    const digests = [digestOf(pair.plugin), digestOf(pair.library)];
    expect(await load(pair, { digests }, options)).toBe(42);
  });

  test('is refused if any user can write to it', async () => {
    const pair = build(way);
    chmodSync(pair.library, 0o666);
    await expect(load(pair, {}, options)).rejects.toMatchObject({
      code: 'ERR_TENON_UNTRUSTED',
      gate: 'trust',
      message: expect.stringMatching(/outsider.*any user may write to it \(mode 0666\)/),
    });
    expect(await load(pair, { othersMayWrite: true }, options)).toBe(42);
  });

  test('is refused if any user can write to its folder, or to one above it', async () => {
    const pair = build(way);
    for (const folder of [dirname(pair.library), dirname(dirname(pair.library))]) {
      chmodSync(folder, 0o777);
      await expect(load(pair, {}, options)).rejects.toMatchObject({ code: 'ERR_TENON_UNTRUSTED' });
      chmodSync(folder, 0o755);
    }
    expect(await load(pair, {}, options)).toBe(42);
  });

  test.skipIf(process.getuid?.() !== 0)('is refused if it belongs to a user who is not listed', async () => {
    const pair = build(way);
    chownSync(pair.library, 12345, 0);
    await expect(load(pair, { owners: [0] }, options)).rejects.toMatchObject({
      code: 'ERR_TENON_UNTRUSTED',
      message: expect.stringContaining('belongs to user 12345'),
    });
  });

  test('is refused if its digest is not listed', async () => {
    const pair = build(way);
    await expect(load(pair, { digests: [digestOf(pair.plugin)] }, options)).rejects.toMatchObject({
      code: 'ERR_TENON_UNTRUSTED',
      message: expect.stringMatching(/outsider.*is not among the digests/),
    });
  });
});

test.runIf(process.platform === 'linux')('a library on LD_LIBRARY_PATH passes the same trust', async () => {
  const pair = build('at its absolute path');
  const plugin = join(dirname(pair.plugin), 'byname.so');
  const name = `byname${serial++}`;
  const lib = compile(
    join(dirname(dirname(plugin)), 'env'),
    name,
    `__attribute__((visibility("default"))) int ${name}(void) { return 7; }`,
    [`-Wl,-soname,${name}.so`],
  );
  const source = `#include "tenon.h"
int ${name}(void);
static tenon_status work(void *s, const uint8_t *in, size_t n, tenon_out *out) { (void)s, (void)in, (void)n; int v = ${name}(); return tenon_write(out, &v, 4); }
TENON_STATELESS_PLUGIN("byname", "1.0.0", work);`;
  compile(dirname(plugin), 'byname', source, [lib]);
  const outcome = async (isolation: string) => {
    const run = await runNode(
      `const host = new tenon.PluginHost();
       const error = await host.load(${JSON.stringify(plugin)}, { isolation: ${JSON.stringify(isolation)} }).then(() => null, (reason) => reason);
       console.log(error === null ? 'loaded' : error.code);
       await host.close();`,
      { env: { LD_LIBRARY_PATH: dirname(lib) } },
    );
    return run.stdout.trim();
  };
  for (const { isolation = 'inline' } of TIERS) {
    expect([isolation, await outcome(isolation)]).toEqual([isolation, 'loaded']);
    chmodSync(lib, 0o666);
    expect([isolation, await outcome(isolation)]).toEqual([isolation, 'ERR_TENON_UNTRUSTED']);
    chmodSync(lib, 0o755);
  }
});

test.runIf(process.platform === 'linux')(
  'a library that another host of the process loaded passes the trust of the host that needs it',
  async () => {
    const pair = build('on an absolute RUNPATH');
    chmodSync(pair.library, 0o666);
    await using lenient = new PluginHost({ trust: { othersMayWrite: true } });
    await lenient.load(pair.plugin);
    await expect(load(pair, {}, {})).rejects.toMatchObject({ code: 'ERR_TENON_UNTRUSTED' });
  },
);

test.runIf(process.platform === 'linux' && withRunner)(
  'a library that a constructor opens passes the same trust',
  async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'far'));
    const name = `opened${serial++}`;
    const library = compile(join(root, 'far'), name, 'int unused_symbol(void) { return 1; }');
    const source = `#include "tenon.h"
#include <dlfcn.h>
__attribute__((constructor)) static void begin(void) { dlopen("${library}", RTLD_NOW); }
TENON_STATELESS_PLUGIN("opener", "1.0.0", tenon_drop_something);`
      .replace('tenon_drop_something', 'work')
      .replace(
        '__attribute__',
        'static tenon_status work(void *s, const uint8_t *in, size_t n, tenon_out *out) { (void)s; return tenon_write(out, in, n); }\n__attribute__',
      );
    const plugin = compile(root, 'opener', source, ['-ldl']);
    chmodSync(library, 0o666);
    await using host = new PluginHost();
    await expect(host.load(plugin)).rejects.toMatchObject({ code: 'ERR_TENON_UNTRUSTED' });
    chmodSync(library, 0o755);
    await expect(host.load(plugin)).resolves.toBeDefined();
  },
);
