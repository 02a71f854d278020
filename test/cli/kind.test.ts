/** `tenon kind`, run as a program. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pluginFile, root, temporaryFolder } from '../support/index.js';
import { needs } from '../support/tools.js';
import { tenon } from './run.js';

const TEXT = join(root, 'examples', 'kinds', 'text.kind.json');
const document = (name: string): string =>
  readFileSync(join(root, 'examples', 'kinds', `${name}.kind.json`), 'utf8');

/** Writes the document of `text` with a change, and returns its path. */
function changed(change: (kind: { version: string; methods: Record<string, unknown>[] }) => void): string {
  const kind = JSON.parse(document('text')) as Parameters<typeof change>[0];
  change(kind);
  const path = join(temporaryFolder(), 'text.kind.json');
  writeFileSync(path, JSON.stringify(kind));
  return path;
}

describe('tenon kind export', () => {
  test('prints a document in its normal form', async () => {
    const plain = changed(() => undefined);
    expect(await tenon(['kind', 'export', plain])).toMatchObject({
      code: 0,
      stdout: JSON.stringify(JSON.parse(document('text')), null, 2).concat('\n'),
    });
  });

  test('prints the document of a module that defines a kind', async () => {
    const path = join(temporaryFolder(), 'pair.mjs');
    const entry = join(root, 'dist', 'index.js');
    writeFileSync(
      path,
      `import { defineKind, method } from ${JSON.stringify(entry)};
export const pair = defineKind({ name: 'pair', version: '1.0.0', methods: { m: method({ a: 'u8' }, {}) } });
export const other = 5;`,
    );
    const { code, stdout } = await tenon(['kind', 'export', path]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ format: 1, name: 'pair', methods: [{ name: 'm' }] });
  });

  test('prints the document in a library', needs('cargo'), async () => {
    const { code, stdout } = await tenon(['kind', 'export', pluginFile('text-rs')]);
    expect([code, stdout]).toEqual([0, document('text')]);
  });

  test('says why a library has none', async () => {
    const { code, stderr } = await tenon(['kind', 'export', pluginFile('echo')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/echo\.so has no kind\./);
  });

  test('writes and compares a file', async () => {
    const out = join(temporaryFolder(), 'a', 'copy.json');
    const check = () => tenon(['kind', 'export', TEXT, '--out', out, '--check']);
    expect(await check()).toMatchObject({ code: 1, stderr: expect.stringContaining('copy.json') });
    expect((await tenon(['kind', 'export', TEXT, '--out', out])).stdout).toMatch(/^written {2}/);
    expect((await tenon(['kind', 'export', TEXT, '--out', out])).stdout).toMatch(/^current {2}/);
    expect(await check()).toMatchObject({ code: 0, stdout: '1 file up to date\n' });
    writeFileSync(out, '{}');
    expect((await check()).code).toBe(1);
  });
});

describe('tenon kind bind', () => {
  test('writes the files of all languages, and notices when they are out of date', async () => {
    const out = temporaryFolder();
    const languages = ['c', 'cpp', 'rust', 'ts', 'md'].flatMap((one) => ['--lang', one]);
    const bind = (...more: string[]) => tenon(['kind', 'bind', TEXT, ...languages, '--out', out, ...more]);
    expect((await bind('--check')).code).toBe(1);
    const { code, stdout } = await bind();
    expect([code, stdout.trim().split('\n').length]).toEqual([0, 5]);
    expect(readFileSync(join(out, 'text_1.rs'), 'utf8')).toContain('pub trait Text {');
    expect(readFileSync(join(out, 'text.kind.ts'), 'utf8')).toContain('export const text = defineKind({');
    expect(readFileSync(join(out, 'text.kind.md'), 'utf8')).toContain('# The kind text');
    expect(readFileSync(join(out, 'text.kind.hpp'), 'utf8')).toContain('#include "text.kind.h"');
    expect(readFileSync(join(out, 'text.kind.h'), 'utf8')).toContain('text_find_in');
    expect((await bind('--check')).code).toBe(0);
    writeFileSync(join(out, 'text_1.rs'), '// mine');
    expect(await bind('--check')).toMatchObject({ code: 1, stderr: expect.stringContaining('text_1.rs') });
  });

  test.each([
    [['kind'], /needs one of 'export', 'bind' and 'diff'/],
    [['kind', 'blind', TEXT], /Did you mean 'bind'\?/],
    [['kind', 'bind', TEXT, '--out', '.'], /needs a language/],
    [['kind', 'bind', TEXT, '--lang', 'rust'], /needs a folder/],
    [['kind', 'bind', TEXT, '--lang', 'rsut', '--out', '.'], /Did you mean 'rust'\?/],
    [['kind', 'bind', '--lang', 'c', '--out', '.'], /takes 1 file, but none was given/],
    [['kind', 'diff', TEXT], /takes 2 files, but 1 were given/],
    [['kind', 'diff', TEXT, TEXT, '--out', 'x'], /--out is for kind export and bind, not for kind diff/],
    [['kind', 'export', TEXT, '--check'], /needs the file to compare/],
    [['kind', 'export', TEXT, '--kind', 'txt'], /has text, not 'txt'\. Did you mean 'text'\?/],
    [['kind', 'export', '/nowhere/x.json'], /cannot be read/],
    [['kind', 'export', join(root, 'package.json')], /is not the document of a kind/],
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await tenon(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test('a document with an error is refused with the place', async () => {
    const path = join(temporaryFolder(), 'x.kind.json');
    writeFileSync(path, '{\n  "format": 1,,\n}');
    expect((await tenon(['kind', 'export', path])).stderr).toMatch(/line 2, column 15/);
    const other = changed((kind) => {
      kind.methods[0] = { ...kind.methods[0], input: [{ name: 'a', type: 'u33' }] };
    });
    expect((await tenon(['kind', 'export', other])).stderr).toMatch(/methods\[0\]\.input\[0\]\.type/);
  });
});

describe('tenon kind diff', () => {
  test('says that nothing changed', async () => {
    const { code, stdout } = await tenon(['kind', 'diff', TEXT, TEXT, '--check']);
    expect([code, stdout]).toEqual([0, 'text 1.1.0 -> 1.1.0: no change\n']);
  });

  const wider = () =>
    changed((kind) => {
      kind.version = '1.2.0';
      kind.methods[2] = { ...kind.methods[2], output: [{ name: 'words', type: 'u32' }] };
    });

  test('has a verdict for each change, and refuses a version that does not allow them', async () => {
    const path = wider();
    const plain = await tenon(['kind', 'diff', TEXT, path]);
    expect(plain.code).toBe(0);
    expect(plain.stdout).toBe(
      `text 1.1.0 -> 1.2.0: major
  major   count.output.words has type u32 instead of u64
These changes need version 2.0.0 or later, but NEW is 1.2.0.
`,
    );
    expect((await tenon(['kind', 'diff', TEXT, path, '--check'])).code).toBe(1);
    const { stdout } = await tenon(['kind', 'diff', TEXT, path, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'major', needed: '2.0.0', allowed: false });
  });

  test('compares with a library', needs('cargo'), async () => {
    const { stdout } = await tenon(['kind', 'diff', pluginFile('text-rs'), wider()]);
    expect(stdout).toContain('count.output.words has type u32 instead of u64');
  });
});
