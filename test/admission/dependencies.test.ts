import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Plugin, PluginHost } from '../../src/index.js';
import { compile, temporaryFolder, withRunner } from '../support/index.js';

const borrower = (name: string): string => `#include "tenon.h"
const char *lend(void);
static tenon_status answer(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_write(out, lend(), strlen(lend()));
}
TENON_STATELESS_PLUGIN("${name}", "1.0.0", answer);
`;
const lender = (text: string): string =>
  `__attribute__((visibility("default"))) const char *lend(void) { return "${text}"; }\n`;

/** Builds `plugin/NAME.so`, which finds a library in the folder `place` through its RUNPATH. */
function build(folder: string, name: string, place: string, text: string): string {
  const home = join(folder, 'plugin');
  const library = compile(join(home, place), `lib${name}dep`, lender(text), [`-Wl,-soname,lib${name}dep.so`]);
  return compile(home, name, borrower(name), [
    `-L${dirname(library)}`,
    `-l${name}dep`,
    `-Wl,-rpath,$ORIGIN/${place}`,
  ]);
}

const answerOf = async (plugin: Plugin) => String(await (await plugin.new()).call(new Uint8Array(0)));
const answer = async (host: PluginHost, path: string) =>
  String((await host.load(path)).newSync().callSync(new Uint8Array(0)));

describe.runIf(process.platform === 'linux')('libraries that a plugin depends on', () => {
  test.each([
    ['adjacent', '.'],
    ['nested', 'lib/deep'],
  ])('are copied with it: %s', async (name, place) => {
    const folder = temporaryFolder();
    const path = build(folder, name, place, 'lent');
    await using host = new PluginHost({ cacheDir: join(folder, 'cache') });
    expect(await answer(host, path)).toBe('lent');
    const copies = readdirSync(join(folder, 'cache'), { recursive: true }).map(String);
    expect(copies.filter((copy) => copy.endsWith(`lib${name}dep.so`))).toHaveLength(1);
    expect(copies.filter((copy) => copy.endsWith('.tmp'))).toEqual([]);
  });

  test('cause a new copy of the unchanged plugin when one of them changes', async () => {
    const folder = temporaryFolder();
    const path = build(folder, 'changing', '.', 'before');
    await using host = new PluginHost({ cacheDir: join(folder, 'cache') });
    const one = await host.load(path);
    compile(dirname(path), 'libchangingdep', lender('after'), ['-Wl,-soname,libchangingdep2.so']);
    // This process has the old library, and the loader goes by names.
    await expect(host.load(path)).rejects.toMatchObject({
      code: 'ERR_TENON_LOAD_FAILED',
      gate: 'open',
      message: expect.stringMatching(
        /already loaded another library of the name libchangingdep\.so.*'process'/,
      ),
    });
    if (!withRunner) return;
    const two = await host.load(path, { isolation: 'process' });
    expect(await answerOf(two)).toBe('after');
    expect(two.manifest.digest).toBe(one.manifest.digest);
    const folders = readdirSync(join(folder, 'cache'), { recursive: true })
      .map(String)
      .filter((copy) => copy.endsWith('dep.so'));
    expect(folders).toHaveLength(2);
  });

  test('must be trusted like the plugin itself', async () => {
    const folder = temporaryFolder();
    const path = build(folder, 'trusting', '.', 'lent');
    await using open = new PluginHost();
    const { digest } = (await open.load(path)).manifest;
    await using host = new PluginHost({ trust: { digests: [digest] } });
    await expect(host.load(path)).rejects.toMatchObject({
      code: 'ERR_TENON_UNTRUSTED',
      message: expect.stringContaining('libtrustingdep.so'),
    });
  });

  test('make the load fail if they are not libraries', async () => {
    const folder = temporaryFolder();
    const path = build(folder, 'broken', '.', 'lent');
    mkdirSync(join(folder, 'x'));
    writeFileSync(join(dirname(path), 'libbrokendep.so'), 'not a library');
    await using host = new PluginHost();
    await expect(host.load(path)).rejects.toMatchObject({ code: 'ERR_TENON_NOT_A_LIBRARY' });
  });
});
