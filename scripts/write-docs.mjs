#!/usr/bin/env node
/**
 * `npm run readme`: writes the generated parts of the documentation, and the headers of kinds.
 * It runs the tests that compare them, and makes these write.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    'test/docs/faults.test.ts',
    'test/docs/errors.test.ts',
    'test/docs/check.test.ts',
    'test/kinds/generate/generated.test.ts',
    'test/flow/headers.test.ts',
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TENON_UPDATE_DOCS: '1' },
  },
);
process.exitCode = status ?? 1;
