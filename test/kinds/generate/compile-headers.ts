/** Compiles the generated headers of kinds. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { cHeader, cKind } from '../../../src/kinds/generate/c.js';
import { cppHeader } from '../../../src/kinds/generate/cpp.js';
import type { KindModel } from '../../../src/kinds/model.js';
import { root, temporaryFolder } from '../../support/index.js';

const FLAGS = [
  ...[
    '-Wall',
    '-Wextra',
    '-Wpedantic',
    '-Wconversion',
    '-Wsign-conversion',
    '-Wshadow',
    '-Wcast-qual',
    '-Werror',
  ],
  ...['-fsyntax-only', `-I${join(root, 'include')}`],
];

/** Compiles the headers of kinds, their facts and, in C++, their classes, as one file. There must be no warning. */
export function compileHeaders(
  kinds: readonly KindModel[],
  compiler: string,
  flags: readonly string[],
): void {
  const folder = temporaryFolder();
  const cpp = compiler.includes('++');
  const lines = kinds.map((kind, i) => {
    writeFileSync(join(folder, `${kind.name}.kind.h`), cHeader(kind));
    writeFileSync(join(folder, `${kind.name}.kind.hpp`), cppHeader(kind));
    const base = cKind(kind).table.toUpperCase();
    const use = `const void *find${i}(const char *id);
const void *find${i}(const char *id) { return ${base}_CLASS::tenon_table<${base}_CLASS>(id); }`;
    return `#include "${kind.name}.kind.${cpp ? 'hpp' : 'h'}"\n${base}_FACTS;\n${cpp ? use : ''}\n`;
  });
  const args = [...FLAGS, ...flags, `-I${folder}`, '-x', cpp ? 'c++' : 'c', '-'];
  const { status, stderr } = spawnSync(compiler, args, { input: lines.join(''), encoding: 'utf8' });
  expect(status, stderr.slice(0, 4000)).toBe(0);
}
