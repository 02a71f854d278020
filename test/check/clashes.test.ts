/** The checks of clashes between plugins and with Node.js: faults that they must report, and faults that they must not. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CheckResult, check } from '../../src/check/index.js';
import { answering, compile, temporaryFolder } from '../support/index.js';
import { canCheck } from './support.js';

const VISIBLE = '__attribute__((visibility("default")))';

async function resultOf(path: string, id: string): Promise<CheckResult | undefined> {
  const { files } = await check([path], { filter: [id], seed: 1 });
  return files[0]?.results.find((result) => result.id === id);
}

const messages = (result: CheckResult | undefined) => result?.findings.map(({ message }) => message);

/** Compiles a plugin that brings a library `libhelper.so.1`, which answers with a number. */
function bringing(folder: string, name: string, answer: number): string {
  mkdirSync(join(folder, name));
  const library = compile(
    join(folder, name),
    'libhelper.so.1',
    `${VISIBLE} int helper(void);\nint helper(void) { return ${answer}; }\n`,
    ['-Wl,-soname,libhelper.so.1', '-o', join(folder, name, 'libhelper.so.1')],
  );
  const source = `${answering(name, 'ok')}int helper(void);\nint (*volatile use_it)(void) = helper;\n`;
  return compile(folder, name, source, [library.replace(/\.so$/, ''), `-Wl,-rpath,$ORIGIN/${name}`]);
}

describe.skipIf(!canCheck)('libraries that plugins bring', () => {
  test('another library of the same name in a neighbour is a finding, for both', async () => {
    const folder = temporaryFolder();
    const files = [bringing(folder, 'first', 1), bringing(folder, 'second', 2)];
    expect(messages(await resultOf(files[0] ?? '', 'file/library-names'))).toEqual([
      'It brings libhelper.so.1, and second.so in its folder brings another library of that name',
    ]);
    expect(messages(await resultOf(files[1] ?? '', 'file/library-names'))).toEqual([
      'It brings libhelper.so.1, and first.so in its folder brings another library of that name',
    ]);
  });

  test('the same library in a neighbour is not a finding', async () => {
    const folder = temporaryFolder();
    const file = bringing(folder, 'first', 1);
    bringing(folder, 'second', 1);
    expect((await resultOf(file, 'file/library-names'))?.state).toBe('passed');
  });

  test('a plugin in a copied folder works like the original', async () => {
    const folder = temporaryFolder();
    expect((await resultOf(bringing(folder, 'first', 1), 'lifecycle/private-copy'))?.state).toBe('passed');
  });
});

describe.skipIf(!canCheck)('symbols of Node.js', () => {
  const own = `${VISIBLE} const char *zlibVersion(void);\nconst char *zlibVersion(void) { return "own"; }\n`;
  const using = `${own}const char *(*volatile use_it)(void) = zlibVersion;\n`;

  test('a symbol that is bound by the linker, or not exported, is not a finding', async () => {
    const folder = temporaryFolder();
    const source = answering('made', 'ok') + using;
    const bound = compile(folder, 'bound', source, ['-Wl,-Bsymbolic']);
    const hidden = compile(folder, 'hidden', source.replaceAll('"default"', '"hidden"'));
    for (const file of [bound, hidden])
      expect((await resultOf(file, 'file/host-symbols'))?.state).toBe('passed');
  });

  test('a symbol of a library of the system is not a finding', async () => {
    const source = `${answering('made', 'ok')}const char *zlibVersion(void);\nconst char *(*volatile use_it)(void) = zlibVersion;\n`;
    const file = compile(temporaryFolder(), 'made', source, ['-lz']);
    expect((await resultOf(file, 'file/host-symbols'))?.state).toBe('passed');
  });
});
