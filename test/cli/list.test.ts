import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  answering,
  compile,
  faultFile,
  folderWith,
  pluginFile,
  pluginsDir,
  temporaryFolder,
} from '../support/index.js';
import { hasProcesses } from '../support/processes.js';
import { tenon } from './run.js';
import { hasScript, onTerminal, shownLines, tooWide } from './terminal.js';

interface Listing {
  readonly plugins: readonly Record<string, unknown>[];
  readonly refused: readonly Record<string, unknown>[];
  readonly shadowed: readonly Record<string, unknown>[];
  readonly notPlugins: readonly string[];
}

/** The source of a library that is not a plugin. */
const HELPER =
  'int helper(int a) { return a + 1; } __attribute__((visibility("default"))) int helped(void) { return helper(1); }';

describe('tenon list --json', () => {
  test('prints manifests, refusals and shadowed files, and nothing else', async () => {
    const first = folderWith(pluginFile('wordcount'), pluginFile('math'));
    const second = folderWith(pluginFile('wordcount'));
    writeFileSync(join(second, 'broken.so'), 'text');
    const run = await tenon(['list', '--json', first, second]);
    expect(run.code).toBe(1);
    const { plugins, refused, shadowed, ...rest } = JSON.parse(run.stdout) as Listing;
    expect(rest).toEqual({ notPlugins: [] });
    expect(plugins.map((plugin) => plugin.name)).toEqual(['math', 'wordcount']);
    expect(plugins[0]).toMatchObject({ abi: '1.0.0', kinds: { math: '1.0.0' }, language: 'c' });
    expect(plugins[0]?.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(refused).toMatchObject([{ code: 'ERR_TENON_NOT_A_LIBRARY', path: join(second, 'broken.so') }]);
    expect(shadowed).toMatchObject([{ code: 'ERR_TENON_SHADOWED', path: join(second, 'wordcount.so') }]);
  });

  test('prints no state, because no plugin runs after the command has ended', async () => {
    const { stdout } = await tenon(['list', '--json', folderWith(pluginFile('math'))]);
    const [plugin] = (JSON.parse(stdout) as Listing).plugins;
    expect(plugin).toMatchObject({ name: 'math', isolation: hasProcesses ? 'process' : 'inline' });
    expect(plugin).not.toHaveProperty('state');
  });

  test.each([['inline'], ...(hasProcesses ? [['process']] : [])])(
    'prints valid JSON even if plugins print while they are loaded (%s)',
    async (isolation) => {
      const folder = temporaryFolder();
      const source = `#include <stdio.h>
#include <unistd.h>
#include "tenon.h"
__attribute__((constructor)) static void talk(void) { puts("from puts"); fflush(stdout); if (write(1, "from write\\n", 11) < 0) return; }
static tenon_status nothing(void *state, const uint8_t *in, size_t in_len, tenon_out *out) { (void)state, (void)in, (void)in_len, (void)out; return TENON_OK; }
TENON_STATELESS_PLUGIN("talker", "1.0.0", nothing);`;
      compile(folder, 'talker', source);
      const run = await tenon(['list', '--json', folder, '--isolation', isolation]);
      expect(run.code).toBe(0);
      expect((JSON.parse(run.stdout) as Listing).plugins).toMatchObject([{ name: 'talker' }]);
      if (isolation === 'inline') expect(run.stderr).toContain('from puts');
    },
  );

  test('searches subfolders only with --depth, and the folders of TENON_PATH', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'below'));
    const env = { TENON_PATH: folderWith(pluginFile('math')) };
    writeFileSync(join(folder, 'below', 'broken.so'), 'text');
    expect(await tenon(['list', '--json', folder])).toMatchObject({ code: 0 });
    const deeper = await tenon(['list', '--json', '--depth', '1', folder], { env });
    expect(deeper.code).toBe(1);
    const { plugins, refused } = JSON.parse(deeper.stdout) as Listing;
    expect(refused).toHaveLength(1);
    expect(plugins).toMatchObject([{ name: 'math' }]);
    expect(JSON.parse((await tenon(['list', '--json'], { env })).stdout)).toMatchObject({
      plugins: [{ name: 'math' }],
    });
  });
});

describe('tenon list', () => {
  test('prints a table of the plugins and the reasons of refusals', async () => {
    const folder = folderWith(pluginFile('math'));
    writeFileSync(join(folder, 'broken.so'), 'text');
    const run = await tenon(['list', folder, join(folder, 'missing')]);
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(
      /^1 plugin\n {2}NAME +VERSION +ABI +LANGUAGE +KINDS +DIGEST +MS +PATH\n {2}math +1\.0\.0 +1\.0\.0 +c +math 1\.0\.0 /,
    );
    expect(run.stdout).toContain('2 refused');
    expect(run.stdout).toMatch(/broken\.so\n {4}ERR_TENON_NOT_A_LIBRARY/);
    expect(run.stdout).toMatch(/missing\n {4}ERR_TENON_NOT_FOUND/);
  });

  test('exits with 0 for an empty folder', async () => {
    expect(await tenon(['list', temporaryFolder()])).toMatchObject({ code: 0, stdout: '0 plugins\n' });
  });

  test('lists a helper library in the folder as not a plugin, and exits with 0', async () => {
    const folder = folderWith(pluginFile('math'));
    const helper = compile(folder, 'libhelper', HELPER);
    const run = await tenon(['list', folder]);
    expect(run).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`\n1 not a plugin\n  ${helper}\n`),
    });
    const { refused, notPlugins } = JSON.parse((await tenon(['list', '--json', folder])).stdout) as Listing;
    expect({ refused, notPlugins }).toEqual({ refused: [], notPlugins: [helper] });
  });

  test('lists a plugin that lacks an entry point as refused', async () => {
    const file = faultFile('no-get-plugin');
    const run = await tenon(['list', folderWith(file)]);
    expect(run).toMatchObject({ code: 1, stdout: expect.stringContaining('ERR_TENON_MISSING_SYMBOL') });
    expect(run.stdout).not.toContain('not a plugin');
  });

  test.runIf(hasScript)('omits columns and shortens paths on a narrow terminal', async () => {
    const folder = join(temporaryFolder(), 'a-folder-with-quite-a-long-name', 'plugins');
    compile(folder, 'answer', answering('answer', 'x'));
    const wide = await onTerminal(['list', pluginsDir], { columns: 200 });
    expect(wide).toMatch(/NAME +VERSION +ABI +LANGUAGE +KINDS +DIGEST +MS +PATH/);
    const narrow = await onTerminal(['list', folder], { columns: 60 });
    expect(tooWide(narrow, 60)).toEqual([]);
    const line = shownLines(narrow).find((one) => one.includes('answer')) ?? '';
    expect(line).toMatch(/^ {2}answer +1\.0\.0 +….*plugins\/answer\.so$/);
    expect(narrow).not.toContain('DIGEST');
  });
});
