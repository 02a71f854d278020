import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { root, withAddon } from './support/index.js';

/** The programs of native/test, which test the channel and the runner without Node.js. What `npm test` has built runs them. */
const build = join(root, 'build');
const folder = join(build, 'test-native');
const runs = process.platform === 'linux' && withAddon && process.env.TENON_SANITIZED !== '1';

describe.runIf(runs)('the native tests', () => {
  beforeAll(() => {
    execFileSync('cmake', ['--build', build, '--target', 'native-tests'], { stdio: 'pipe' });
  }, 180_000);

  test.each(['ring_test', 'runner_test', 'plugin_test', 'crash_test', 'limits_test', 'hostile_test'])(
    '%s finds nothing',
    (name) => {
      const env = {
        ...process.env,
        TENON_RUNNER: join(build, 'Release', 'tenon-runner'),
        TENON_TEST_PLUGINS: folder,
        TENON_HOSTILE_RUNNER: join(folder, 'hostile_runner'),
      };
      const { status, stdout, stderr } = spawnSync(join(folder, name), {
        env,
        encoding: 'utf8',
        timeout: 100_000,
      });
      expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
      expect(stdout).toMatch(/^ok /m);
    },
    120_000,
  );
});
