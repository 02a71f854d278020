/** Documents of kinds that are malformed or hostile: each is refused with the place of the problem, and in time. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kindIn } from '../../src/cli/kind/source.js';
import { UsageError } from '../../src/cli/usage.js';
import { temporaryFolder } from '../support/index.js';
import { tenon } from './run.js';

/** A document with one method, whose input is one field of the type. */
const typed = (type: string): string =>
  `{"format":1,"name":"k","version":"1.0.0","methods":[{"name":"m","input":[{"name":"a","type":${type}}],"output":[]}]}`;
const named = (name: string): string => typed('"u8"').replace('"name":"k"', `"name":${JSON.stringify(name)}`);
const method = (members: string): string =>
  `{"format":1,"name":"k","version":"1.0.0","methods":[{"name":"m",${members}}]}`;
const repeated = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join();

const hostile: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ['an empty file', '', /is not JSON/],
  ['half of a document', typed('"u8"').slice(0, 60), /is not JSON/],
  [
    'bytes that are not UTF-8',
    Buffer.from(typed('"u8"').replace('"m"', '"m","doc":"\xff"'), 'latin1'),
    /is not UTF-8/,
  ],
  ['a comment', '// a kind\n{}', /JSON has no comments/],
  ['null', 'null', /'document' must be an object/],
  ['an array', '[]', /'document' must be an object/],
  ['a string', '"text"', /'document' must be an object/],
  ['an empty object', '{}', /'format' must be 1/],
  ['a later format', '{"format":2}', /'format' must be 1, not 2\. Write it with this version/],
  ['the format as a string', '{"format":"1"}', /'format' must be 1, not "1"/],
  ['a member __proto__', '{"format":1,"__proto__":{"name":"k"}}', /'__proto__' is not an option/],
  [
    'an unknown member',
    typed('"u8"').replace('"format"', '"metods":[],"format"'),
    /Did you mean 'methods'\?/,
  ],
  ['a name that leaves the folder', named('../../x'), /'name' must be 1 to 32 of a-z/],
  ['a name that is a path', named('/etc/passwd'), /'name' must be 1 to 32 of a-z/],
  ['a name with a NUL', named('k\0'), /'name' must be 1 to 32 of a-z/],
  ['a name with a line end', named('k\n#include "x"'), /'name' must be 1 to 32 of a-z/],
  [
    'a version with a line end',
    typed('"u8"').replace('1.0.0', '1.0.0\\n'),
    /'version' must be a semantic version/,
  ],
  ['no methods', '{"format":1,"name":"k","version":"1.0.0","methods":[]}', /must take 1 to 256 slots/],
  [
    'a method that is null',
    '{"format":1,"name":"k","version":"1.0.0","methods":[null]}',
    /'methods\[0\]' must be an object/,
  ],
  ['a method without a form', method('"input":[]'), /must have one of output, cursor and bytes, not none/],
  ['a method of two forms', method('"input":[],"output":[],"cursor":[]'), /not output and cursor/],
  ['a method of bytes with an input', method('"input":[],"bytes":true'), /'methods\[0\]\.bytes'/],
  ['a method of bytes that are false', method('"bytes":false'), /'methods\[0\]\.bytes' must be true/],
  [
    'a later since than the version',
    method('"since":"1.1.0","bytes":true'),
    /must be a version from 1\.0\.0 to 1\.0\.0/,
  ],
  ['a name of code', typed('"u8"').replace('"a"', '"a; int b"'), /a name must be a letter or _/],
  ['a name then', typed('"u8"').replace('"name":"m"', '"name":"then"'), /not one of then, __proto__/],
  ['a type that is a number', typed('8'), /'methods\[0\]\.input\[0\]\.type' must be an object, not 8/],
  ['a type of two forms', typed('{"list":"u8","option":"u8"}'), /must have exactly one of list/],
  ['a type without a form', typed('{"as":"x"}'), /must have exactly one of list/],
  ['an array of 0', typed('"u8[0]"'), /must be str, bytes, one of/],
  ['an array of more than a record has', typed('"u8[99999999]"'), /a record has at most \d+/],
  ['an enum that is an object', typed('{"enum":{"a":1}}'), /\.enum' must be an array/],
  ['an enum without members', typed('{"enum":[]}'), /must have 1 to 4096 members, not 0/],
  ['an enum of too many members', typed(`{"enum":[${repeated(5000, (i) => `"m${i}"`)}]}`), /not 5000/],
  ['flags of 33 members', typed(`{"flags":[${repeated(33, (i) => `"m${i}"`)}]}`), /1 to 32 members, not 33/],
  ['a union with a member twice', typed('{"union":[{"name":"a"},{"name":"a"}]}'), /has the name a twice/],
  ['an option of an option', typed('{"option":{"option":"u8"}}'), /must not be an option of an option/],
  ['a list of nothing', typed('{"list":{"record":[]}}'), /has elements without fields/],
  ['open that is false', typed('{"enum":["a"],"open":false}'), /\.open' must be true/],
  [
    'too many fields',
    typed(`{"record":[${repeated(1025, (i) => `{"name":"f${i}","type":"u8"}`)}]}`),
    /at most 1024/,
  ],
  [
    'too many methods',
    method('"bytes":true').replace(/\[.*\]/, `[${repeated(300, (i) => `{"name":"m${i}","bytes":true}`)}]`),
    /1 to 256 slots.*not 300/,
  ],
  [
    'types within each other, 100 000 deep',
    typed(`${'{"list":'.repeat(100_000)}"u8"${'}'.repeat(100_000)}`),
    /is nested deeper than 8 levels/,
  ],
  [
    'records within each other, 50 000 deep',
    typed(`${'{"record":[{"name":"a","type":'.repeat(50_000)}"u8"${'}]}'.repeat(50_000)}`),
    /is nested deeper than 8 levels/,
  ],
  [
    'a name of a type that is code',
    typed('{"record":[{"name":"a","type":"u8"}],"as":"x; int y"}'),
    /\.as' must be a name/,
  ],
];

test.each(hostile)('%s is refused', async (_, text, message) => {
  const path = join(temporaryFolder(), 'k.kind.json');
  writeFileSync(path, text);
  const refused = expect(kindIn(path, undefined)).rejects;
  await refused.toThrow(UsageError);
  await refused.toThrow(message);
});

test('a folder and a file without a known extension are refused', async () => {
  const folder = join(temporaryFolder(), 'k.json');
  mkdirSync(folder);
  await expect(kindIn(folder, undefined)).rejects.toThrow(/cannot be read/);
  const file = join(temporaryFolder(), 'k.txt');
  writeFileSync(file, typed('"u8"'));
  await expect(kindIn(file, undefined)).rejects.toThrow(/k\.txt/);
});

describe('the command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-kinds-'));
  const bad = join(folder, 'bad.json');
  const good = join(folder, 'good.json');
  const out = join(folder, 'out');
  beforeAll(() => {
    writeFileSync(bad, typed('{"list":"u33"}'));
    writeFileSync(good, typed('"u8"'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['export', bad],
    ['export', bad, '--out', join(out, 'k.json')],
    ['export', bad, '--out', join(out, 'k.json'), '--check'],
    ['bind', bad, '--lang', 'c', '--lang', 'ts', '--out', out],
    ['bind', bad, '--lang', 'rust', '--out', out, '--check'],
    ['diff', bad, good],
    ['diff', good, bad, '--check'],
  ])('kind %s refuses a bad document, and writes nothing: %j %j %j', async (...args) => {
    const { code, stdout, stderr } = await tenon(['kind', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/bad\.json is not the document of a kind: .*methods\[0\]\.input\[0\]\.type\.list/);
    expect(readdirSync(folder).sort()).toEqual(['bad.json', 'good.json']);
  });

  test('kind bind says why a file cannot be written or compared', async () => {
    const bind = (to: string, ...more: string[]) =>
      tenon(['kind', 'bind', good, '--lang', 'c', '--out', to, ...more]);
    const below = await bind(join(good, 'x'));
    expect([below.code, below.stderr]).toEqual([2, expect.stringMatching(/k\.kind\.h cannot be written/)]);
    mkdirSync(join(folder, 'k.kind.h'));
    const { code, stderr } = await bind(folder, '--check');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/k\.kind\.h cannot be read/)]);
  });
});
