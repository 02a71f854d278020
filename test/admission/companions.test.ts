/** The libraries that come along with a plugin: those that the loader would choose are there in every tier. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { companionsOf } from '../../src/admission/companions.js';
import { type LoadOptions, PluginHost } from '../../src/index.js';
import { findNeeded } from '../../src/library/search.js';
import { compile, runNode, temporaryFolder, withAddon, withRunner } from '../support/index.js';

/** The source of a library that returns the result of another one, or its own name. */
const relay = (name: string, next?: string): string =>
  next === undefined
    ? `__attribute__((visibility("default"))) const char *${name}(void) { return "${name}"; }`
    : `const char *${next}(void); __attribute__((visibility("default"))) const char *${name}(void) { return ${next}(); }`;
const asking = (name: string, library: string): string => `#include "tenon.h"
const char *${library}(void);
static tenon_status answer(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_write(out, ${library}(), strlen(${library}()));
}
TENON_STATELESS_PLUGIN("${name}", "1.0.0", answer);
`;

let serial = 0;
/** Makes names that no other test of this process uses: the loader goes by names. */
const unique = (name: string) => `${name}${process.pid}x${serial++}`;

interface Layout {
  readonly rpath: string;
  readonly tag: 'RPATH' | 'RUNPATH';
  /** The folders of the front library and of the library that it needs, relative to the plugin. */
  readonly front: string;
  readonly back: string;
}

/** Builds a plugin that needs a front library, which needs a back library without saying where it is. */
function build(root: string, { rpath, tag, front, back }: Layout): { path: string; answer: string } {
  const [plugin, one, two] = [unique('plugin'), unique('front'), unique('back')];
  const home = join(root, 'pkg');
  mkdirSync(join(home, 'a'), { recursive: true });
  const search = `-Wl,${tag === 'RPATH' ? '--disable-new-dtags' : '--enable-new-dtags'},-rpath,${rpath}`;
  const places = [join(home, back), join(home, front)];
  const soname = (name: string) => `-Wl,-soname,${name}.so`;
  const last = compile(join(home, back), two, relay(two), [soname(two)]);
  const own = tag === 'RUNPATH' ? [search.replace(rpath, '$ORIGIN')] : [];
  const first = compile(join(home, front), one, relay(one, two), [soname(one), last, ...own]);
  const links = places.map((place) => `-Wl,-rpath-link,${place}`);
  return { path: compile(home, plugin, asking(plugin, one), [first, search, ...links]), answer: two };
}

const LAYOUTS: readonly (readonly [string, Layout])[] = [
  ['an inherited RPATH', { tag: 'RPATH', rpath: '$ORIGIN/lib', front: 'lib', back: 'lib' }],
  ['a RUNPATH of each', { tag: 'RUNPATH', rpath: '$ORIGIN/lib', front: 'lib', back: 'lib' }],
  [
    'a folder above, as in wheels',
    { tag: 'RUNPATH', rpath: '$ORIGIN/../pkg.libs', front: '../pkg.libs', back: '../pkg.libs' },
  ],
  [
    'an inherited folder above',
    { tag: 'RPATH', rpath: '$ORIGIN/../../deep/libs', front: '../../deep/libs', back: '../../deep/libs' },
  ],
  ['a way down and up again', { tag: 'RPATH', rpath: '$ORIGIN/a/../b', front: 'b', back: 'b' }],
  [
    'braces and several folders',
    { tag: 'RPATH', rpath: `$${'{ORIGIN}'}/none:$${'{ORIGIN}'}/x`, front: 'x', back: 'x' },
  ],
];
const TIERS: readonly LoadOptions[] = [
  { isolation: 'inline' },
  ...(withAddon ? [{ isolation: 'thread' } as const] : []),
  ...(withRunner && withAddon ? [{ isolation: 'process', transport: 'shared-memory' } as const] : []),
  ...(withRunner ? [{ isolation: 'process', transport: 'pipe' } as const] : []),
  ...(withRunner ? [{ isolation: 'process', sandbox: { read: [] } } as const] : []),
];

