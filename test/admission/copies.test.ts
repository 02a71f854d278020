import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyFile, publish } from '../../src/admission/copies.js';
import { copyFolder } from '../../src/admission/copy-folder.js';
import { startTime } from '../../src/base/process-id.js';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tenon-copies-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('a published copy has mode 0500, the digest of the source, and appears atomically', async () => {
  const folder = await copyFolder(join(scratch, 'a'));
  const source = join(scratch, 'source');
  const bytes = Buffer.alloc(3 * 1024 * 1024 + 17, 'tenon');
  await writeFile(source, bytes);
  const copied = await copyFile(source, folder);
  expect(copied).toMatchObject({ digest: sha256(bytes), size: bytes.length });
  const path = join(folder, 'named.so');
  expect(existsSync(path)).toBe(false);
  await publish(copied, path);
  expect(sha256(await readFile(path))).toBe(copied.digest);
  expect((await stat(path)).mode & 0o777).toBe(0o500);
  expect(await readdir(folder)).toEqual(['named.so']);
});

test('an empty file can be copied', async () => {
  const folder = await copyFolder(join(scratch, 'a'));
  const source = join(scratch, 'empty');
  await writeFile(source, '');
  expect(await copyFile(source, folder)).toMatchObject({ size: 0, digest: sha256(Buffer.alloc(0)) });
});

test('a failed copy of a missing file leaves nothing in the folder', async () => {
  const folder = await copyFolder(join(scratch, 'b'));
  await expect(copyFile(join(scratch, 'none'), folder)).rejects.toMatchObject({
    code: 'ERR_TENON_UNREADABLE',
  });
  expect(await readdir(folder)).toEqual([]);
});

test('each process has one copy folder, which only its owner can enter', async () => {
  const root = join(scratch, 'c');
  const folder = await copyFolder(root);
  expect(await copyFolder(root)).toBe(folder);
  expect((await stat(root)).mode & 0o777).toBe(0o700);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(folder).toContain(`p${process.pid}-`);
});

test('a copy folder that other users can write to, or that is a symbolic link, is refused', async () => {
  const open = join(scratch, 'open');
  await mkdir(open);
  await chmod(open, 0o777);
  await expect(copyFolder(open)).rejects.toMatchObject({ code: 'ERR_TENON_UNTRUSTED' });
  const link = join(scratch, 'link');
  await mkdir(join(scratch, 'target'), { mode: 0o700 });
  await symlink(join(scratch, 'target'), link);
  await expect(copyFolder(link)).rejects.toMatchObject({ code: 'ERR_TENON_UNTRUSTED' });
});

test('copies of an ended process are deleted, copies of a running process are kept', async () => {
  const root = join(scratch, 'd');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  try {
    await mkdir(root, { mode: 0o700 });
    const alive = `p${child.pid}-${startTime(child.pid ?? 0) ?? 0}`;
    const recycled = `p${child.pid}-1`;
    const gone = 'p4194300-123';
    for (const name of [alive, recycled, gone, 'not-ours']) await mkdir(join(root, name));
    await writeFile(join(root, gone, 'x.so'), 'x', { mode: 0o500 });
    await copyFolder(root);
    const left = await readdir(root);
    expect(left).toContain(alive);
    expect(left).toContain('not-ours');
    expect(left).not.toContain(gone);
    if (process.platform === 'linux') expect(left).not.toContain(recycled);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
