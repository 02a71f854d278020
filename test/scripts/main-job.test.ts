/** The main job of `npm start`, on small folders. It uses dist and build/plugins, which `npm test` builds before. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listTextFiles, readText } from '../../examples/main-job/files.mjs';
import { makeProgress } from '../../examples/main-job/progress.mjs';
import { textJob } from '../../examples/main-job/text-job.mjs';
import { librarySuffix } from '../../scripts/lib/paths.mjs';
import { buildDir } from '../support/index.js';

const START = resolve('scripts', 'start.mjs');
const MAIN_JOB = resolve('examples', 'main-job', 'main.mjs');
const PLUGINS = join(buildDir, 'plugins');

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenon-main-job-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const run = (script: string, ...args: string[]) =>
  spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });

describe('the command line', () => {
  test('--help prints the usage and builds nothing', () => {
    const { status, stdout } = run(START, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: npm start/);
    expect(stdout).not.toContain('tenon:');
  });

  test.each([
    [['--colour'], /--colour/],
    [['one', 'two'], /One FOLDER is expected, not 2/],
    [['no-such-folder'], /FOLDER does not exist: .*no-such-folder/],
    [[MAIN_JOB], /FOLDER is not a folder/],
    [['n'.repeat(300)], /FOLDER cannot be read \(ENAMETOOLONG\)/],
  ])('%j is invalid, and is reported before anything is built', (args, message) => {
    const { status, stdout, stderr } = run(START, ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('Usage: npm start');
    expect(stdout).toBe('');
  });
});

describe('the files', () => {
  test('are chosen by name and content, and links are not followed', () => {
    write('a/one.txt', 'one\n');
    write('a/LICENSE', 'two\n');
    write('b/three.md', 'a\0b');
    write('b/four.bin', 'four');
    symlinkSync(folder, join(folder, 'loop'), 'junction');
    const { files, bytes } = listTextFiles(folder);
    expect(files.map(({ path }) => path)).toEqual(
      ['a/LICENSE', 'a/one.txt', 'b/three.md'].map((name) => join(folder, name)),
    );
    expect(bytes).toBe(11);
    expect(files.map(({ path }) => readText(path) !== null)).toEqual([true, true, false]);
  });

  test('above 4 MiB are skipped and counted', () => {
    write('large.txt', Buffer.alloc(4 * 1024 * 1024 + 1, 'a'));
    expect(listTextFiles(folder)).toMatchObject({ files: [], tooLarge: 1 });
  });
});

describe('the job', () => {
  test('counts, packs and searches every file, and verifies the results', () => {
    write('one.txt', 'TODO: one\r\nwords and words\n');
    write('deep/two.md', 'no end of line, a FIXME');
    write('empty.txt', '');
    const { status, stdout } = run(MAIN_JOB, folder);
    expect(stdout).toContain('2 lines, 11 words, 50 bytes');
    expect(stdout).toContain('verified by a count in JavaScript: 3 of 3 files');
    expect(stdout).toContain('verified by node:zlib, which unpacked them to the same bytes: 3 of 3 files');
    expect(stdout).toMatch(/2 lines in 2 files match \/TODO\|FIXME\|XXX\/|grep: SKIPPED/);
    expect(stdout).toContain(
      '  3 lines, 0 with "the" delivered, 3 filtered, verified by a count in JavaScript',
    );
    expect(stdout).toMatch(/\nDone: 3 files/);
    expect(status).toBe(0);
  });

  test.each(['inline', 'process'])(
    'searches by typed calls in C, C++ and Rust, with the same results: %s',
    (tier) => {
      write('one.txt', 'the first\nthe second: äthe\n');
      write('no-end.txt', `${'a line\n'.repeat(30)}the end`);
      write('latin-1.txt', Buffer.from([0xe4, 10]));
      const { status, stdout } = run(MAIN_JOB, folder, '--isolation', tier);
      const found = '"the" 4 times, 67 words, 22 lines read';
      const verified = 'JavaScript, which found the same places, words and lines: 2 of 2 files';
      const skipped = 'not verified: 1 files (not UTF-8, so no string)';
      for (const name of ['text (C)', 'text-cpp (C++)', 'text-rs (Rust)']) {
        const [, lines] = stdout.split(`\n${name}: `);
        if (name === 'text-rs (Rust)' && lines === undefined) expect(stdout).toContain('text-rs: SKIPPED');
        else
          expect(lines?.split('\n', 4).map((line) => line.trim())).toEqual([
            found,
            expect.stringContaining('in the plugin'),
            `verified by ${verified}`,
            skipped,
          ]);
      }
      expect(status).toBe(0);
    },
  );

  test('notices each wrong field of a typed result', () => {
    const input = Buffer.from('one\nthe two\n');
    const right = {
      found: { total: 1, hits: [{ at: 4, line: 2 }], first: 'the two' },
      words: 3n,
      lines: [
        { at: 0n, line: 'one' },
        { at: 4n, line: 'the two' },
      ],
    };
    const { found, lines } = right;
    const { check } = textJob('text');
    expect(check(input, right)).toBe(true);
    for (const wrong of [
      { ...right, words: 2n },
      { ...right, found: { ...found, total: 2 } },
      { ...right, found: { ...found, hits: [{ at: 4, line: 1 }] } },
      { ...right, found: { ...found, first: 'the two\n' } },
      { ...right, lines: lines.slice(1) },
      { ...right, lines: [...lines, { at: 12n, line: '' }] },
    ])
      expect(check(input, wrong)).toBe(false);
  });

  test('works below a folder with spaces in its name', () => {
    write('two words/a file.txt', 'one two three');
    const { status, stdout } = run(MAIN_JOB, join(folder, 'two words'));
    expect(stdout).toContain('0 lines, 3 words, 13 bytes');
    expect(status).toBe(0);
  });

  test('reports that an empty folder has no files to process', () => {
    const { status, stdout } = run(MAIN_JOB, folder);
    expect(stdout).toContain('nothing to do: no file name looks like text');
    expect(stdout).toMatch(/\nDone: 0 files/);
    expect(status).toBe(0);
  });

  test('prints the admitted plugins with the times of all gates, and the refused ones with the reasons', () => {
    const plugins = join(folder, 'plugins');
    cpSync(PLUGINS, plugins, { recursive: true });
    write(`plugins/echo${librarySuffix}`, 'not a library');
    const { status, stdout } = run(MAIN_JOB, folder, '--plugins', plugins);
    expect(stdout).toMatch(/^ {2}wordcount +C +1\.0\.0 +state 1\.0\.0 +[0-9a-f]{12}$/m);
    expect(stdout).toMatch(/^ +find +trust +inspect .* register$/m);
    expect(stdout).toMatch(/^ {2}wordcount( +\d+\.\d){10}$/m);
    expect(stdout).toContain('Refused: 1\n  ERR_TENON_NOT_A_LIBRARY: ');
    expect(status).toBe(0);
  });

  test('fails if a plugin that does not need Rust is missing', () => {
    write('plugins/readme.txt', 'empty');
    const { status, stdout } = run(MAIN_JOB, folder, '--plugins', join(folder, 'plugins'));
    expect(stdout).toContain('wordcount: MISSING');
    expect(stdout).toContain('grep: SKIPPED');
    expect(stdout).toMatch(/\nFAILED: /);
    expect(status).toBe(1);
  });

  test('fails if an optional plugin is refused', () => {
    const plugins = join(folder, 'plugins');
    cpSync(PLUGINS, plugins, { recursive: true });
    write(`plugins/grep${librarySuffix}`, 'not a library');
    const { status, stdout } = run(MAIN_JOB, folder, '--plugins', plugins);
    expect(stdout).toContain('grep: MISSING');
    expect(status).toBe(1);
  });

  test.skipIf(process.platform === 'win32')(
    'fails if a plugin computes a wrong result, and prints the file',
    () => {
      const plugins = join(folder, 'plugins');
      cpSync(PLUGINS, plugins, { recursive: true });
      const source = write(
        'wrong.c',
        `#include "tenon.h"
       static tenon_status wrong(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
         uint64_t counts[3] = {1, 1, in_len};
         (void)state; (void)in;
         return tenon_write(out, counts, sizeof counts);
       }
       TENON_STATELESS_PLUGIN("wordcount", "1.0.0", wrong);`,
      );
      const library = join(plugins, `wordcount${librarySuffix}`);
      rmSync(library);
      const flags = ['-std=c11', '-shared', '-fPIC', '-fvisibility=hidden', `-I${resolve('include')}`];
      expect(spawnSync('cc', [...flags, source, '-o', library], { encoding: 'utf8' })).toMatchObject({
        status: 0,
      });
      const { status, stdout } = run(MAIN_JOB, folder, '--plugins', plugins);
      expect(stdout).toContain(`WRONG RESULT for ${source}`);
      expect(stdout).toMatch(/\nFAILED: /);
      expect(status).toBe(1);
    },
  );

  test('reports an invalid pattern with the message of the plugin', () => {
    write('one.txt', 'one');
    const { status, stdout, stderr } = run(MAIN_JOB, folder, '--pattern', '(');
    const isBuilt = !stdout.includes('grep: SKIPPED');
    expect(status).toBe(isBuilt ? 1 : 0);
    if (isBuilt) expect(stderr).toMatch(/ERR_TENON_NEW_FAILED: .*unclosed group/s);
  });
});

describe('progress', () => {
  function record(isTTY: boolean, env: NodeJS.ProcessEnv) {
    const written: string[] = [];
    let time = 0;
    const stream = { isTTY, write: (text: string) => written.push(text) };
    const progress = makeProgress(100, { stream, env, now: () => time });
    for (let done = 0; done <= 100; done += 5) {
      time += 300;
      progress.update(done, done);
    }
    progress.end();
    return written;
  }

  test('is a bar on a terminal, which is removed at the end', () => {
    const written = record(true, {});
    expect(written[10]).toContain('[###############---------------] 50 %');
    expect(written.every((text) => text.startsWith('\r'))).toBe(true);
    expect(written.at(-1)).toBe('\r\u001b[K');
  });

  test.each([
    ['a file', false, {}],
    ['a terminal of continuous integration', true, { CI: 'true' }],
  ])('is an occasional plain line in %s', (_, isTTY, env) => {
    const written = record(isTTY, env);
    expect(written.length).toBeLessThan(8);
    expect(written.join('')).toMatch(/^(\d+ %, \d+ files, \d+ s\n)+$/);
  });
});