/** Returns the files that the loader really opens for a library, from its own messages. */
function chosenByLoader(path: string): Set<string> {
  const script = `import ctypes, sys; ctypes.CDLL(sys.argv[1])`;
  const { stderr } = spawnSync('python3', ['-c', script, path], {
    encoding: 'utf8',
    env: { ...process.env, LD_DEBUG: 'libs' },
  });
  const initialized = [...stderr.matchAll(/calling init: (\S+)/g)].map(([, file = '']) => realpathSync(file));
  return new Set(initialized);
}

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.runIf(process.platform === 'linux')('libraries that come along', () => {
  describe.each(LAYOUTS)('with %s', (_, layout) => {
    test('are found in every tier', async () => {
      for (const options of TIERS) {
        const { path, answer } = build(join(temporaryFolder(), 'deep', 'er'), layout);
        await using host = new PluginHost();
        const plugin = await host.load(path, options);
        const instance = await plugin.new();
        expect([options, String(await instance.call(Buffer.alloc(0)))]).toEqual([options, answer]);
      }
    });

    test.runIf(hasPython)('are those that the loader chooses', () => {
      const { path } = build(join(temporaryFolder(), 'deep', 'er'), layout);
      const expected = chosenByLoader(path);
      const { bundled } = companionsOf(path, process.arch);
      expect(bundled).toHaveLength(2);
      for (const one of bundled) expect(expected).toContain(realpathSync(one.path));
      for (const { path: found } of findNeeded(path)) expect(found).not.toBeNull();
    });
  });

  test('leave no temporary file, and one copy of each', async () => {
    const folder = temporaryFolder();
    const { path } = build(folder, {
      tag: 'RPATH',
      rpath: '$ORIGIN/../libs',
      front: '../libs',
      back: '../libs',
    });
    await using host = new PluginHost({ cacheDir: join(folder, 'cache') });
    await host.load(path);
    const copies = readdirSync(join(folder, 'cache'), { recursive: true }).map(String);
    expect(copies.filter((copy) => copy.endsWith('.so'))).toHaveLength(3);
    expect(copies.filter((copy) => copy.endsWith('.tmp'))).toEqual([]);
  });

  test('are refused where a link makes `..` lead elsewhere', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'pkg'));
    mkdirSync(join(folder, 'far', 'inner'), { recursive: true });
    symlinkSync(join(folder, 'far', 'inner'), join(folder, 'pkg', 'a'));
    const name = unique('linked');
    const library = compile(join(folder, 'far', 'b'), name, relay(name), [`-Wl,-soname,${name}.so`]);
    const path = compile(join(folder, 'pkg'), unique('plugin'), asking('linked', name), [
      library,
      '-Wl,-rpath,$ORIGIN/a/../b',
    ]);
    await using host = new PluginHost();
    mkdirSync(join(folder, 'pkg', 'b'));
    await expect(host.load(path)).rejects.toMatchObject({ code: 'ERR_TENON_LOAD_FAILED', gate: 'copy' });
  });

  test('are refused, and do no harm, if they are truncated', async () => {
    for (const options of TIERS) {
      const { path } = build(temporaryFolder(), { tag: 'RPATH', rpath: '$ORIGIN', front: '.', back: '.' });
      const [library = ''] = readdirSync(dirname(path)).filter((name) => /^back.*\.so$/.test(name));
      truncateSync(join(dirname(path), library), 12 * 1024);
      await using host = new PluginHost();
      await expect(host.load(path, options)).rejects.toMatchObject({
        code: 'ERR_TENON_NOT_A_LIBRARY',
        gate: 'copy',
        message: expect.stringMatching(/back.*truncated/),
      });
    }
  });

  test.each(['..', '../..', '../../..', '../'.repeat(40)])(
    'are not searched above the copies, in %s, where others may have put some',
    async (above) => {
      const folder = temporaryFolder();
      const name = unique('above');
      const cacheDir = join(folder, 'some', 'cache');
      const real = join(folder, 'real');
      const soname = `-Wl,-soname,${name}.so`;
      const genuine = compile(real, name, relay(name), [soname]);
      for (const place of [cacheDir, dirname(cacheDir), folder])
        compile(join(place, 'lib'), name, relay(name).replace('return "', 'return "not '), [soname]);
      chmodSync(cacheDir, 0o700);
      const path = compile(
        join(folder, 'far', 'deeper', 'than', 'copies'),
        unique('plugin'),
        asking('climbs', name),
        [genuine, `-Wl,-rpath,$ORIGIN/${above}/lib:${real}`],
      );
      for (const options of TIERS) {
        await using host = new PluginHost({ cacheDir });
        const plugin = await host.load(path, options);
        const instance = await plugin.new();
        expect([options, String(await instance.call(Buffer.alloc(0)))]).toEqual([options, name]);
      }
    },
  );

  test('of the system are not copied', async () => {
    const folder = temporaryFolder();
    const path = compile(
      folder,
      unique('plugin'),
      asking('mathematical', 'strdup_none').replace(
        'const char *strdup_none(void);',
        '#include <math.h>\nstatic const char *strdup_none(void) { volatile double x = 1; return cos(x) > 2 ? "a" : "b"; }',
      ),
      ['-lm'],
    );
    expect(companionsOf(path, process.arch)).toEqual({ bundled: [], outsiders: [], fixed: true });
    expect(findNeeded(path).map(({ name }) => name)).toContain('libm.so.6');
  });
});

test.runIf(process.platform === 'linux' && withRunner)(
  'two plugins that bring the same library share a process',
  async () => {
    const folder = temporaryFolder();
    const name = unique('shared');
    const library = compile(folder, name, relay(name), [`-Wl,-soname,${name}.so`]);
    const paths = ['one', 'two'].map((plugin) =>
      compile(folder, unique(plugin), asking(plugin, name), [library, '-Wl,-rpath,$ORIGIN']),
    );
    await using host = new PluginHost();
    for (const path of paths) {
      const instance = await (await host.load(path)).new();
      expect(String(instance.callSync(Buffer.alloc(0)))).toBe(name);
    }
  },
);

test.runIf(process.platform === 'linux')('LD_LIBRARY_PATH counts as it does for the loader', async () => {
  const folder = temporaryFolder();
  const name = unique('env');
  const lender = compile(join(folder, 'env'), name, relay(name), [`-Wl,-soname,${name}.so`]);
  const path = compile(folder, unique('plugin'), asking('environmental', name), [lender]);
  const run = await runNode(
    `const host = new tenon.PluginHost();
     const plugin = await host.load(${JSON.stringify(path)});
     console.log(String((await plugin.new()).callSync(Buffer.alloc(0))));
     await host.close();`,
    { env: { LD_LIBRARY_PATH: dirname(lender) } },
  );
  expect(run).toMatchObject({ code: 0, stdout: `${name}\n` });
  expect(execFileSync('readelf', ['-d', path], { encoding: 'utf8' })).not.toContain('RUNPATH');
  expect(readFileSync(path).length).toBeGreaterThan(0);
});
