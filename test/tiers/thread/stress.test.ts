import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ThreadControl, ThreadRow } from '../../../src/tiers/thread/control.js';
import { root, temporaryFolder } from '../../support/index.js';
import { stressWithoutRaces } from '../../support/stress.js';

test('concurrent calls, waits, cancellations, timeouts and closes cause no race or leak', () => {
  const parts = [
    'plugin/call',
    'plugin/output',
    'plugin/process_settings',
    'thread/plugin_thread',
    'thread/completions',
    'thread/inbox',
    'thread/job',
    'thread/plugin_thread_run',
    'thread/spin',
  ];
  const ended = stressWithoutRaces({ program: 'thread-stress', parts });
  expect(ended.stderr).toBe('');
  expect(ended.status).toBe(0);
  const { made, dropped, detached, cancelled } = JSON.parse(ended.stdout);
  expect(dropped).toBe(made);
  expect(detached).toBe(0);
  expect(cancelled).toBeGreaterThan(0);
});

test('native code and JavaScript agree on the layout of the shared table', () => {
  const { CALL, METHOD, TIMEOUT, LIMIT, COUNT, RUNNING, REMAINING, ROWS } = ThreadControl;
  const places = { CALL, METHOD, TIMEOUT, LIMIT, COUNT, RUNNING, REMAINING, ROWS };
  const pascal = (name: string) => name.charAt(0) + name.slice(1).toLowerCase();
  const expected = [
    ...Object.entries(places).map(([name, value]) => [`kThread${pascal(name)}`, value]),
    ...Object.entries(ThreadRow).map(([name, value]) => [`kRow${pascal(name)}`, value]),
  ];
  const folder = temporaryFolder();
  const lines = expected.map(([name]) => `  std::printf("${name} %d\\n", static_cast<int>(tenon::${name}));`);
  const source = join(folder, 'places.cc');
  writeFileSync(
    source,
    `#include <cstdio>\n#include "thread/table.h"\nint main() {\n${lines.join('\n')}\n}\n`,
  );
  const includes = ['native', 'include', join('node_modules', 'node-api-headers', 'include')];
  const given = includes.map((include) => `-I${join(root, include)}`);
  const program = join(folder, 'places');
  execFileSync('c++', ['-std=c++17', '-O1', '-DNAPI_VERSION=8', ...given, source, '-o', program]);
  const printed = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
  expect(printed).toEqual(expected.map((pair) => pair.join(' ')));
});
