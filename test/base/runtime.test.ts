/** Runtimes and systems that do not support all of tenon: each is reported at the import. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  platformProblem,
  type RuntimeFacts,
  runtimeProblem,
  supportProblem,
} from '../../src/base/runtime.js';
import { pluginFile, runNode, temporaryFolder } from '../support/index.js';

const node: RuntimeFacts = {
  platform: 'linux',
  arch: 'x64',
  littleEndian: true,
  versions: { node: '20.19.0' },
};

test.each([
  { platform: 'linux', arch: 'riscv64' },
  { platform: 'darwin', arch: 'arm64' },
  { platform: 'win32', arch: 'arm64' },
  { versions: { node: '26.1.0' } },
])('%j is supported', (facts) => {
  expect(supportProblem({ ...node, ...facts })).toBeNull();
});

test.each([
  [{ platform: 'freebsd' }, 'this is freebsd-x64'],
  [{ platform: 'android', arch: 'arm64' }, 'this is android-arm64'],
  [{ arch: 'ia32' }, 'this is linux-ia32'],
  [{ arch: 'ppc64', littleEndian: false }, 'this is linux-ppc64'],
  [{ versions: { node: '20.18.9' } }, 'needs Node.js 20.19 or newer, and this is 20.18.9'],
])('%j is not, and inspection is named as what works', (facts, sentence) => {
  const problem = supportProblem({ ...node, ...facts });
  expect(problem).toContain(sentence);
  expect(problem).toContain('Inspection works');
});

test('other runtimes lack parts, which are named', () => {
  const bun = { ...node, versions: { node: '24.0.0', bun: '1.4.5' } };
  const deno = { ...node, versions: { node: '24.0.0', deno: '2.9.6' } };
  expect(supportProblem(bun)).toContain('this is Bun 1.4.5');
  expect(supportProblem(deno)).toContain('plugins run only in the inline tier');
  const parts = ['thread', 'process', 'shared-memory'] as const;
  const lacking = (facts: RuntimeFacts) => parts.filter((part) => runtimeProblem(part, facts) !== null);
  expect(lacking(node)).toEqual([]);
  expect(lacking(bun)).toEqual(['shared-memory']);
  expect(lacking(deno)).toEqual(parts);
  expect([platformProblem(bun), platformProblem(deno)]).toEqual([null, null]);
});

describe('a program on such a system', () => {
  /** Runs a program in a Node.js that claims to be something else. */
  async function pretend(claim: string, body: string) {
    const file = join(temporaryFolder(), 'pretend.cjs');
    writeFileSync(file, claim);
    const echo = JSON.stringify(pluginFile('echo'));
    const ended = await runNode(`const echo = ${echo};\n${body}`, { args: ['--require', file] });
    const [warning, ...more] = ended.stderr
      .split('\n')
      .filter((line) => line.includes('TENON_UNSUPPORTED_PLATFORM'));
    return { ...ended, warning, more };
  }

  test('gets one warning at the import, and inspects files', async () => {
    const { stdout, warning, more } = await pretend(
      `Object.defineProperty(process, 'platform', { value: 'freebsd' });`,
      `const error = await new tenon.PluginHost().load(echo).catch((error) => error);
       console.log(JSON.stringify([tenon.inspectFileSync(echo).os, error.code, error.message]));`,
    );
    expect(warning).toContain('this is freebsd-');
    expect(more).toEqual([]);
    const [os, code, message] = JSON.parse(stdout) as string[];
    expect([os, code]).toEqual(['linux', 'ERR_TENON_UNSUPPORTED']);
    expect(message).toContain('Inspection works');
  });

  test('is refused the tiers that its runtime lacks, and not left to crash or hang', async () => {
    const { stdout, warning } = await pretend(
      `Object.defineProperty(process.versions, 'deno', { value: '2.9.6' });`,
      `const host = new tenon.PluginHost();
       const seen = [];
       for (const isolation of ['thread', 'process']) {
         const load = async () => (await host.load(echo, { isolation })).new();
         seen.push(await load().then(() => 'works', ({ code, message }) => code + ' ' + message));
       }
       console.log(JSON.stringify([host.capabilities.isolation, host.capabilities.transports, ...seen]));
       await host.close();`,
    );
    expect(warning).toContain('this is Deno 2.9.6');
    const [isolation, transports, ...seen] = JSON.parse(stdout) as string[];
    expect([isolation, transports]).toEqual([['inline'], []]);
    for (const text of seen) expect(text).toMatch(/^ERR_TENON_UNSUPPORTED .*Deno /);
  });
});
