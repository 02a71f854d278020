import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/cli/command.js';
import { guarded } from '../../src/cli/commands.js';
import { Output, openIo } from '../../src/cli/io.js';
import { printable, table } from '../../src/cli/text.js';
import { TenonError } from '../../src/index.js';
import { pluginFile, root, temporaryFolder } from '../support/index.js';
import { main, tenon } from './run.js';

const COMMANDS = ['inspect', 'list', 'call', 'check'];

describe('the command tenon', () => {
  test('prints its help and its version to the standard output', async () => {
    const help = await tenon(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const command of COMMANDS) expect(help.stdout).toMatch(new RegExp(`^  ${command} +[a-z]`, 'm'));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(await tenon(['--version'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: `tenon ${version}, ABI 1.0.0\n`,
    });
  });

  test.each(COMMANDS)('explains %s, also when other arguments are wrong', async (command) => {
    const help = await tenon([command, '--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(new RegExp(`^Usage: tenon ${command} `));
    expect((await tenon([command, '--banana', '-h'])).stdout).toBe(help.stdout);
  });

  test.each([
    [[], 'name a command'],
    [['banana'], "no command 'banana'"],
    [['__proto__'], 'no command'],
    [['inspect'], 'at least one file'],
    [['inspect', '--banana', 'x'], '--banana'],
    [['inspect', '--json=yes', 'x'], '--json'],
    [['list'], 'TENON_PATH'],
    [['list', ''], 'empty'],
    [['list', '.', '--depth', '17'], '--depth'],
    [['list', '.', '--depth', 'x'], '--depth'],
    [['call'], 'exactly one file'],
    [['call', 'a', 'b'], 'exactly one file'],
    [['call', 'a', '--config', '{'], '--config'],
    [['call', 'a', '--method', 'encode'], '--method'],
    [['call', 'a', '--method', 'codec/1#'], '--method'],
    [['call', 'a', '--input'], '--input'],
    [['call', 'a', '--input', '@missing'], '--input'],
  ])('refuses the command line %j with exit code 2', async (args, reason) => {
    const run = await tenon(args);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain(reason);
    expect(run.stderr).toMatch(/Try 'tenon .*--help'/);
  });

  test('is executable by its first line', () => {
    expect(readFileSync(main, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(statSync(main).isFile()).toBe(true);
  });

  test('ends quietly when nobody reads its output', async () => {
    const child = spawn(process.execPath, [main, 'inspect', '--json', pluginFile('wordcount')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('a failure of a command', () => {
  test.each([
    [new UsageError('two files'), 2, /^tenon: two files\nTry 'tenon list --help'\.\n$/],
    [
      new TenonError('ERR_TENON_NOT_FOUND', 'no file\nat all'),
      1,
      /^tenon: ERR_TENON_NOT_FOUND\n {2}no file\\x0aat all\n$/,
    ],
    [new TenonError('ERR_TENON_INVALID_ARGUMENT', 'bad'), 2, /ERR_TENON_INVALID_ARGUMENT/],
    [new RangeError('our own'), 4, /fault of tenon itself[\s\S]*RangeError: our own\n[\s\S]*main\.test/],
    ['thrown text', 4, /thrown text/],
  ])('%s has its exit code and explains itself', async (error, code, text) => {
    const file = join(temporaryFolder(), 'stderr');
    const fd = openSync(file, 'w');
    const given = await guarded('list', openIo(fd, fd, {}), () => Promise.reject(error));
    closeSync(fd);
    expect(given).toBe(code);
    expect(readFileSync(file, 'utf8')).toMatch(text);
  });
});

describe('text for people', () => {
  test('cannot move the cursor or reorder what is on the screen', () => {
    expect(printable('a\u001B[2Jb\rc\n\u202Ed\u2028')).toBe('a\\x1b[2Jb\\x0dc\\x0a\\u{202e}d\\u{2028}');
    expect(printable('grün 日本')).toBe('grün 日本');
  });

  test('is aligned in columns', () => {
    expect(table([['A', 'LONG', 'X'], ['bbb', 'c'], []])).toEqual(['A    LONG  X', 'bbb  c', '']);
    expect(table([])).toEqual([]);
  });

  test('has no colors where it is not read on a terminal', () => {
    expect(new Output(1, {}).bold('x')).toBe(process.stdout.isTTY ? '\u001B[1mx\u001B[0m' : 'x');
    expect(new Output(1, { NO_COLOR: '1' }).red('x')).toBe('x');
  });
});
