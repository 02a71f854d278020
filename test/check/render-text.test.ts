/** The formats for people and for GitHub: they are complete, and hostile strings are escaped. */
import { describe, expect, test } from 'vitest';
import { widthOf } from '../../src/base/columns.js';
import { type Finding, FORMATS, onlyFailed, render } from '../../src/check/index.js';
import { clean, fileOf, full, HOSTILE, hostile, located, result, verdictOf } from './verdicts.js';

const withLines = verdictOf([fileOf([result('calls/plain', { state: 'failed', findings: [located] })])]);

/**
 * Characters that terminals and CI runners interpret: control, format and separator characters, and
 * surrogates.
 */
const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const isCommand = (line: string) => /^\s*::/.test(line) || line.includes('##[');

describe('a hostile string', () => {
  test.each(FORMATS)('is harmless in the format %s', (format) => {
    const text = render(hostile, format);
    expect(text.match(UNSAFE)).toBeNull();
    const commands = text.split('\n').filter(isCommand);
    if (format === 'github') {
      expect(
        commands.every((line) =>
          /^::(error|warning|notice) file=[^:,]+(,line=\d+)?,title=[^:,]+::[^\r\n]/.test(line),
        ),
      ).toBe(true);
      expect(commands.length).toBe(3);
    } else expect(commands).toEqual([]);
  });

  test('is not a workflow command even if it is wrapped into lines', () => {
    const words = Array.from({ length: 90 }, (_, i) => `${'w'.repeat(i % 9)} ::error::x`).join(' ');
    const finding = {
      message: words,
      stage: null,
      crash: null,
      input: null,
      stderr: words.replaceAll(' ', '\n'),
    };
    const verdict = verdictOf([
      fileOf([result('a/b', { state: 'failed', findings: [finding], why: words })]),
    ]);
    const lines = render(verdict, 'pretty').split('\n');
    expect(lines.length).toBeGreaterThan(40);
    expect(lines.filter(isCommand)).toEqual([]);
  });

  test('is still printed, escaped', () => {
    for (const format of FORMATS) expect(render(hostile, format)).toContain('injected');
    expect(HOSTILE).toContain('\u009B');
    expect(render(hostile, 'pretty')).toContain('\\x9b31m');
  });
});

