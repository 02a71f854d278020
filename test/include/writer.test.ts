/** The writers of tenon_write.h refuse misuse with a message, and survive memory that moves or runs out. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decode } from '../../src/kinds/codec.js';
import { readDocument } from '../../src/kinds/document.js';
import { slotsOf } from '../../src/kinds/wire.js';
import { cCompilers, compile } from '../abi/compilers.js';
import { root, temporaryFolder } from '../support/index.js';

const SANITIZE = ['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

test.each(cCompilers)('as compiled by %s', (compiler) => {
  const program = join(temporaryFolder(), 'writer');
  const args = ['-std=c11', join(root, 'test', 'include', 'writer.c'), '-o', program];
  try {
    compile(compiler, [...SANITIZE, ...args]);
  } catch {
    compile(compiler, args);
  }
  const { status, stdout, stderr } = spawnSync(program);
  expect(status, String(stderr)).toBe(0);
  const kind = readDocument(JSON.parse(readFileSync(join(root, 'examples/kinds/text.kind.json'), 'utf8')));
  const next = slotsOf(kind).find(({ name }) => name === 'lines_next');
  expect(decode(next?.output ?? [], stdout)).toEqual({
    items: [
      { at: 0n, line: 'line' },
      { at: 1n, line: '' },
      { at: 2n, line: 'line' },
    ],
    done: true,
  });
});
