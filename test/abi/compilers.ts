/** The C and C++ compilers of this machine, for the tests of the header. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../support/index.js';

export const include = join(root, 'include');
const STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', '-fPIC', '-fvisibility=hidden', `-I${include}`];

const runs = (program: string) => spawnSync(program, ['--version']).status === 0;
/** The first installed program of a list. The tests fail without one: the build needs a compiler too. */
const firstOf = (...programs: string[]) => programs.filter(runs).slice(0, 1);

/** The installed C compilers: gcc, clang, or both. */
export const cCompilers = [...firstOf('gcc', 'cc'), ...firstOf('clang', 'clang-14')];
export const cppCompilers = [...firstOf('g++', 'c++'), ...firstOf('clang++', 'clang++-14')];

/**
 * Runs the compiler with strict warnings. The argument '-' makes it read its source from `input`.
 * Throws an error that contains the compiler's diagnostics.
 */
export function compile(compiler: string, args: readonly string[], input?: string): void {
  execFileSync(compiler, [...STRICT, ...args], {
    input: input ?? '',
    stdio: ['pipe', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
}
