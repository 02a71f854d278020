/** A host that demands a record of the safety suite, and the records that the suite writes. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CheckRecords } from '../../src/admission/check-records.js';
import { type CheckOptions, check, recordVerdict } from '../../src/check/index.js';
import { PluginHost, type RequireOptions } from '../../src/index.js';
import { canCheck } from '../check/support.js';
import { compile, faultFile, folderWith, pluginFile, temporaryFolder } from '../support/index.js';

async function recorded(file: string, records: string, options: CheckOptions = {}): Promise<void> {
  await recordVerdict(await check([file], { seed: 1, ...options }), records);
}

async function load(file: string, require: RequireOptions) {
  await using host = new PluginHost({ require });
  return (await host.load(file)).name;
}

const untrusted = (words: string) =>
  expect.objectContaining({
    code: 'ERR_TENON_UNTRUSTED',
    gate: 'trust',
    message: expect.stringContaining(words),
  });

describe.skipIf(!canCheck)('a host that demands a record', () => {
  test('admits a file that passed the level, and refuses it without a record', async () => {
    const records = join(temporaryFolder(), 'records.json');
    const file = pluginFile('wordcount');
    await expect(load(file, { level: 'basic', records })).rejects.toEqual(untrusted('there is no record'));
    await recorded(file, records);
    await expect(load(file, { level: 'basic', records })).resolves.toBe('wordcount');
  });

  test('refuses a file that only passed a lower level, and says how to go on', async () => {
    const records = join(temporaryFolder(), 'records.json');
    const file = pluginFile('echo');
    await recorded(file, records);
    await expect(load(file, { level: 'strict', records })).rejects.toEqual(
      untrusted(`tenon check ${file} --level strict --record ${records}`),
    );
    await recorded(file, records, { level: 'strict' });
    await expect(load(file, { level: 'strict', records })).resolves.toBe('echo');
    await expect(load(file, { level: 'basic', records })).resolves.toBe('echo');
  });

  test('refuses a file that failed, and names the check', async () => {
    const records = join(temporaryFolder(), 'records.json');
    const file = faultFile('returns-42');
    await recorded(file, records);
    await expect(load(file, { level: 'basic', records })).rejects.toEqual(untrusted('failed calls/plain'));
  });

  test('a rebuilt file needs a record of its own', async () => {
    const folder = folderWith(pluginFile('echo'));
    const records = join(folder, 'records.json');
    const file = join(folder, pluginFile('echo').slice(pluginFile('echo').lastIndexOf('/') + 1));
    await recorded(file, records);
    await expect(load(file, { level: 'basic', records })).resolves.toBe('echo');
    const source = `#include "tenon.h"
static tenon_status call(void *s, const uint8_t *in, size_t n, tenon_out *out) { (void)s; return tenon_write(out, in, n); }
TENON_STATELESS_PLUGIN("echo", "2.0.0", call);`;
    cpSync(compile(temporaryFolder(), 'echo', source), file);
    await expect(load(file, { level: 'basic', records })).rejects.toEqual(untrusted('there is no record'));
  });

  test('a newer failure of the same bytes counts, a clean run of a lower level does not', async () => {
    const path = join(temporaryFolder(), 'records.json');
    const records = new CheckRecords(path);
    const [file] = (await check([pluginFile('math')], { level: 'strict', seed: 1 })).files;
    const digest = file?.sha256 ?? '';
    await recorded(pluginFile('math'), path, { level: 'strict' });
    await recorded(pluginFile('math'), path);
    expect(await records.get(digest)).toMatchObject({ level: 'strict', outcome: 'clean', name: 'math' });
    const strict = await records.get(digest);
    if (strict === undefined) throw new Error('there is no record');
    await records.add([{ ...strict, level: 'basic', outcome: 'findings', failed: ['calls/plain'] }]);
    await expect(load(pluginFile('math'), { level: 'basic', records: path })).rejects.toEqual(
      untrusted('failed calls/plain'),
    );
  });

  test('a version of the suite can be demanded', async () => {
    const records = join(temporaryFolder(), 'records.json');
    await recorded(pluginFile('echo'), records);
    await expect(load(pluginFile('echo'), { level: 'basic', records, suite: '>=99' })).rejects.toEqual(
      untrusted('expected >=99'),
    );
  });

  test('what was checked in part is not recorded, and files that are no plugins are left out', async () => {
    const records = join(temporaryFolder(), 'records.json');
    const part = await check([pluginFile('echo')], { filter: ['file/*'] });
    await expect(recordVerdict(part, records)).rejects.toMatchObject({ code: 'ERR_TENON_INVALID_ARGUMENT' });
    const none = await check([process.execPath, join(temporaryFolder(), 'nothing.so')]);
    await expect(recordVerdict(none, records)).resolves.toBe(0);
  });

  test('a damaged file of records admits nothing, and is kept aside', async () => {
    const folder = temporaryFolder();
    const records = join(folder, 'records.json');
    writeFileSync(records, '{"format":"something else"}');
    await expect(load(pluginFile('echo'), { level: 'basic', records })).rejects.toEqual(
      untrusted('there is no record'),
    );
    await recorded(pluginFile('echo'), records);
    expect(readFileSync(records, 'utf8')).toContain('tenon-check-records/1');
  });

  test.each([
    [{ level: 'hard', records: 'x' }, 'require.level'],
    [{ level: 'basic' }, 'require.records'],
    [{ level: 'basic', records: 'x', suite: 'newest' }, 'require.suite'],
    [{ level: 'basic', records: 'x', digest: 'y' }, 'require.digest'],
    ['basic', 'require'],
  ])('wrong options are refused: %j', (require, argument) => {
    expect(() => new PluginHost({ require: require as RequireOptions })).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument }),
    );
  });
});
