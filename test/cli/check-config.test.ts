/** `tenon check --config`: the options of a project in a file. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { configOf } from '../../src/cli/check/config.js';
import { UsageError } from '../../src/cli/usage.js';
import { canCheck } from '../check/support.js';
import { root, temporaryFolder } from '../support/index.js';
import { broken, check, good, ONLY, verdictOf } from './check-run.js';

function write(value: unknown): string {
  const folder = join(temporaryFolder(), 'conf');
  mkdirSync(folder);
  const file = join(folder, 'check.json');
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

describe.skipIf(!canCheck)('the file of --config', () => {
  test('sets options, and the command line overrides them', async () => {
    const config = write({
      level: 'strict',
      failOn: 'warning',
      seed: 5,
      filter: ['calls/plain'],
      timeout: '20s',
      pluginConfig: { minLength: 3 },
      jobs: 1,
      repeat: 1,
      glibc: '2.36',
      allowNeeded: ['libx.so.*'],
    });
    const verdict = await verdictOf([good, '--config', config, '--seed', '6']);
    expect(verdict).toMatchObject({ level: 'strict', failOn: 'warning', seed: 6, filter: ['calls/plain'] });
    const command = verdict.files[0]?.results.find(({ id }) => id === 'calls/plain')?.reproduce.command;
    expect(command).toContain(`--plugin-config '{"minLength":3}' --timeout 20000ms`);
  });

  test('excepts findings with a reason, which is printed', async () => {
    const config = write({ rules: { 'calls/plain': { except: 'our hosts accept 42' } } });
    const run = await check([broken, ...ONLY, '--config', config]);
    expect(run).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('accepted  our hosts accept 42'),
    });
    expect(run.stdout).toContain('it returned 42');
  });

  test('has paths relative to its folder', async () => {
    const config = write({ inputs: ['../in.txt'] });
    writeFileSync(join(config, '..', '..', 'in.txt'), 'one two');
    expect(await check([good, ...ONLY, '--config', config])).toMatchObject({ code: 0 });
  });

  test.each([
    [
      'not JSON',
      "check.json is not JSON: line 1, column 1: expected a value or a string in double quotes, found 'not JSON'",
    ],
    [
      '{\n  "level": "strict",\n  "jobs": 1,\n}\n',
      "line 4, column 1: expected a name in double quotes, found '}'",
    ],
    ['{\n  "level": "strict"\n  "jobs": 1\n}', "line 3, column 3: expected ',', found '\"jobs\": 1'"],
    ['{ "level": \'strict\' }', 'line 1, column 12: expected a value'],
    ['// options\n{}', 'line 1, column 1: JSON has no comments'],
    ['{ "glibc": "2.36', 'line 1, column 12: expected a string that ends on the same line'],
    ['', 'line 1, column 1: expected a value, found the end'],
    [{ level: 'strikt' }, "Did you mean 'strict'?"],
    [{ rules: { 'calls/plian': {} } }, "there is no check 'calls/plian'. Did you mean 'calls/plain'?"],
    [{ fuzz: { budget: '1s', corpos: 'x' } }, "only budget and corpus. Did you mean 'corpus'?"],
    [[], 'must be an object'],
    [{ levle: 'strict' }, "'levle'"],
    [{ constructor: 1 }, "'constructor'"],
    [{ level: 'deep' }, 'basic, strict, torture'],
    [{ rules: { 'calls/banana': {} } }, 'calls/banana'],
    [{ rules: { 'calls/plain': { severty: 'note' } } }, 'severty'],
    [{ rules: { 'calls/plain': { except: ' ' } } }, 'except'],
    [{ timeout: 10 }, 'timeout'],
    [{ jobs: 1.5 }, 'jobs'],
    [{ inputs: 'x' }, 'inputs'],
    [{ fuzz: { budget: '1s', corpos: 'x' } }, 'corpos'],
  ])('is refused with the invalid member: %j', async (value, reason) => {
    const run = await check([good, '--config', write(value)]);
    expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(reason) });
  });
});

describe('the shipped schema and the command agree', () => {
  const isValid = new Ajv({ allErrors: true }).compile(
    JSON.parse(readFileSync(join(root, 'docs', 'check-config.schema.json'), 'utf8')) as object,
  );
  const isAccepted = (value: unknown) => {
    try {
      return configOf(write(value)) !== undefined;
    } catch (error) {
      if (error instanceof UsageError) return false;
      throw error;
    }
  };

  test.each([
    {},
    { $schema: './node_modules/tenon/docs/check-config.schema.json', level: 'torture', failOn: 'error' },
    { rules: { 'calls/plain': { severity: 'note', except: 'a reason' } }, filter: ['calls/*'] },
    { pluginConfig: null, inputs: ['a'], allowNeeded: ['libx*'], glibc: '2.36', artifacts: 'x' },
    {
      jobs: 2,
      repeat: 3,
      seed: 4,
      timeout: '1.5s',
      fuzz: { budget: '60s', corpus: 'c' },
      sanitize: 'thread',
    },
  ])('that a file is valid: %j', (value) => {
    expect({ schema: isValid(value), command: isAccepted(value) }).toEqual({ schema: true, command: true });
  });

  test.each([
    [[]],
    [{ banana: 1 }],
    [{ level: 'deep' }],
    [{ failOn: 'note' }],
    [{ rules: [] }],
    [{ rules: { 'calls/plain': { severity: 'fatal' } } }],
    [{ rules: { 'calls/plain': { other: 1 } } }],
    [{ rules: { 'calls/plain': { except: '' } } }],
    [{ rules: { plain: {} } }],
    [{ filter: 'calls/*' }],
    [{ inputs: [''] }],
    [{ allowNeeded: [1] }],
    [{ glibc: 2.36 }],
    [{ jobs: -1 }],
    [{ seed: 'x' }],
    [{ timeout: '10' }],
    [{ timeout: 10 }],
    [{ fuzz: {} }],
    [{ fuzz: { budget: '1s', other: 1 } }],
    [{ sanitize: 'memory' }],
    [{ artifacts: ' ' }],
  ])('that a file is invalid: %j', (value) => {
    expect({ schema: isValid(value), command: isAccepted(value) }).toEqual({ schema: false, command: false });
  });
});
