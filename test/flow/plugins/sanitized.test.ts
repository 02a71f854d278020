/** The connectors in C and damaged inputs, under AddressSanitizer and UBSan where they are installed. */
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cCompilers, compile, cppCompilers } from '../../abi/compilers.js';
import { root, temporaryFolder } from '../../support/index.js';

const SANITIZE = ['-g', '-O0', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const sources = readdirSync(join(root, 'plugins-c', 'flow')).filter((name) => name.endsWith('.c'));
const [compiler = 'cc'] = cCompilers;

describe.runIf(cCompilers.length > 0)('damaged frames and other inputs', () => {
  test.each(sources)('do no harm to %s', (source) => {
    const folder = temporaryFolder();
    const program = join(folder, 'hostile');
    const path = join(folder, 'in.log');
    writeFileSync(path, 'a line\n'.repeat(1000));
    const args = [
      ...['-std=c11', '-D_POSIX_C_SOURCE=200809L', '-D_DEFAULT_SOURCE', '-D_DARWIN_C_SOURCE'],
      ...[`-DPLUGIN="${join(root, 'plugins-c', 'flow', source)}"`],
      ...[join(root, 'test', 'flow', 'plugins', 'hostile.c'), '-o', program],
      ...(source === 'gzip.c' ? ['-lz'] : ['-lpthread']),
    ];
    try {
      compile(compiler, [...SANITIZE, ...args]);
    } catch {
      compile(compiler, args);
    }
    const configs: Readonly<Record<string, object>> = {
      ...{ 'blaster.c': { path }, 'tail.c': { path }, 'file.c': { path: join(folder, 'out') } },
      'tcp-sink.c': { port: 1 }, // nothing listens there
    };
    const config = configs[source] ?? {};
    // Each write of `file` waits for the disk.
    const calls = source === 'file.c' ? '200' : '4000';
    const ended = spawnSync(program, [JSON.stringify(config), 'some\nlines', calls], { encoding: 'utf8' });
    expect({ status: ended.status, stderr: ended.stderr }).toEqual({ status: 0, stderr: '' });
  });
});

test.each([
  ...cCompilers.map((command) => [command, '-std=c11', 'c']),
  ...cppCompilers.map((command) => [command, '-std=c++11', 'c++']),
])('tenon_frame.h compiles without a warning: %s %s', (command, standard, language) => {
  const args = [standard, '-x', language, '-Wconversion', '-fsyntax-only', '-'];
  compile(command, args, '#include "tenon_frame.h"\n');
});
