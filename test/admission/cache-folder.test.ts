/**
 * The folder of private copies: the option `cacheDir`, TENON_CACHE_DIR, or a folder in the temporary folder.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { pluginFile, runNode, temporaryFolder } from '../support/index.js';

const braced = (name: string) => `\${${name}}`;

/**
 * Loads a plugin in a process with these environment variables. Returns `loaded`, or the code and message.
 */
async function load(env: Record<string, string>) {
  const run = await runNode(
    `const host = new tenon.PluginHost();
     const error = await host.load(plugins + '/echo' + extension).then(() => null, (reason) => reason);
     console.log(error === null ? 'loaded' : error.code + ' ' + error.message);
     await host.close();`,
    { env },
  );
  expect(run).toMatchObject({ code: 0, stderr: '' });
  return run.stdout.trimEnd();
}

describe('TENON_CACHE_DIR', () => {
  test('is ignored if it is empty', async () => {
    const TMPDIR = temporaryFolder();
    expect(await load({ TENON_CACHE_DIR: '', TMPDIR })).toBe('loaded');
    expect(readdirSync(TMPDIR).some((name) => name.startsWith('tenon-'))).toBe(true);
  });

  test('sets the folder', async () => {
    const folder = join(temporaryFolder(), 'cache');
    expect(await load({ TENON_CACHE_DIR: folder })).toBe('loaded');
    expect(existsSync(folder)).toBe(true);
  });

  test
    .runIf(process.platform === 'linux')
    .each(['$ORIGIN', braced('ORIGIN'), 'a$LIB', `${braced('LIB')}b`, '$PLATFORM-x'])(
    'is refused if it contains %s, which the loader would expand',
    async (token) => {
      const folder = join(temporaryFolder(), token);
      const outcome = await load({ TENON_CACHE_DIR: folder });
      expect(outcome).toMatch(
        /^ERR_TENON_UNREADABLE Cannot keep private copies of plugins in .*: the loader expands/,
      );
      expect(outcome).toContain(token.replace(/^a|b$|-x$/, ''));
      expect(existsSync(folder)).toBe(false);
      expect(await load({ TENON_CACHE_DIR: '', TMPDIR: folder })).toContain('the loader expands');
    },
  );
});

test.each(['$ORIGINAL', '$LIBRARY', '${LIB', '$HOME', '$', 'a $ b'])(
  'a cacheDir with %s is an ordinary folder',
  async (name) => {
    await using host = new PluginHost({ cacheDir: join(temporaryFolder(), name) });
    expect((await host.load(pluginFile('echo'))).name).toBe('echo');
  },
);

test.runIf(process.platform === 'linux').each(['/x/$ORIGIN', `y${braced('LIB')}`, '$PLATFORM'])(
  'the option cacheDir %s is refused',
  (cacheDir) => {
    const [token] = /\$[{}A-Z]+/.exec(cacheDir) ?? [];
    expect(() => new PluginHost({ cacheDir })).toThrow(
      `The argument 'cacheDir' must not contain ${token}, because the loader puts something else in its place. Choose a folder without it.`,
    );
  },
);
