import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DESCRIPTOR_SYMBOL, ENTRY_POINTS } from '../../src/base/abi.js';
import { root, temporaryFolder } from '../support/index.js';
import { cCompilers, compile, cppCompilers, include } from './compilers.js';

const here = join(root, 'test', 'abi');
const header = readFileSync(join(include, 'tenon.h'), 'utf8');

const dialects = [
  ...cCompilers.flatMap((compiler) => ['c11', 'c17'].map((std) => [compiler, std, 'c'] as const)),
  ...cppCompilers.flatMap((compiler) => ['c++11', 'c++17'].map((std) => [compiler, std, 'c++'] as const)),
];

test('a C compiler and a C++ compiler are installed', () => {
  expect(cCompilers).not.toEqual([]);
  expect(cppCompilers).not.toEqual([]);
});

describe('the header and all its macros compile without a warning', () => {
  test.each(dialects)('by %s as %s', (compiler, std, language) => {
    for (const optimise of ['-O0', '-O2']) {
      compile(compiler, [
        `-std=${std}`,
        optimise,
        '-x',
        language,
        '-fsyntax-only',
        join(here, 'everything.c'),
      ]);
    }
  });

  test.each(dialects.filter(([, , language]) => language === 'c++'))(
    'by %s as %s, without exceptions',
    (compiler, std) => {
      const file = join(here, 'everything.c');
      compile(compiler, [`-std=${std}`, '-fno-exceptions', '-fno-rtti', '-x', 'c++', '-fsyntax-only', file]);
    },
  );
});

describe('an empty plugin exports exactly the entry points and the descriptor', () => {
  test.each(dialects)('by %s as %s', (compiler, std, language) => {
    for (const optimise of ['-O0', '-O2']) {
      const library = join(temporaryFolder(), 'empty.so');
      compile(compiler, [
        `-std=${std}`,
        optimise,
        '-shared',
        '-x',
        language,
        join(here, 'empty.c'),
        '-o',
        library,
      ]);
      expect(exportsOf(library)).toEqual([...ENTRY_POINTS, DESCRIPTOR_SYMBOL].sort());
    }
  });
});

function exportsOf(library: string): string[] {
  const lines = execFileSync('nm', ['-D', '--defined-only', library], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
  return lines.map((line) => line.slice(line.lastIndexOf(' ') + 1)).sort();
}

/** The example at the top of the header: the lines that are indented as code, and the compiler command. */
function exampleOf(text: string): { source: string; command: string } {
  const comment = text.slice(0, text.indexOf('COMPATIBILITY'));
  const code = [...comment.matchAll(/^ \* {5}(.*)$|^ \*()$/gm)].map(([, line = '']) => line);
  const command = code.find((line) => line.startsWith('cc '));
  if (command === undefined) throw new Error('the header does not say how to compile its example');
  return { source: code.filter((line) => line !== command).join('\n'), command };
}

describe('the example at the top of the header is a complete plugin', () => {
  const { source, command } = exampleOf(header);

  test.each(cCompilers)('by %s, with the flags of the command below it', (compiler) => {
    const library = join(temporaryFolder(), 'greet.so');
    const flags = command
      .split(' ')
      .filter((word) => word.startsWith('-') && !['-o', '-Iinclude'].includes(word));
    compile(compiler, [...flags, '-x', 'c', '-', '-o', library], source);
    expect(exportsOf(library)).toEqual([...ENTRY_POINTS, DESCRIPTOR_SYMBOL].sort());
  });
});

test('the header has at most 375 lines', () => {
  expect(header.split('\n').length).toBeLessThanOrEqual(375);
});

test('every function pointer documents the threads and the times at which it may be called', () => {
  const pointers = [...header.matchAll(/^ {2}(?:[\w ]+\*?)\(\*(\w+)\)\(|^ {2}tenon_method (\w+);/gm)];
  const names = pointers.map(([, name, method]) => name ?? method);
  expect(names).toEqual(
    expect.arrayContaining(['log', 'emit', 'get_version', 'drop', 'something', 'get_extension']),
  );
  for (const match of pointers) {
    const before = header.slice(0, match.index);
    const comment = before.slice(before.lastIndexOf('/*'));
    expect(comment, `the comment before ${match[0]}`).toMatch(/\[(any-thread|one-at-a-time)/);
  }
});
