/** The process tier where the system gives less than usual, or the C library needs more. */
import { describe, expect, test } from 'vitest';
import { PluginHost } from '../../../src/index.js';
import { compile, pluginFile, runNode, temporaryFolder, withAddon } from '../../support/index.js';
import { compiled, hasProcesses, INSIDER, openHost, withoutCalls } from '../../support/processes.js';
import { sanitizer } from '../../support/sanitized.js';

const text = JSON.stringify;
const MEMFD_CREATE = process.arch === 'arm64' ? 279 : 319;
const transports = new PluginHost().capabilities.transports;

describe.runIf(hasProcesses && withAddon)('where shared memory is forbidden', () => {
  test.each([
    ['EPERM', 1],
    ['ENOSYS', 38],
  ])('with %s, a pipe is used', async (_, error) => {
    const body = `
      const host = new tenon.PluginHost();
      console.log(host.capabilities.transports.join(), host.capabilities.isolation.includes('process'));
      const plugin = await host.load(${text(pluginFile('echo'))}, { isolation: 'process' });
      console.log(String((await plugin.newSync()).callSync(Buffer.from('works'))));
      const asked = { isolation: 'process', transport: 'shared-memory' };
      await host.load(${text(pluginFile('wordcount'))}, asked).catch(({ code, message }) => console.log(code, message));
      await host.close();`;
    const ended = await runNode(body, { under: withoutCalls(error, MEMFD_CREATE) });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^pipe true\nworks\nERR_TENON_UNSUPPORTED .*transport: 'pipe'\.\n$/);
  });
});

/** A library with much static thread-local storage, as an allocator that is preloaded has. */
const PRELOADED = `
  static __thread char big[300000] __attribute__((tls_model("initial-exec")));
  char *preloaded(void) { big[1] = 1; return big; }
  __attribute__((constructor)) static void touch(void) { preloaded()[2] = 1; }`;

describe.runIf(hasProcesses && sanitizer === undefined).each(transports)('over %s', (transport) => {
  const load = async (env: Record<string, string>, more = {}) => {
    const options = { isolation: 'process', transport, env, ...more } as const;
    const plugin = await openHost().load(compiled(INSIDER), options);
    const instance = await plugin.new();
    return (what: string) => instance.callSync(Buffer.from(what)).toString();
  };

  test.each([{}, { sandbox: true }, { limits: { memory: 64 << 20 } }])(
    'GLIBC_TUNABLES reaches the process, which starts with much static storage: %o',
    async (more) => {
      const tunables = 'glibc.rtld.optional_static_tls=1000000';
      const ask = await load({ GLIBC_TUNABLES: tunables }, more);
      expect(ask('environment')).toContain(`GLIBC_TUNABLES=${tunables}`);
    },
  );

  test.each([{}, { sandbox: true }])(
    'LD_PRELOAD reaches the process, even with much static storage: %o',
    async (more) => {
      const library = compile(temporaryFolder(), 'preloaded', PRELOADED, []);
      const ask = await load({ LD_PRELOAD: library }, more);
      expect(ask('environment')).toContain(`LD_PRELOAD=${library}`);
    },
  );
});
