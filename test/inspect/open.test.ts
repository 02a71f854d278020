import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { inspectBytes, inspectFileSync } from '../../src/inspect/index.js';

const folder = mkdtempSync(join(tmpdir(), 'tenon-open-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inside = (name: string) => join(folder, name);
const written = (name: string, content: string | Uint8Array) => {
  writeFileSync(inside(name), content);
  return inside(name);
};
const refusal = (code: string, message: RegExp, path?: string) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(message),
    ...(path === undefined ? {} : { path }),
  });

describe('a path without a readable file', () => {
  test('of a missing file is not found', () => {
    const path = inside('missing.so');
    expect(() => inspectFileSync(path)).toThrow(refusal('ERR_TENON_NOT_FOUND', /no such file/, path));
    expect(() => inspectFileSync(join(written('file', ''), 'below.so'))).toThrow(
      refusal('ERR_TENON_NOT_FOUND', /no such file/),
    );
    expect(() => inspectFileSync(inside('x'.repeat(5000)))).toThrow(
      refusal('ERR_TENON_NOT_FOUND', /no such file/),
    );
  });

  test('of a dangling link is not found, and the message says that it is a link', () => {
    symlinkSync('nowhere', inside('dangling.so'));
    expect(() => inspectFileSync(inside('dangling.so'))).toThrow(
      refusal('ERR_TENON_NOT_FOUND', /link to a file that does not exist/),
    );
  });

  test('of a link cycle or a folder is unreadable', () => {
    symlinkSync('loop.so', inside('loop.so'));
    expect(() => inspectFileSync(inside('loop.so'))).toThrow(
      refusal('ERR_TENON_UNREADABLE', /symbolic links form a loop/),
    );
    mkdirSync(inside('folder.so'));
    expect(() => inspectFileSync(inside('folder.so'))).toThrow(
      refusal('ERR_TENON_UNREADABLE', /it is a folder/),
    );
  });

  test('of a file without read permission is unreadable', () => {
    const path = written('secret.so', 'secret');
    execFileSync('chmod', ['000', path]);
    const user = process.geteuid?.();
    // Root can read every file, so the test switches to another user for a moment.
    if (user === 0) process.seteuid?.(65534);
    try {
      expect(() => inspectFileSync(path)).toThrow(refusal('ERR_TENON_UNREADABLE', /permission denied/, path));
    } finally {
      if (user === 0) process.seteuid?.(0);
    }
  });

  test('of a pipe, a socket or a device is unreadable, and opening it does not block', async () => {
    execFileSync('mkfifo', [inside('pipe.so')]);
    expect(() => inspectFileSync(inside('pipe.so'))).toThrow(refusal('ERR_TENON_UNREADABLE', /it is a pipe/));
    expect(() => inspectFileSync('/dev/null')).toThrow(refusal('ERR_TENON_UNREADABLE', /it is a device/));
    const server = createServer().listen(inside('socket.so'));
    await new Promise((resolve) => server.once('listening', resolve));
    expect(() => inspectFileSync(inside('socket.so'))).toThrow(refusal('ERR_TENON_UNREADABLE', /socket/));
    server.close();
  });
});

describe('the error of a file that is not a library', () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ['is empty', '', /the file is empty/],
    [
      'is text',
      'Hello, this is not a library, but plain text that is long enough to be cut.',
      /found text \("Hello, this is not a lib"\)/,
    ],
    ['is a script', '#!/bin/sh\nexit 0\n', /found a script/],
    [
      'is a linker script',
      '/* GNU ld script */\nGROUP ( /lib/libc.so.6 )\n',
      /linker script: pass the library that it names/,
    ],
    ['is a static library', '!<arch>\n', /static library.*-shared/],
    ['is WebAssembly', Buffer.from('\0asm\x01\0\0\0'), /WebAssembly/],
    ['has unknown bytes', Buffer.from('deadbeef', 'hex'), /found the bytes de ad be ef/],
    ['has one byte', 'M', /found text \("M"\)/],
    ['is a DOS program', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(62)]), /DOS program/],
    ['ends after the magic of ELF', '\x7fELF', /16 bytes at offset 0, but there are 4 bytes \(truncated/],
    ['ends after the magic of PE', 'MZ', /64 bytes at offset 0, but there are 2 bytes/],
    [
      'ends after the magic of Mach-O',
      Buffer.from('cffaedfe', 'hex'),
      /32 bytes at offset 0, but there are 4 bytes/,
    ],
  ])('says that it %s', (_, content, message) => {
    const path = written('none.so', content);
    expect(() => inspectFileSync(path)).toThrow(refusal('ERR_TENON_NOT_A_LIBRARY', message, path));
  });

  test('says that it is a program or an object file', () => {
    const source = written('program.c', 'int main(void) { return 0; }\n');
    execFileSync('cc', ['-no-pie', source, '-o', inside('program')]);
    execFileSync('cc', ['-c', source, '-o', inside('program.o')]);
    expect(() => inspectFileSync(inside('program'))).toThrow(
      refusal('ERR_TENON_NOT_A_LIBRARY', /program with fixed addresses/),
    );
    expect(() => inspectFileSync(inside('program.o'))).toThrow(
      refusal('ERR_TENON_NOT_A_LIBRARY', /object file.*-shared/),
    );
    execFileSync('cc', ['-pie', '-fPIE', source, '-o', inside('pie')]);
    expect(inspectFileSync(inside('pie'))).toMatchObject({
      format: 'elf',
      exports: [],
      descriptor: null,
      vtable: null,
    });
  });
});

describe('an invalid argument', () => {
  test.each<[string, () => unknown, string]>([
    ['an empty path', () => inspectFileSync(''), 'path'],
    ['a path with a NUL', () => inspectFileSync('a\0b'), 'path'],
    ['a path that is a number', () => Reflect.apply(inspectFileSync, null, [1]), 'path'],
    ['bytes that are a string', () => Reflect.apply(inspectBytes, null, ['MZ']), 'bytes'],
    ['options that are null', () => Reflect.apply(inspectFileSync, null, ['x', null]), 'options'],
    [
      'an unknown selection',
      () => Reflect.apply(inspectFileSync, null, ['x', { exports: 'some' }]),
      'options.exports',
    ],
    [
      'a processor that is a number',
      () => Reflect.apply(inspectFileSync, null, ['x', { arch: 64 }]),
      'options.arch',
    ],
  ])('is refused with its name: %s', (_, call, argument) => {
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument }));
  });
});
