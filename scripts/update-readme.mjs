#!/usr/bin/env node
/** Writes the generated parts of README.md, the tables of faults and of error codes, and the list of checks in docs/check.md: runs the tests that check them, and lets them write. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', 'test/faults/readme.test.ts', 'test/readme-codes.test.ts', 'test/check/docs.test.ts'],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TENON_UPDATE_README: '1' },
  },
);
process.exitCode = status ?? 1;
