import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildDir, withAddon } from './support/index.js';
import { sanitizer } from './support/sanitized.js';

/** The folder of the programs of native/test, which test the channel and the runner without Node.js. */
const folder = join(buildDir, 'test-native');
const runs = process.platform === 'linux' && withAddon;

const RACING = ['ring_test', 'runner_test', 'plugin_test', 'hostile_test'];
/**
 * Programs that test signals and stacks, which ThreadSanitizer uses itself. The other programs cover the same
 * threads.
 */
const ABOUT_SIGNALS = ['crash_test', 'limits_test', 'sandbox_test', 'signals_test'];
const programs = sanitizer === 'thread' ? RACING : [...RACING, ...ABOUT_SIGNALS];

describe.runIf(runs)('the native tests', () => {
  beforeAll(() => {
    execFileSync('cmake', ['--build', buildDir, '--target', 'native-tests'], { stdio: 'pipe' });
  }, 180_000);

  test.each(programs)(
    '%s passes',
    (name) => {
      const env = {
        ...process.env,
        TENON_RUNNER: join(buildDir, 'Release', 'tenon-runner'),
        TENON_TEST_PLUGINS: folder,
        TENON_HOSTILE_RUNNER: join(folder, 'hostile_runner'),
      };
      const { status, stdout, stderr } = spawnSync(join(folder, name), {
        env,
        encoding: 'utf8',
        timeout: 290_000,
      });
      expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
      expect(stdout).toMatch(/^ok /m);
    },
    300_000,
  );
});
