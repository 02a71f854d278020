import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { guarded } from '../../src/cli/guarded.js';
import { Output, openIo } from '../../src/cli/io.js';
import { printable, shortened, table, widthOf, wrapped } from '../../src/cli/text.js';
import { UsageError } from '../../src/cli/usage.js';
import { TenonError } from '../../src/index.js';
import { pluginFile, pluginsDir, root, temporaryFolder } from '../support/index.js';
import { main, tenon } from './run.js';
import { hasScript, onTerminal, shownLines, tooWide } from './terminal.js';

const COMMANDS = [
  'inspect',
  'list',
  'call',
  'check',
  'new',
  'dev',
  'kind',
  'build',
  'run',
  'ps',
  'stats',
  'quarantine',
  'help',
  'completion',
];

describe('the command tenon', () => {
  test.each([['help'], ['--help'], ['-h']])('lists its commands: %s', async (...args) => {
    const help = await tenon(args);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    const listed = [...help.stdout.matchAll(/^ {2}([a-z]+) +[a-z]/gm)].map(([, name]) => name);
    expect(listed).toEqual(COMMANDS);
    for (const line of help.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test.each([['--version'], ['-v'], ['-V'], ['--color', 'never', '-v']])(
    'prints its version: %s',
    async (...args) => {
      const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
      const stdout = `tenon ${version}, ABI 1.0.0\n`;
      expect(await tenon(args)).toMatchObject({ code: 0, stderr: '', stdout });
    },
  );

  test.each(COMMANDS)('prints the help of %s even if other arguments are invalid', async (command) => {
    const help = await tenon(['help', command]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(new RegExp(`^Usage: tenon ${command} `));
    expect(help.stdout).toMatch(
      /Exit code: 0 success,[\s\S]*\s2 invalid usage,[\s\S]*\s4 internal error\.\n$/,
    );
    for (const line of help.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect((await tenon([command, '--help'])).stdout).toBe(help.stdout);
    expect((await tenon([command, '--banana', '-h'])).stdout).toBe(help.stdout);
  });

  test.each([
    [[], 'a command is missing'],
    [['banana'], "no command 'banana'"],
    [['chek'], "no command 'chek'. Did you mean 'check'?"],
    [['help', 'lits'], "no command 'lits'. Did you mean 'list'?"],
    [['help', 'list', 'call'], 'explains one command'],
    [['__proto__'], 'no command'],
    [['--versoin'], "no option '--versoin'. Did you mean '--version'?"],
    [['--color', 'red', 'list', '.'], '--color must be one of auto, always, never'],
    [['inspect'], 'a file is missing'],
    [['inspect', '--banana', 'x'], "no option '--banana'"],
    [['inspect', '--jsno', 'x'], "Did you mean '--json'?"],
    [['inspect', '-j', 'x'], "no option '-j'"],
    [['inspect', '--json=yes', 'x'], "--json takes no value, but 'yes' was given"],
    [['list'], 'TENON_PATH'],
    [['list', ''], 'empty'],
    [['list', '.', '--depth', '17'], '--depth'],
    [['list', '.', '--depth', 'x'], '--depth'],
    [['list', '.', '--isolation', 'proces'], "thread, process, not 'proces'. Did you mean 'process'?"],
    [['call'], 'a plugin is missing'],
    [['call', 'a', 'b'], "the method must be 'something'"],
    [['call', 'a', 'b.c', 'd'], 'a plugin and a method, but 3 arguments'],
    [['call', 'a', '--deadline', '5s'], "Did you mean '--timeout'?"],
    [['call', 'a', '--timeout', '5'], '--timeout must be a time'],
    [
      ['call', 'a', '--config', '{'],
      "--config is not JSON: line 1, column 2: expected ',' or '}', found the end",
    ],
    [['call', 'a', '--method', 'encode'], '--method'],
    [['call', 'a', '--method', 'codec/1#'], '--method'],
    [['call', 'a', '--input'], '--input needs a value: --input INPUT'],
    [['call', 'a', '--input', '--config'], 'write --input=--config'],
    [['call', 'a', '--input', '@missing'], '--input'],
    [['call', 'a', '--limits', '64MiB'], "must be like '--limits memory=…,cpu=…,files=…'"],
    [
      ['call', 'a', '--limits', 'memroy=1MiB'],
      "knows no 'memroy', only memory, cpu, files. Did you mean 'memory'?",
    ],
    [['call', 'a', '--limits', 'memory=many'], '--limits memory must be a size'],
    [['call', 'a', '--limits', 'cpu=1,cpu=2'], 'has cpu twice'],
    [['ps', 'x', '--state-dir', '.'], 'ps takes no arguments'],
    [['ps'], 'TENON_STATE_DIR'],
    [['stats', '--state-dir', '.', '--interval', 'often'], '--interval'],
    [['quarantine', '--state-dir', '.'], "needs 'list' or 'clear'"],
    [['quarantine', 'claer', '--state-dir', '.'], "Did you mean 'clear'?"],
    [['quarantine', 'list', 'abcdef01', '--state-dir', '.'], 'takes no digests'],
    [['quarantine', 'clear', 'abc', '--state-dir', '.'], '8 to 64'],
    [['completion'], 'bash, zsh, fish'],
    [['completion', 'bsh'], "Did you mean 'bash'?"],
  ])('refuses the command line %j with exit code 2', async (args, reason) => {
    const run = await tenon(args);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain(reason);
    expect(run.stderr).toMatch(/\nTry 'tenon help.*'\.\n$/);
  });

  test('has a first line that makes it executable', () => {
    expect(readFileSync(main, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(statSync(main).isFile()).toBe(true);
  });

  test('exits without an error if its output is closed', async () => {
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

describe.skipIf(process.platform === 'win32')('results that cannot be written', () => {
  const into = (device: string, args: readonly string[]) => {
    const { stderr, status } = spawnSync('sh', [
      '-c',
      `exec "$@" ${device}`,
      'sh',
      process.execPath,
      main,
      ...args,
    ]);
    return { status, stderr: stderr.toString() };
  };

  test
    .skipIf(!existsSync('/dev/full'))
    .each([
      [['help']],
      [['inspect', pluginFile('wordcount')]],
      [['list', pluginsDir, '--isolation', 'inline']],
      [['call', pluginFile('echo'), '--input', 'x']],
    ])('make %j exit with 3 and the reason', (args) => {
    const { status, stderr } = into('> /dev/full', args);
    expect(stderr).toMatch(/^tenon: the results cannot be written: ENOSPC/m);
    expect(status).toBe(3);
  });

  test.skipIf(!existsSync('/dev/full'))('make tenon check exit with 3 and the reason', () => {
    const { status, stderr } = into('> /dev/full', ['check', pluginFile('echo'), '--filter', 'file/*']);
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringContaining('ENOSPC') });
  });

  test('do not change the exit code if only the standard error is closed', () => {
    expect(into('2>&-', ['chek']).status).toBe(2);
  });
});

describe('a failure of a command', () => {
  test.each([
    [new UsageError('two files'), 2, /^tenon: two files\nTry 'tenon help list'\.\n$/],
    [
      new TenonError('ERR_TENON_NOT_FOUND', 'no file\nat all'),
      1,
      /^tenon: ERR_TENON_NOT_FOUND\n {2}no file\\x0aat all\n$/,
    ],
    [new TenonError('ERR_TENON_INVALID_ARGUMENT', 'bad'), 2, /ERR_TENON_INVALID_ARGUMENT/],
    [new RangeError('our own'), 4, /internal error[\s\S]*RangeError: our own\n[\s\S]*main\.test/],
    ['thrown string', 4, /thrown string/],
  ])('%s has its exit code and message', async (error, code, text) => {
    const file = join(temporaryFolder(), 'stderr');
    const fd = openSync(file, 'w');
    const given = await guarded('list', openIo(fd, fd, { env: {} }), () => Promise.reject(error));
    closeSync(fd);
    expect(given).toBe(code);
    expect(readFileSync(file, 'utf8')).toMatch(text);
  });
});

describe('printed text', () => {
  test('has control and bidirectional characters escaped', () => {
    expect(printable('a\u001B[2Jb\rc\n\u202Ed\u2028')).toBe('a\\x1b[2Jb\\x0dc\\x0a\\u{202e}d\\u{2028}');
    expect(printable('grün 日本')).toBe('grün 日本');
  });

  test('is aligned in columns', () => {
    expect(table([['A', 'LONG', 'X'], ['bbb', 'c'], []])).toEqual(['A    LONG  X', 'bbb  c', '']);
    expect(table([])).toEqual([]);
  });

  test('is measured in terminal columns and not in characters', () => {
    expect(
      table([
        ['日本', 'x'],
        ['ab', 'y'],
      ]),
    ).toEqual(['日本  x', 'ab    y']);
    expect(widthOf('e\u0301')).toBe(1);
    expect(wrapped('日本 日本 日本', 9, '')).toBe('日本 日本\n日本');
    expect(shortened('/日本/語/plugin.so', 12, 'start')).toBe('…/plugin.so');
    expect(shortened('plugin.so', 5)).toBe('plug…');
    expect(shortened('plugin.so', 9)).toBe('plugin.so');
  });

  test('has colors only on a terminal without NO_COLOR', () => {
    expect(new Output(1, { env: {} }).bold('x')).toBe(process.stdout.isTTY ? '\u001B[1mx\u001B[0m' : 'x');
    expect(new Output(1, { env: { NO_COLOR: '1' } }).red('x')).toBe('x');
  });

  test.each([
    [['list', '.', '--color', 'always'], {}, true],
    [['--color=always', 'list', '.'], { NO_COLOR: '1' }, true],
    [['list', '.'], { FORCE_COLOR: '1' }, true],
    [['list', '.'], { FORCE_COLOR: '', NO_COLOR: '1', TERM: 'dumb' }, true],
    [['list', '.'], { FORCE_COLOR: '0' }, false],
    [['list', '.', '--color', 'never'], { FORCE_COLOR: '1' }, false],
    [['list', '.', '--color', 'auto'], {}, false],
  ] as const)('has colors as the arguments %j and the environment %j request', async (args, env, colored) => {
    const { code, stdout } = await tenon(args, { env, cwd: temporaryFolder() });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: colored ? '\u001B[1m0 plugins\u001B[0m\n' : '0 plugins\n',
    });
  });

  test('treats --color after -- as a file', async () => {
    const { stdout } = await tenon(['inspect', '--json', '--', '--color', 'always']);
    expect(JSON.parse(stdout)).toMatchObject([{ path: '--color' }, { path: 'always' }]);
  });

  test.runIf(hasScript).each([
    [80, ['help', 'check']],
    [60, ['help', 'call']],
    [80, ['list', pluginsDir]],
    [60, ['list', pluginsDir, join(root, 'no', 'such', 'folder', 'with', 'a', 'long', 'name')]],
    [80, ['inspect', pluginFile('wordcount'), 'missing.so']],
    [80, ['check', '--list']],
    [50, ['check', '--list']],
    [80, ['check', '--explain', 'calls/plain']],
    [80, ['call', 'x', '--isolation', 'a-tier-that-does-not-exist-and-whose-name-is-long']],
  ])('fits a terminal of %i columns: %j', async (columns, args) => {
    const text = await onTerminal(args, { columns });
    // Commands to copy and names of plugins are never wrapped.
    const broken = tooWide(text, columns).filter((line) => line.trim().includes(' '));
    expect(broken).toEqual([]);
    expect(shownLines(text).length).toBeGreaterThan(3);
  });
});
