import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The tests load native code: a process each keeps a crash in one file from the others.
    pool: 'forks',
    maxWorkers: 2,
    // Generous, for slow and busy machines. No test is decided by how long it took.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
