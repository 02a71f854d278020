/**
 * `npm run test:hostile`: plugins and runners that attack their host, with the sandbox on. First reports the features
 * of the kernel that the tests had. Passes if the host was harmed by none of them.
 */
import { execFileSync } from 'node:child_process';
import { build } from './build.mjs';
import { inRoot } from './lib/paths.mjs';
import { main, say } from './lib/steps.mjs';
import { tallyLine } from './lib/tally.mjs';
import { runVitest } from './lib/vitest.mjs';

const TESTS = [
  'test/hostile',
  'test/tiers/process/hostile.test.ts',
  'test/tiers/process/pipe/hostile.test.ts',
];

/** Reports what this system offers to confine a plugin. */
function sayFeatures() {
  const source = `
    import { PluginHost } from ${JSON.stringify(inRoot('dist', 'index.js'))};
    const host = new PluginHost();
    const limits = { memory: 2 ** 28, cpu: 60, files: 64 };
    const plugin = await host.load(process.argv[1], { isolation: 'process', sandbox: true, limits });
    const { transports } = host.capabilities;
    console.log(JSON.stringify({ transports, enforced: plugin.process.enforced, missing: plugin.process.missing }));
    await host.close();`;
  const echo = inRoot('build', 'plugins', 'echo.so');
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', source, '--', echo], {
    encoding: 'utf8',
  });
  const { transports, enforced, missing } = JSON.parse(output);
  say(`transports: ${transports.join(', ')}`);
  say(`in force: ${enforced.join(', ')}`);
  say(`missing: ${missing.length === 0 ? 'nothing' : missing.join(', ')}`);
}

await main(import.meta.url, async () => {
  if (process.platform !== 'linux') {
    say('nothing to attack: the process tier is tested on Linux');
    return 0;
  }
  await build({ faults: true });
  sayFeatures();
  const tally = await runVitest('hostile', {
    args: [...TESTS, ...process.argv.slice(2)],
    env: { TENON_MEASURE: '1' },
  });
  console.log(`\n${tallyLine(tally)}`);
  return tally.failed === 0 && tally.passed > 0 ? 0 : 1;
});
