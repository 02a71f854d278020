/** The plugin of fixtures/spans.c, compiled for a test, and its kind. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { cursor, defineKind, type Fields, list, method } from '../../src/index.js';
import { extension, root } from '../support/index.js';

/** Compiles the plugin into a folder. */
export function compileSpans(folder: string, ...definitions: string[]): string {
  const file = join(folder, `spans${extension}`);
  const flags = [
    '-std=gnu11',
    '-O1',
    '-shared',
    '-fPIC',
    '-fvisibility=hidden',
    '-Wall',
    '-Wextra',
    '-Werror',
  ];
  const source = join(root, 'test/kinds/fixtures/spans.c');
  const include = `-I${join(root, 'include')}`;
  execFileSync(process.env['CC'] ?? 'cc', [...flags, include, ...definitions, '-o', file, source]);
  return file;
}

/** The kind of the plugin. Its method `mirror` returns its input, and `answer` returns bytes as `output`. */
export function spansKind<const M extends Fields, const A extends Fields>(mirrored: M, output: A) {
  return defineKind({
    name: 'spans',
    version: '1.1.0',
    methods: {
      mirror: method(mirrored, mirrored),
      answer: method({ raw: 'bytes' }, output),
      fail: method({ status: 'i32', why: 'str' }, {}),
      items: method({ count: 'u32', fault: 'u32' }, cursor({ n: 'u32', name: 'str' })),
      tally: method({}, { opened: 'u32', closed: 'u32' }),
      send: method({ raw: 'bytes' }, {}),
      late: method({ names: list('str') }, { names: list('str') }, { since: '1.1.0' }),
    },
    events: { progress: { done: 'u64', of: 'u64' }, note: { line: 'str' } },
  });
}
