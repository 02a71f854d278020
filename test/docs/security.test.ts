/** docs/security.md lists exactly the system calls that the sandbox allows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../support/index.js';
import { textOf } from './pages.js';

const namesIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, name = '']) => name).sort();

test('docs/security.md lists the calls of the sandbox, those with a condition apart', () => {
  const source = readFileSync(join(root, 'native', 'runner', 'sandbox_calls.cc'), 'utf8');
  const rows = textOf('docs/security.md').split('\n');
  const documented = (inPart: boolean) =>
    rows
      .filter((row) => /^\| [a-z ]+(, in part)? \| `/.test(row) && row.includes(', in part |') === inPart)
      .flatMap((row) => namesIn(row.split('|')[2] ?? '', /`(\w+)`/g))
      .sort();
  const free = namesIn(source, /^\s+(?:CALL\(|NEW_CALL\(\d+, )(\w+)\)/gm);
  const conditional = namesIn(source, /\{SYS_\w+, "(\w+)", \{/g);
  expect(documented(false)).toEqual([...new Set(free)]);
  expect(documented(true)).toEqual([...new Set(conditional)]);
});
