/** The permission model of Node.js: plugins load with the flags that the README names. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  answering,
  compile,
  root,
  runNode,
  temporaryFolder,
  withAddon,
  withRunner,
} from '../support/index.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const stated = /`node (--permission [^`]+)`/.exec(readme.replace(/\s+/g, ' '))?.[1]?.split(' ') ?? [];
const flag = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';
/** The program of the tests is not a file, and Node.js 20 has another name for the flag. */
const flags = (cache: string) =>
  stated
    .filter((one) => one.startsWith('--'))
    .map((one) => (one === '--permission' ? flag : one.replace('CACHE', cache)));
const TIERS = ['inline', ...(withAddon ? ['thread'] : []), ...(withRunner ? ['process'] : [])];

const load = (path: string, isolation: string, options: object, args: readonly string[], env = {}) =>
  runNode(
    `const host = new tenon.PluginHost(${JSON.stringify(options)});
     const outcome = await host.load(${JSON.stringify(path)}, { isolation: '${isolation}' }).then(
       async (plugin) => String(await (await plugin.new()).call(Buffer.alloc(0))),
       (error) => error.code + ' ' + error.message,
     );
     console.log(outcome);
     await host.close();`,
    { args: ['--no-warnings', ...args], env },
  );

/** Builds a plugin with a library that it brings. */
function build(folder: string): string {
  const source = '__attribute__((visibility("default"))) int permitted(void) { return 1; }';
  const library = compile(join(folder, 'lib'), 'permitted', source, ['-Wl,-soname,permitted.so']);
  const plugin = `${answering('permits', 'loaded')}int permitted(void);
__attribute__((used)) static int (*keep)(void) = permitted;`;
  return compile(folder, 'permits', plugin, [library, '-Wl,-rpath,$ORIGIN/lib']);
}

describe.each(TIERS)('with the permission model, tier %s', (isolation) => {
  test('a plugin and its libraries load with the flags that the README names', async () => {
    expect(stated).toContain('--permission');
    const folder = temporaryFolder();
    const cache = join(folder, 'cache');
    mkdirSync(cache, { mode: 0o700 });
    const run = await load(build(folder), isolation, {}, flags(cache), { TENON_CACHE_DIR: cache });
    expect(run).toMatchObject({ code: 0, stdout: 'loaded\n', stderr: '' });
  });

  test('without one of them, the error names it', async () => {
    const folder = temporaryFolder();
    const cache = join(folder, 'cache');
    mkdirSync(cache, { mode: 0o700 });
    for (const missing of ['--allow-fs-write', '--allow-child-process']) {
      const args = flags(cache).filter((one) => !one.startsWith(missing));
      const run = await load(build(folder), isolation, {}, args, { TENON_CACHE_DIR: cache });
      expect(run.stdout).toMatch(/^ERR_TENON_(UNREADABLE|UNSUPPORTED) /);
      expect(run.stdout).toContain(missing);
    }
  });
});