describe('pretty', () => {
  const text = render(full, 'pretty');

  test('has a line with the time of each check, and the measures', () => {
    for (const { id, state, ms } of full.files.flatMap(({ results }) => results)) {
      const time = state === 'skipped' ? '' : ` +${ms.toFixed(1)} ms`;
      expect(text).toMatch(new RegExp(`^ {2}[a-zA-Z]+ +${id}${time}`, 'm'));
    }
    expect(text).toContain('time of a call: median 1.12 µs, 99 % within 1.84 µs, at most 41.6 µs');
    expect(text).toContain(
      'memory over calls: 16.1 bytes per call, with 95 % confidence between 15.6 and 16.6',
    );
    expect(text).toContain('time of load: 3.21 ms');
  });

  test('explains a finding and how to reproduce it', () => {
    const begin = text.indexOf('  error calls/empty-input');
    const card = text.slice(begin, text.indexOf('\n\n', begin));
    for (const part of [
      'found     It was ended by SIGSEGV, in: call with an empty input',
      'crash     SIGSEGV at 0x8 (NULL plus 8 bytes: a member of a struct that is not there)',
      '              call+0x1c (0x116c)',
      'input     5 bytes, sha256 abababababab, kept in artifacts/input-abab.bin',
      'stderr    | about to crash\n              | now',
      'why       It is what a plugin is for.',
      'fix       Return one of the status values of tenon.h.',
      'reproduce npx tenon check x.so --filter calls/empty-input --seed 7',
      'debug     gdb --args tenon-checker calls/empty-input x.so',
    ])
      expect(card).toContain(part);
  });

  test('has the source lines of the frames, and the source line of a finding', () => {
    const shown = render(withLines, 'pretty');
    for (const part of [
      '    crash     SIGSEGV at 0x8\n              parse at src/parse.h:12, inlined into\n              call+0x1c (0x116c) at src/plugin.c:40\n',
      '              main+0x40 (0x1040) at /build/main.c:3\n              outside of the library (0x7f00)\n',
      '    source    src/parse.h:12  return node->next;\n',
    ])
      expect(shown).toContain(part);
  });

  test('has the most severe findings first, and ends with a tally', () => {
    const order = [
      'error calls/empty-input',
      'warning file/relro',
      'note file/debug-info',
      'accepted error file/exports',
    ];
    const places = order.map((one) => text.indexOf(`  ${one}`));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(text).toContain(
      '3 files, level strict, seed 7: 5 passed, 3 failed, 1 skipped, 1 incomplete, 1 excepted',
    );
    expect(text).toContain('\n1 error, 2 warnings, 1 note\nThere are findings.\n');
    expect(text).toContain('not a tenon plugin: It exports none');
    expect(text).toContain('The file was changed while it was checked');
    expect(render(clean, 'pretty')).toMatch(/\nClean\.\n$/);
    expect(render({ ...full, outcome: 'incomplete' }, 'pretty')).toMatch(/this is not a pass\.\n$/);
  });

  test('has colors if the option is set, and is otherwise the same', () => {
    const colored = render(full, 'pretty', { color: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the text contains color sequences.
    expect(colored.replaceAll(/\u001B\[\d+m/g, '')).toBe(text);
    expect(colored).not.toBe(text);
  });
});

describe('pretty, with a width', () => {
  const skipped = (id: string, reason = 'it rests on abi/load, which failed') =>
    result(id, { state: 'skipped', reason });

  test.each([60, 80, 120])('wraps prose at %i columns, but not text to copy', (width) => {
    for (const verdict of [full, hostile]) {
      const lines = render(verdict, 'pretty', { width }).split('\n');
      const wide = lines.filter((line) => widthOf(line) > width);
      const exact = wide.filter((line) => /^ {4}(reproduce|debug|crash|input|stderr| {6}) /.test(line));
      // One word can be wider than the line.
      const words = wide.filter((line) => Math.max(...line.split(' ').map(widthOf)) > width - 30);
      expect(wide.filter((line) => !exact.includes(line) && !words.includes(line))).toEqual([]);
    }
  });

  test('combines consecutive checks that were skipped for the same reason', () => {
    const ids = ['abi/version', 'abi/name', 'abi/vtable'];
    const verdict = verdictOf([fileOf([...ids.map((id) => skipped(id)), skipped('abi/flags', 'another')])]);
    const text = render(verdict, 'pretty');
    expect(text).toContain(
      '  skipped     3 checks: it rests on abi/load, which failed\n              abi/version, abi/name, abi/vtable\n',
    );
    expect(text).toMatch(/\n {2}skipped +abi\/flags +another\n/);
    const two = render(verdictOf([fileOf([skipped('abi/version'), skipped('abi/name')])]), 'pretty');
    expect(two).toMatch(/skipped +abi\/version .*\n {2}skipped +abi\/name /);
  });
});

describe('compact', () => {
  const ended = 'the run was ended before the check was complete';
  const incomplete = (id: string, reason = ended) => result(id, { state: 'incomplete', reason });

  test('combines the checks of a file that are incomplete for the same reason', () => {
    const results = [
      incomplete('abi/load'),
      incomplete('abi/name'),
      incomplete('calls/plain', 'no instance'),
    ];
    expect(render(verdictOf([fileOf([result('file/format'), ...results])]), 'compact')).toBe(
      `./build/x.so: incomplete: abi/load and 1 other check: ${ended}\n./build/x.so: incomplete: calls/plain: no instance\n`,
    );
  });

  test('combines all files without any checked result', () => {
    const files = ['a.so', 'b.so', 'c.so'].map((path) =>
      fileOf([incomplete('abi/load'), incomplete('abi/name')], { path }),
    );
    const begun = fileOf([result('file/format'), incomplete('abi/load')], { path: 'begun.so' });
    expect(render(verdictOf([begun, ...files]), 'compact')).toBe(
      `begun.so: incomplete: abi/load: ${ended}\na.so: incomplete: this file and 2 other files were not checked: ${ended}\n`,
    );
    expect(render(verdictOf(files.slice(0, 1)), 'compact')).toBe(
      `a.so: incomplete: abi/load and 1 other check: ${ended}\n`,
    );
  });

  test('has one line for each finding and each incomplete result, and no others', () => {
    expect(render(full, 'compact').split('\n')).toEqual([
      './build/x.so: error: calls/empty-input: It was ended by SIGSEGV, in: call with an empty input',
      './build/x.so: incomplete: lifecycle/many: new failed, so there is no instance to call',
      './build/x.so: warning: file/relro: it returned 42, expected 0 to 8',
      './build/x.so: warning: file/relro: and 43',
      './build/x.so: note: file/debug-info: There is none',
      '/usr/lib/libz.so.1: error: not a tenon plugin: It exports none of the entry points',
      'changed.so: incomplete: The file was changed while it was checked',
      '',
    ]);
    expect(render(clean, 'compact')).toBe('');
    expect(render(withLines, 'compact')).toBe(
      './build/x.so: error: calls/plain: It was ended by SIGSEGV, in: call with an empty input, at src/parse.h:12\n',
    );
  });
});

/** Parses a workflow command like the runner of GitHub Actions. */
function parseCommand(line: string) {
  const [, kind = '', properties = '', data = ''] = /^::([a-z]+) ([^:]*)::(.*)$/.exec(line) ?? [];
  const decoded = (text: string) =>
    text
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
      .replaceAll('%0D', '\r')
      .replaceAll('%0A', '\n')
      .replaceAll('%25', '%');
  const pairs = properties
    .split(',')
    .map((pair) => [pair.slice(0, pair.indexOf('=')), decoded(pair.slice(pair.indexOf('=') + 1))]);
  return { kind, ...Object.fromEntries(pairs), message: decoded(data) } as Record<string, string>;
}

describe('github', () => {
  const commands = render(full, 'github').trimEnd().split('\n').map(parseCommand);

  test('has an annotation for each finding, whose type is the severity', () => {
    const kinds = ['error', 'warning', 'warning', 'notice', 'error', 'error', 'error'];
    expect(commands.map(({ kind }) => kind)).toEqual(kinds);
    const [crash] = commands;
    expect(crash).toMatchObject({ file: './build/x.so', title: 'x.so: calls/empty-input' });
    expect(crash?.message).toMatch(/^It was ended by SIGSEGV.*\nSIGSEGV at 0x8 .*\ncall\+0x1c/);
    expect(crash?.message).toContain('Reproduce: npx tenon check x.so');
    expect(commands[4]).toMatchObject({
      title: 'x.so: 1 check could not be completed',
      message: 'lifecycle/many: new failed, so there is no instance to call',
    });
  });

  test('has the source line as its place if the file is in the checkout', () => {
    const annotation = (finding: Finding) => {
      const found = [result('calls/plain', { state: 'failed', findings: [finding] })];
      return parseCommand(render(verdictOf([fileOf(found)]), 'github').trimEnd());
    };
    expect(annotation(located)).toMatchObject({
      file: 'src/parse.h',
      line: '12',
      title: 'x.so: calls/plain',
    });
    expect(annotation(located).message).toContain('in: call with an empty input, at src/parse.h:12\n');
    const elsewhere = { function: null, file: '/usr/include/c++/12/vector', line: 5, text: null };
    expect(annotation({ ...located, place: elsewhere })).toMatchObject({ file: './build/x.so' });
    expect(annotation({ ...located, place: elsewhere }).line).toBeUndefined();
  });

  test('escapes the separators of the runner', () => {
    const path = 'a:b,c%0Ad.so';
    const verdict = verdictOf([
      fileOf(
        [
          result('a/b', {
            state: 'failed',
            findings: [{ message: '100 %,\nwhy: %25', stage: null, crash: null, input: null, stderr: '' }],
          }),
        ],
        { path },
      ),
    ]);
    const line = render(verdict, 'github').trimEnd();
    expect(line).toMatch(/^::error file=a%3Ab%2Cc%250Ad\.so,title=/);
    expect(parseCommand(line)).toMatchObject({
      file: path,
      message: expect.stringMatching(/^100 %,\\x0awhy: %25\n/),
    });
    expect(render(clean, 'github')).toBe('');
  });
});

test('onlyFailed removes passed, skipped and excepted results, and keeps the tally', () => {
  const less = onlyFailed(full);
  expect(less.files[0]?.results.map(({ state }) => state)).toEqual([
    'failed',
    'failed',
    'failed',
    'incomplete',
  ]);
  expect(less.tally).toEqual(full.tally);
  expect(render(less, 'pretty')).not.toMatch(/passed +file\/format/);
});

test('an unknown format is refused', () => {
  expect(() => render(full, 'yaml' as 'json')).toThrow(/'pretty', 'compact', 'json'/);
  expect(() => render(full, 'constructor' as 'json')).toThrow(/'pretty', 'compact', 'json'/);
});
