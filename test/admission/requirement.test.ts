/** A host that requires a certificate of the safety suite, and the certificates that the suite writes. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Certificates } from '../../src/admission/certificates.js';
import { type CheckOptions, certify, check } from '../../src/check/index.js';
import { PluginHost, type RequireCheckOptions } from '../../src/index.js';
import { canCheck } from '../check/support.js';
import { compile, faultFile, folderWith, pluginFile, temporaryFolder } from '../support/index.js';

async function certified(file: string, certificates: string, options: CheckOptions = {}): Promise<void> {
  await certify(await check([file], { seed: 1, ...options }), certificates);
}

async function load(file: string, requireCheck: RequireCheckOptions) {
  await using host = new PluginHost({ requireCheck });
  return (await host.load(file)).name;
}

const untrusted = (words: string) =>
  expect.objectContaining({
    code: 'ERR_TENON_UNTRUSTED',
    gate: 'trust',
    message: expect.stringContaining(words),
  });

describe.skipIf(!canCheck)('a host that requires a certificate', () => {
  test('refuses a file without a certificate and admits it once it passed the level', async () => {
    const certificates = join(temporaryFolder(), 'certificates.json');
    const file = pluginFile('wordcount');
    await expect(load(file, { level: 'basic', certificates })).rejects.toEqual(
      untrusted('found no certificate'),
    );
    await certified(file, certificates);
    await expect(load(file, { level: 'basic', certificates })).resolves.toBe('wordcount');
  });

  test('refuses a file that only passed a lower level, and gives the command to run', async () => {
    const certificates = join(temporaryFolder(), 'certificates.json');
    const file = pluginFile('echo');
    await certified(file, certificates);
    await expect(load(file, { level: 'strict', certificates })).rejects.toEqual(
      untrusted(`tenon check ${file} --level strict --certificates ${certificates}`),
    );
    await certified(file, certificates, { level: 'strict' });
    await expect(load(file, { level: 'strict', certificates })).resolves.toBe('echo');
    await expect(load(file, { level: 'basic', certificates })).resolves.toBe('echo');
  });

  test('refuses a file that failed a check, and names the check', async () => {
    const certificates = join(temporaryFolder(), 'certificates.json');
    const file = faultFile('returns-42');
    await certified(file, certificates);
    await expect(load(file, { level: 'basic', certificates })).rejects.toEqual(
      untrusted('failed calls/plain'),
    );
  });

  test('refuses a rebuilt file until it has a certificate of its own', async () => {
    const folder = folderWith(pluginFile('echo'));
    const certificates = join(folder, 'certificates.json');
    const file = join(folder, pluginFile('echo').slice(pluginFile('echo').lastIndexOf('/') + 1));
    await certified(file, certificates);
    await expect(load(file, { level: 'basic', certificates })).resolves.toBe('echo');
    const source = `#include "tenon.h"
static tenon_status call(void *s, const uint8_t *in, size_t n, tenon_out *out) { (void)s; return tenon_write(out, in, n); }
TENON_STATELESS_PLUGIN("echo", "2.0.0", call);`;
    cpSync(compile(temporaryFolder(), 'echo', source), file);
    await expect(load(file, { level: 'basic', certificates })).rejects.toEqual(
      untrusted('found no certificate'),
    );
  });

  test('a later failure replaces a clean certificate, a clean run of a lower level does not', async () => {
    const path = join(temporaryFolder(), 'certificates.json');
    const certificates = new Certificates(path);
    const [file] = (await check([pluginFile('math')], { level: 'strict', seed: 1 })).files;
    const digest = file?.sha256 ?? '';
    await certified(pluginFile('math'), path, { level: 'strict' });
    await certified(pluginFile('math'), path);
    expect(await certificates.get(digest)).toMatchObject({ level: 'strict', outcome: 'clean', name: 'math' });
    const strict = await certificates.get(digest);
    if (strict === undefined) throw new Error('there is no certificate');
    await certificates.add([{ ...strict, level: 'basic', outcome: 'findings', failed: ['calls/plain'] }]);
    await expect(load(pluginFile('math'), { level: 'basic', certificates: path })).rejects.toEqual(
      untrusted('failed calls/plain'),
    );
  });

  test('can require a version of the suite', async () => {
    const certificates = join(temporaryFolder(), 'certificates.json');
    await certified(pluginFile('echo'), certificates);
    await expect(load(pluginFile('echo'), { level: 'basic', certificates, suite: '>=99' })).rejects.toEqual(
      untrusted('expected >=99'),
    );
  });

  test('a filtered run writes no certificate, and files that are not plugins are skipped', async () => {
    const certificates = join(temporaryFolder(), 'certificates.json');
    const part = await check([pluginFile('echo')], { filter: ['file/*'] });
    await expect(certify(part, certificates)).rejects.toMatchObject({ code: 'ERR_TENON_INVALID_ARGUMENT' });
    const none = await check([process.execPath, join(temporaryFolder(), 'nothing.so')]);
    await expect(certify(none, certificates)).resolves.toBe(0);
  });

  test('a malformed certificates file admits nothing and is replaced by the next run', async () => {
    const folder = temporaryFolder();
    const certificates = join(folder, 'certificates.json');
    writeFileSync(certificates, '{"format":"something else"}');
    await expect(load(pluginFile('echo'), { level: 'basic', certificates })).rejects.toEqual(
      untrusted('found no certificate'),
    );
    await certified(pluginFile('echo'), certificates);
    expect(readFileSync(certificates, 'utf8')).toContain('tenon-certificates/1');
  });

  test.each([
    [{ level: 'hard', certificates: 'x' }, 'requireCheck.level'],
    [{ level: 'basic' }, 'requireCheck.certificates'],
    [{ level: 'basic', certificates: 'x', suite: 'newest' }, 'requireCheck.suite'],
    [{ level: 'basic', certificates: 'x', digest: 'y' }, 'requireCheck.digest'],
    ['basic', 'requireCheck'],
  ])('refuses invalid options: %j', (requireCheck, argument) => {
    expect(() => new PluginHost({ requireCheck: requireCheck as RequireCheckOptions })).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument }),
    );
  });
});
