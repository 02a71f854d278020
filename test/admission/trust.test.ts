import { chmod, chown, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TrustPolicy } from '../../src/admission/trust.js';

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenon-trust-'));
  file = join(folder, 'x.so');
  await writeFile(file, 'x', { mode: 0o644 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const check = async (policy: TrustPolicy, path = file) =>
  policy.checkModes(path, await stat(path, { bigint: true }));
const untrusted = (message: RegExp) =>
  expect.objectContaining({
    code: 'ERR_TENON_UNTRUSTED',
    gate: 'trust',
    message: expect.stringMatching(message),
  });

describe.skipIf(process.platform === 'win32')('file modes and owners', () => {
  test('a file that only its owner can write to is trusted', async () => {
    await expect(check(new TrustPolicy())).resolves.toBeUndefined();
  });

  test('a file that any user can write to is refused unless the policy allows it', async () => {
    await chmod(file, 0o646);
    await expect(check(new TrustPolicy())).rejects.toEqual(
      untrusted(/any user may write to it \(mode 0646\)/),
    );
    await expect(check(new TrustPolicy({ othersMayWrite: true }))).resolves.toBeUndefined();
    await chmod(file, 0o644);
  });

  test('a file in a folder that any user can write to is refused unless the folder is sticky', async () => {
    const inner = join(folder, 'open');
    await mkdir(inner);
    const path = join(inner, 'y.so');
    await writeFile(path, 'y');
    await chmod(inner, 0o777);
    await expect(check(new TrustPolicy(), path)).rejects.toEqual(
      untrusted(/its folder .*open \(mode 0777\)/),
    );
    await chmod(inner, 0o1777);
    await expect(check(new TrustPolicy(), path)).resolves.toBeUndefined();
  });

  test.skipIf(process.getuid?.() !== 0)('a file whose owner is not listed is refused', async () => {
    await chown(file, 12345, 0);
    await expect(check(new TrustPolicy({ owners: [0] }))).rejects.toEqual(
      untrusted(/belongs to user 12345, expected one of 0/),
    );
    await expect(check(new TrustPolicy({ owners: [12345] }))).resolves.toBeUndefined();
    await chown(file, 0, 0);
  });
});

describe('digests', () => {
  const digest = 'ab'.repeat(32);

  test('every digest is accepted without a list of digests', async () => {
    await expect(new TrustPolicy().checkDigest(file, digest)).resolves.toBeUndefined();
  });

  test('a digest that is not listed is refused', async () => {
    const policy = new TrustPolicy({ digests: [digest.toUpperCase()] });
    await expect(policy.checkDigest(file, digest)).resolves.toBeUndefined();
    await expect(policy.checkDigest(file, 'cd'.repeat(32))).rejects.toEqual(
      untrusted(/digest cdcd.* is not among the digests/),
    );
  });

  test('a lock file has the format of sha256sum', async () => {
    const lockFile = join(folder, 'tenon.lock');
    await writeFile(lockFile, `# plugins\n${digest}  plugins/x.so\n\n${'cd'.repeat(32)} *y.so\r\n`);
    const policy = new TrustPolicy({ lockFile });
    await expect(policy.checkDigest(file, digest)).resolves.toBeUndefined();
    await expect(policy.checkDigest(file, 'cd'.repeat(32))).resolves.toBeUndefined();
    await expect(policy.checkDigest(file, 'ef'.repeat(32))).rejects.toEqual(
      untrusted(/not among the lock file/),
    );
  });

  test('a missing or malformed lock file refuses every digest and gives the reason', async () => {
    const missing = new TrustPolicy({ lockFile: join(folder, 'none') });
    await expect(missing.checkDigest(file, digest)).rejects.toMatchObject({ code: 'ERR_TENON_UNREADABLE' });
    const lockFile = join(folder, 'bad.lock');
    await writeFile(lockFile, `${digest} x\nbanana\n`);
    await expect(new TrustPolicy({ lockFile }).checkDigest(file, digest)).rejects.toMatchObject({
      code: 'ERR_TENON_UNREADABLE',
      message: expect.stringContaining('Line 2'),
    });
  });
});

test.each([
  ['trust', null],
  ['trust.othersMayWrite', { othersMayWrite: 1 }],
  ['trust.owners', { owners: ['root'] }],
  ['trust.digests', { digests: ['123'] }],
  ['trust.lockFile', { lockFile: '' }],
])('an invalid %s is refused with its name', (argument, options) => {
  expect(() => new TrustPolicy(options as object)).toThrow(
    expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument }),
  );
});
