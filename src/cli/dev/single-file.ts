/** Builds a plugin from one file in C or C++. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, extname, join, parse } from 'node:path';
import { packageRoot } from '../../base/package.js';
import { quoted } from '../../base/shell.js';
import type { Project } from './build.js';
import { run } from './compiler.js';
import { LIBRARY } from './libraries.js';

const C = ['.c'];
const CPP = ['.cc', '.cpp', '.cxx'];

export function isSingleFile(name: string): boolean {
  return [...C, ...CPP].includes(extname(name));
}

/** The library is built in a temporary folder. CC, CXX, CFLAGS, CXXFLAGS and LDFLAGS are used as make uses them. */
export function singleFile(source: string, release: boolean): Project {
  const { CC = 'cc', CXX = 'c++', CFLAGS = '', CXXFLAGS = '', LDFLAGS = '' } = process.env;
  const isC = C.includes(extname(source));
  const [compiler = 'cc', ...first] = words(isC ? CC : CXX);
  const folder = mkdtempSync(join(tmpdir(), 'tenon-dev-'));
  const file = join(folder, `${parse(source).name}${LIBRARY}`);
  const args = [
    ...first,
    isC ? '-std=c11' : '-std=c++17',
    ...(release ? ['-O2'] : ['-O1', '-g']),
    ...['-Wall', '-Wextra', '-fPIC', '-fvisibility=hidden', '-shared', `-I${join(packageRoot, 'include')}`],
    ...words(isC ? CFLAGS : CXXFLAGS),
    source,
    ...['-o', file],
    ...words(LDFLAGS),
  ];
  return {
    shown: quoted([compiler, source]),
    folder: dirname(source),
    deep: false,
    async build(signal) {
      const { succeeded, output } = await run([compiler, ...args], dirname(source), signal);
      if (!succeeded) process.stderr.write(output);
      return succeeded ? file : null;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
