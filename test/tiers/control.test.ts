import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CONTROL_SIZE, Control, Outcome } from '../../src/tiers/control.js';
import { root, temporaryFolder } from '../support/index.js';

/** Returns the native name of a constant: `BAD_STATUS` becomes `kBadStatus`. */
const nativeName = (name: string): string =>
  `k${name
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}`;

test('native code and JavaScript agree on the constants of calls', () => {
  const folder = temporaryFolder();
  const expected = { ...Outcome, ...Control, CONTROL_SIZE };
  const lines = Object.keys(expected).map(
    (name) => `  std::printf("${name} %d\\n", static_cast<int>(tenon::${nativeName(name)}));`,
  );
  const source = join(folder, 'numbers.cc');
  writeFileSync(
    source,
    `#include <cstdio>\n#include "node/environment.h"\nint main() {\n${lines.join('\n')}\n}\n`,
  );
  const includes = ['native', 'include', join('node_modules', 'node-api-headers', 'include')];
  const given = includes.map((include) => `-I${join(root, include)}`);
  execFileSync('c++', [
    '-std=c++17',
    '-O1',
    '-DNAPI_VERSION=8',
    ...given,
    source,
    '-o',
    join(folder, 'numbers'),
  ]);
  const printed = execFileSync(join(folder, 'numbers'), { encoding: 'utf8' }).trim().split('\n');
  expect(Object.fromEntries(printed.map((line) => line.split(' ')))).toEqual(
    Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, String(value)])),
  );
});
