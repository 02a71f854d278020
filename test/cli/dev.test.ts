/** `tenon dev`: builds, reloads and calls a plugin whenever its sources change. */
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { answerLines, difference } from '../../src/cli/dev/answer.js';
import { canCheck } from '../check/support.js';
import { answering, root, temporaryFolder } from '../support/index.js';
import { hasProcesses } from '../support/processes.js';
import { needs } from '../support/tools.js';
import { ENV, main, tenon } from './run.js';

const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const NEVER = 60_000;

/** A session that runs until the test ends. Its temporary files are in a folder of its own. */
function session(folder: string, ...options: string[]) {
  return sessionWith({}, folder, ...options);
}

function sessionWith(more: NodeJS.ProcessEnv, folder: string, ...options: string[]) {
  const temporary = temporaryFolder();
  const env = { ...process.env, ...ENV, FORCE_COLOR: undefined, TMPDIR: temporary, ...more };
  const child = spawn(process.execPath, [main, 'dev', folder, ...options], { env });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const printed = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.err += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let shown = 0;
  /** Waits until the session waits for changes again. Returns what it has printed since the last time. */
  const round = async (): Promise<string> => {
    const mark = '\nwaiting ';
    await expect
      .poll(() => printed.out.indexOf(mark, shown), { timeout: NEVER, message: printed.err })
      .toBeGreaterThan(-1);
    const end = printed.out.indexOf(mark, shown) + mark.length;
    const text = printed.out.slice(shown, end);
    shown = end;
    return text;
  };
  return { child, printed, ended, round, temporary };
}

/** Writes a file of a project. */
function put(folder: string, name: string, text: string): void {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
}

