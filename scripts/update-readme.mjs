#!/usr/bin/env node
/** Writes the generated part of README.md, the table of faults: runs the test that checks it, and lets it write. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/faults/readme.test.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, TENON_UPDATE_README: '1' },
});
process.exitCode = status ?? 1;
