/** The C and C++ compilers of this machine, for tests of the header. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../support/index.js';

export const include = join(root, 'include');
const STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', '-fPIC', '-fvisibility=hidden', `-I${include}`];

const runs = (program: string) => spawnSync(program, ['--version']).status === 0;
/** The first of these that is there. A machine without any fails the tests, because it cannot have built the project. */
const firstOf = (...programs: string[]) => programs.filter(runs).slice(0, 1);

/** C compilers: gcc and clang, as far as they are here. */
export const cCompilers = [...firstOf('gcc', 'cc'), ...firstOf('clang', 'clang-14')];
export const cppCompilers = [...firstOf('g++', 'c++'), ...firstOf('clang++', 'clang++-14')];

/** Compiles `source`, a file or, after '-', a text from `input`; the compiler's complaints are the error. */
export function compile(compiler: string, args: readonly string[], input?: string): void {
  execFileSync(compiler, [...STRICT, ...args], {
    input: input ?? '',
    stdio: ['pipe', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
}