/** The source of a plugin that answers with several lines. */
const lines = (...all: string[]): string =>
  answering('a', all.join('\\n')).replace(/(?<=", )\d+\);/, `${all.join('\n').length});`);

const CRASHES = `#include <stdlib.h>\n${answering('a', 'x').replace('return tenon_write', 'abort(); return tenon_write')}`;

describe.runIf(hasProcesses)('tenon dev', { timeout: 2 * NEVER }, () => {
  test('builds a file, shows answers, differences and the messages of the compiler', async () => {
    const folder = temporaryFolder();
    put(folder, 'a.c', lines('one', 'two', 'end'));
    const { child, printed, ended, round, temporary } = session(folder, '--no-check');
    expect(await round()).toMatch(/^build +cc .*a\.c\nbuilt .*\nrunning +a 1\.0\.0\nanswer +11 bytes in /);
    expect(printed.out).toContain('\n        one\n        two\n        end\n');
    put(folder, 'a.c', lines('one', '2', 'end'));
    const changed = await round();
    expect(changed).toMatch(/changed .*a\.c\nbuilt .*\nrunning +a 1\.0\.0, with a fresh instance\nanswer /);
    expect(changed).toContain(' after the change\n        - two\n        + 2\nwaiting');
    expect(printed.err).toBe('');
    put(folder, 'a.c', 'int nonsense');
    expect(await round()).toMatch(/\nfailed +the build/);
    expect(printed.err).toMatch(/a\.c:1:.*error: /);
    put(folder, 'a.c', lines('one', '2', 'end'));
    expect(await round()).toMatch(/answer .*, the same as before; /);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(readdirSync(temporary).filter((name) => name.startsWith('tenon-dev-'))).toEqual([]);
  });

  test('the state moves to the new version, and a plugin that crashes is replaced', async () => {
    const folder = temporaryFolder();
    copyFileSync(join(root, 'plugins-c/state.kind.h'), join(folder, 'state.kind.h'));
    const source = readFileSync(join(root, 'plugins-c/wordcount.c'), 'utf8');
    put(folder, 'wordcount.c', source);
    const options = ['--config', '{"totals":true,"only":"words"}', '--input', 'a b', '--no-check'];
    const { printed, round } = session(folder, ...options);
    expect(await round()).toContain('000000  02 00 00');
    put(folder, 'wordcount.c', `${source}/* another version */\nint unused_number = 1;\n`);
    const moved = await round();
    expect(moved).toContain('with the state of 1 instance');
    expect(moved).toContain('- 000000  02 00 00 00 00 00 00 00\n        + 000000  04 00 00');
    put(
      folder,
      'wordcount.c',
      source.replace('  wordcount *self = state;\n  counts found', '  abort();\n$&'),
    );
    expect(await round()).toContain('ERR_TENON_CRASHED');
    put(folder, 'wordcount.c', source);
    expect(await round()).toMatch(/running .*\nanswer +8 bytes/);
    expect(printed.err).not.toContain('internal error');
  });

  test('a plugin that crashes from the start runs once it is repaired', async () => {
    const folder = temporaryFolder();
    put(folder, 'a.c', CRASHES);
    const { round } = session(join(folder, 'a.c'), '--no-check');
    expect(await round()).toContain('ERR_TENON_CRASHED');
    put(folder, 'a.c', answering('a', 'fine'));
    expect(await round()).toContain('        fine\n');
  });

  test('a version that is refused is shown with its error, and the last one goes on', async () => {
    const folder = temporaryFolder();
    put(folder, 'a.c', lines('one'));
    const { round } = session(folder, '--no-check');
    expect(await round()).toContain('        one\n');
    put(folder, 'a.c', lines('two').replace('"a"', '"other"'));
    expect(await round()).toMatch(/failed +ERR_TENON_BAD_NAME: /);
    put(folder, 'a.c', lines('three'));
    expect(await round()).toContain('- one\n        + three\n');
  });

  test('a change or a signal ends a build that is no longer wanted', async () => {
    const [folder, notes] = [temporaryFolder(), temporaryFolder()];
    const compiler = join(notes, 'cc');
    const script = `#!/bin/sh\n[ -e ${notes}/quick ] && exec cc "$@"\necho $$ >${notes}/pid\nexec sleep 1000\n`;
    writeFileSync(compiler, script, { mode: 0o755 });
    const compiling = async () => {
      await expect.poll(() => existsSync(join(notes, 'pid')), { timeout: NEVER }).toBe(true);
      await expect.poll(() => readFileSync(join(notes, 'pid'), 'utf8'), { timeout: NEVER }).toMatch(/\n$/);
      const pid = Number(readFileSync(join(notes, 'pid'), 'utf8'));
      rmSync(join(notes, 'pid'));
      return pid;
    };
    const gone = (pid: number) => expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    put(folder, 'a.c', lines('one'));
    const { child, ended, round } = sessionWith({ CC: compiler }, folder, '--no-check');
    const first = await compiling();
    writeFileSync(join(notes, 'quick'), '');
    put(folder, 'a.c', lines('two'));
    expect(await round()).toMatch(/changed .*\nbuilt .*\nrunning .*\nanswer .*\n {8}two\n/);
    gone(first);
    rmSync(join(notes, 'quick'));
    put(folder, 'a.c', lines('three'));
    const second = await compiling();
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    gone(second);
  });

  test('calls again when the file of the input changes', async () => {
    const folder = temporaryFolder();
    const input = join(temporaryFolder(), 'input.bin');
    writeFileSync(input, 'first');
    copyFileSync(join(root, 'plugins-c/echo.c'), join(folder, 'echo.c'));
    const { round } = session(folder, '--input', `@${input}`, '--no-check');
    expect(await round()).toContain('        first\n');
    writeFileSync(input, 'second');
    const again = await round();
    expect(again).toContain('the file has the same bytes; the plugin goes on');
    expect(again).toContain('- first\n        + second\n');
  });

  test.runIf(canCheck)('shows the findings of the safety suite, with the plugin running', async () => {
    const folder = temporaryFolder();
    put(folder, 'a.c', answering('a', 'fine'));
    const { round } = session(folder);
    expect(await round()).toMatch(/answer [\s\S]*check +\d+ checks passed/);
    const source = answering('a', 'fine').replace('(void)state', 'puts("hello"), (void)state');
    put(folder, 'a.c', `#include <stdio.h>\n${source}`);
    expect(await round()).toMatch(/answer [\s\S]*check +findings[\s\S]*resources\/standard-output/);
  });

  test('builds with CMake, and asks which of several plugins is meant', needs('cmake'), async () => {
    const folder = temporaryFolder();
    const module = (name: string) =>
      `add_library(${name} MODULE src/${name}.c)\ntarget_include_directories(${name} PRIVATE ${root}/include)\n`;
    const header = 'cmake_minimum_required(VERSION 3.18)\nproject(words LANGUAGES C)\n';
    put(folder, 'CMakeLists.txt', header + module('one'));
    put(folder, 'src/one.c', answering('one', '1'));
    put(folder, 'src/two.c', answering('two', '2'));
    const first = session(folder, '--no-check');
    expect(await first.round()).toMatch(/running +one 1\.0\.0\nanswer .*\n {8}1\n/);
    put(folder, 'CMakeLists.txt', header + module('one') + module('two'));
    expect(await first.round()).toMatch(/failed +ERR_TENON_NOT_FOUND: .*one, two[\s\S]*--target/);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(143);
    const second = session(folder, '--no-check', '--target', 'two');
    expect(await second.round()).toMatch(/running +two 1\.0\.0\nanswer .*\n {8}2\n/);
    put(folder, 'src/two.c', answering('two', '22'));
    expect(await second.round()).toContain('- 2\n        + 22\n');
  });

  test('builds with Cargo', needs('cargo'), async () => {
    const folder = temporaryFolder();
    const source = readFileSync(join(root, 'plugins-rust/tenon/examples/empty.rs'), 'utf8');
    const sdk = join(root, 'plugins-rust/tenon');
    put(
      folder,
      'Cargo.toml',
      `[package]\nname = "little"\nversion = "1.0.0"\nedition = "2024"\n[lib]\ncrate-type = ["cdylib"]\n[dependencies]\ntenon = { path = "${sdk}" }\n[workspace]\n`,
    );
    const answers = (text: string) => source.replace(/Ok\(\(\)\)/, `_out.append(b"${text}")`);
    put(folder, 'src/lib.rs', answers('one'));
    const { printed, round } = session(folder, '--no-check');
    expect(await round()).toMatch(/answer +3 bytes.*\n {8}one\n/);
    put(folder, 'src/lib.rs', 'nonsense');
    expect(await round()).toMatch(/failed +the build/);
    expect(printed.err).toMatch(/error: .*\n +--> src\/lib\.rs:1/);
    put(folder, 'src/lib.rs', answers('two'));
    expect(await round()).toContain('- one\n        + two\n');
  });

  const why = hasTmux ? '' : ' (skipped: tmux is not installed)';

  /** Starts tenon dev on a terminal. Returns its file of C and functions for its keys and its screen. */
  function onTerminal(env: Record<string, string>) {
    const folder = temporaryFolder();
    put(folder, 'a.c', answering('a', 'one'));
    const socket = join(temporaryFolder(), 'tmux');
    const options = { encoding: 'utf8', env: { ...process.env, ...ENV, ...env } } as const;
    const tmux = (...args: string[]) => spawnSync('tmux', ['-S', socket, ...args], options);
    onTestFinished(() => {
      tmux('kill-server');
    });
    // Without the trap, Ctrl-C would end a shell such as dash, too.
    const command = `trap : INT; '${process.execPath}' '${main}' dev '${folder}' --no-check; echo "code $?"; exec cat`;
    tmux('-f', '/dev/null', 'new-session', '-d', '-x', '100', '-y', '30', command);
    const change = () => put(folder, 'a.c', answering('a', 'two'));
    return {
      change,
      press: (key: string) => tmux('send-keys', key),
      screen: () => tmux('capture-pane', '-p').stdout,
    };
  }

  test.skipIf(!hasTmux)(`shows one screen on a terminal, and ends with Ctrl-C${why}`, async () => {
    const { change, press, screen } = onTerminal({});
    await expect.poll(screen, { timeout: NEVER }).toMatch(/^tenon dev: cc [\s\S]* {8}one\nwaiting/);
    change();
    await expect.poll(screen, { timeout: NEVER }).toMatch(/^tenon dev: cc [\s\S]*- one\n {8}\+ two\nwaiting/);
    press('C-c');
    await expect.poll(screen, { timeout: NEVER }).toContain('code 130');
    expect(screen()).not.toMatch(/one\nwaiting/);
  });

  test.skipIf(!hasTmux)(`overwrites nothing on the terminal of a CI job${why}`, async () => {
    const { change, press, screen } = onTerminal({ CI: 'true' });
    await expect.poll(screen, { timeout: NEVER }).toMatch(/^build [\s\S]* {8}one\nwaiting/);
    change();
    await expect
      .poll(screen, { timeout: NEVER })
      .toMatch(/^build [\s\S]* {8}one\nwaiting[\s\S]*\+ two\nwaiting/);
    press('C-c');
    await expect.poll(screen, { timeout: NEVER }).toContain('code 130');
  });
});

describe.runIf(hasProcesses)('the command line of tenon dev', () => {
  test.each([
    [['nowhere'], "there is no folder or file 'nowhere'"],
    [['docs'], 'Cargo.toml, CMakeLists.txt or one file in C or C++, but it has none of them'],
    [['README.md'], "'README.md' is not one of"],
    [['a', 'b'], 'dev takes one folder or file'],
    [['--inptu', 'x'], "Did you mean '--input'?"],
    [['--input', '-'], "give the input as text or as '@FILE'"],
    [['--input', 'x', '--json', '{}'], 'exclude each other'],
    [['--config', '{'], '--config is not JSON'],
    [['--timeout', 'soon'], '--timeout must be a time'],
    [['plugins-c/echo.c', '--target', 'echo'], '--target is for Cargo and CMake'],
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await tenon(['dev', ...args]);
    expect(stderr.replace(/\s+/g, ' ')).toContain(message);
    expect(code).toBe(2);
  });

  test('a folder with several files is refused with their names', async () => {
    const folder = temporaryFolder();
    for (const name of ['a.c', 'b.cc']) writeFileSync(join(folder, name), '');
    const { code, stderr } = await tenon(['dev', folder]);
    expect(stderr.replace(/\s+/g, ' ')).toContain('the files a.c, b.cc');
    expect(code).toBe(2);
  });
});

test('answers are lines of text, or of hexadecimal numbers', () => {
  expect(answerLines(Buffer.from(''))).toEqual([]);
  expect(answerLines(Buffer.from('a\n\nä\n'))).toEqual(['a', '', 'ä']);
  expect(answerLines(Buffer.from([0, 255]))).toEqual(['000000  00 ff']);
  expect(answerLines(Buffer.alloc(17, 1))[1]).toBe('000010  01');
  expect(answerLines(Buffer.from('\u001B[2J'))).toEqual(['000000  1b 5b 32 4a']);
});

test.each([
  [['a', 'b', 'c'], ['a', 'b', 'c'], []],
  [
    ['a', 'b', 'c'],
    ['a', 'x', 'c'],
    ['- b', '+ x'],
  ],
  [['a', 'a'], ['a', 'a', 'a'], ['+ a']],
  [['a', 'b'], [], ['- a', '- b']],
  [[], ['a'], ['+ a']],
])('the difference of %j and %j', (before, after, expected) => {
  expect(difference(before, after)).toEqual(expected);
});

test('a long difference is cut', () => {
  const long = Array.from({ length: 100 }, (_, i) => String(i));
  expect(difference([], long).at(-1)).toBe('+ … 60 more lines');
});
