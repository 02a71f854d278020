/** Files that decide are believed only if no other user can have written them. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Certificates } from '../../src/admission/certificates.js';
import { Verdicts } from '../../src/admission/verdicts.js';
import { ABI_VERSION } from '../../src/base/abi.js';
import { PluginHost } from '../../src/index.js';
import { Demotions } from '../../src/supervision/demotion.js';
import { Quarantine } from '../../src/supervision/quarantine.js';
import { pluginFile, temporaryFolder } from '../support/index.js';

const file = pluginFile('echo');
const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
const isRoot = process.getuid?.() === 0;

/** The ways in which another user can have written a file. */
const FORGERIES: Readonly<Record<string, (path: string, folder: string) => void>> = {
  'any user can write to it': (path) => chmodSync(path, 0o666),
  'its group can write to it': (path) => chmodSync(path, 0o664),
  'any user can write to its folder': (_, folder) => chmodSync(folder, 0o777),
  ...(isRoot
    ? {
        'it belongs to another user': (path: string) => chownSync(path, 12345, 0),
        'its folder belongs to another user': (_: string, folder: string) => chownSync(folder, 12345, 0),
      }
    : {}),
};

const CERTIFICATE = {
  ...{ digest, path: file, name: 'echo', level: 'torture', outcome: 'clean', failOn: 'warning' },
  ...{ failed: [], excepted: [], suite: '1.0.0', abi: ABI_VERSION, seed: 1, date: new Date().toISOString() },
};
const untrusted = { code: 'ERR_TENON_UNTRUSTED', message: expect.stringContaining('chmod go-w') };

describe.skipIf(process.platform === 'win32').each(Object.entries(FORGERIES))('when %s', (_, forge) => {
  test('certificates admit nothing', async () => {
    const folder = temporaryFolder();
    const certificates = join(folder, 'certificates.json');
    await new Certificates(certificates).add([CERTIFICATE as never]);
    const requireCheck = { level: 'torture', certificates } as const;
    await using believing = new PluginHost({ requireCheck });
    expect((await believing.load(file)).name).toBe('echo');
    forge(certificates, folder);
    await using host = new PluginHost({ requireCheck });
    await expect(host.load(file)).rejects.toMatchObject(untrusted);
  });

  test('verdicts are not believed, and are replaced', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'verdicts.json');
    const verdict = { name: 'echo', version: '1.0.0', size: 56, flags: 0, date: 'now' };
    const key = `forged-${folder}`;
    const format = `tenon-verdicts/1 abi ${ABI_VERSION} ${process.platform}-${process.arch}`;
    writeFileSync(path, JSON.stringify({ format, verdicts: { [key]: verdict } }), { mode: 0o600 });
    expect(await new Verdicts(path).get(key)).toMatchObject({ name: 'echo' });
    forge(path, folder);
    const verdicts = new Verdicts(path);
    expect(await verdicts.get(key)).toBeUndefined();
    await verdicts.add(`${key}-own`, verdict);
    expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')).verdicts)).toEqual([`${key}-own`]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('quarantine and demotions are not believed', async () => {
    const folder = temporaryFolder();
    const quarantine = join(folder, 'quarantine.json');
    const demotions = join(folder, 'demotions.json');
    const date = new Date().toISOString();
    const entry = { digest, name: 'echo', path: file, reason: { code: 'x', message: 'x' }, date, count: 1 };
    writeFileSync(
      quarantine,
      JSON.stringify({ format: 'tenon-quarantine/1', quarantine: { [digest]: entry } }),
      { mode: 0o600 },
    );
    const demotion = { digest, plugin: 'echo', reason: 'x', date, count: 1 };
    writeFileSync(
      demotions,
      JSON.stringify({ format: 'tenon-demotions/1', demotions: { [digest]: demotion } }),
      { mode: 0o600 },
    );
    expect(await new Quarantine(quarantine).has(digest)).toBe(true);
    expect(await new Demotions(folder).isDemoted(digest)).toBeDefined();
    forge(quarantine, folder);
    forge(demotions, folder);
    await expect(new Quarantine(quarantine).has(digest)).rejects.toMatchObject(untrusted);
    await expect(new Demotions(folder).isDemoted(digest)).rejects.toMatchObject(untrusted);
  });

  test('a marker of a crash demotes nothing', async () => {
    const folder = join(temporaryFolder(), 'state');
    mkdirSync(folder, { mode: 0o700 });
    const other = join(temporaryFolder(), 'other');
    mkdirSync(other, { mode: 0o700 });
    const disarm = await new Demotions(other).arm(digest, 'echo');
    const [name = ''] = readdirSync(other).filter((one) => one.startsWith('armed-'));
    const text = readFileSync(join(other, name), 'utf8').replace(`"pid":${process.pid}`, '"pid":4194300');
    const marker = join(folder, name.replace(`-${process.pid}-`, '-4194300-'));
    disarm();
    writeFileSync(marker, text, { mode: 0o600 });
    forge(marker, folder);
    expect(await new Demotions(folder).isDemoted(digest).catch(() => undefined)).toBeUndefined();
  });
});

describe('files that a killed process left', () => {
  const uuid = '01234567-89ab-cdef-0123-456789abcdef';

  test('in a state folder are removed by the next write', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'verdicts.json');
    const left = `${path}.${uuid}.tmp`;
    const others = [join(folder, 'other.tmp'), join(folder, `x.json.${uuid}.tmp`), `${path}.backup`];
    for (const one of [left, ...others]) writeFileSync(one, '{');
    await new Verdicts(path).add('key', { name: 'n', version: '1.0.0', size: 56, flags: 0, date: '' });
    expect(existsSync(left)).toBe(false);
    for (const one of others) expect(existsSync(one)).toBe(true);
  });

  test('as unfinished markers are removed, and demote nothing', async () => {
    const folder = temporaryFolder();
    const left = join(folder, `armed-4194300-1-${uuid}.json.tmp`);
    writeFileSync(left, '{"process":');
    expect(await new Demotions(folder).list()).toEqual([]);
    expect(existsSync(left)).toBe(false);
  });
});
