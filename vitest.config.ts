import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest tests. They come first, so that no processor waits at the end. */
const LONG =
  /test\/(check\/(matrix|corpus|coverage|own-failures)|lifetime\/process-leftovers|kinds\/generate)/;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The tests load native code: a process each keeps a crash in one file from the others.
    pool: 'forks',
    // One more than processors on small machines, because many tests wait for processes and timeouts.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // Generous, for slow and busy machines. No test is decided by how long it took.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
