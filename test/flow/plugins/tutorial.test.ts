/** The source of docs/write-a-source.md: it compiles, runs with its flow file, and continues where it was. */
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blocksOf } from '../../docs/pages.js';
import { compile, root, temporaryFolder, withRunner } from '../../support/index.js';
import { lacks } from '../../support/tools.js';
import { connectorsDir } from './support.js';

const only = (language: string): string => {
  const [block] = blocksOf(language).filter(({ page }) => page === 'docs/write-a-source.md');
  if (block === undefined) throw new Error(`the tutorial has no block of ${language}`);
  return block.code;
};

describe.runIf(withRunner && !lacks('cc'))('the tutorial', () => {
  test('makes a source that runs in a flow', () => {
    const folder = temporaryFolder();
    compile(folder, 'numbers', only('c'), ['-Wall', '-Wextra', '-Wpedantic', '-Werror']);
    cpSync(connectorsDir, join(folder, 'connectors'), { recursive: true });
    writeFileSync(join(folder, 'numbers.json'), only('json'));
    const command = join(root, 'dist', 'cli', 'main.js');
    for (const _ of [1, 2]) {
      const ended = spawnSync(process.execPath, [command, 'run', 'numbers.json'], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect({ status: ended.status, stderr: ended.stderr }).toMatchObject({ status: 0 });
      const rows = readFileSync(join(folder, 'numbers.log'), 'utf8').split('\n');
      expect([rows.length, rows[0], rows[999]]).toEqual([1001, 'number 1', 'number 1000']);
    }
  });
});
