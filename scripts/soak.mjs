/**
 * `npm run soak [-- --minutes N]`: uses plugins in all tiers and over all transports for some minutes (default: 5):
 * crashes, restarts, pauses of host, runners and keepers, workers that end in every way, garbage collection, floods of
 * output and large messages. Then kills a host 100 times at random moments. Fails if descriptors, threads, processes
 * (defunct ones too) or memory grew, if anything unexpected happened, or if a killed host left anything. Ends by
 * itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { inRoot } from './lib/paths.mjs';
import { run, runNode } from './lib/run.mjs';
import { main, StepFailure, say } from './lib/steps.mjs';
import { findTool } from './lib/tools.mjs';
import { runVitest } from './lib/vitest.mjs';

function minutesOf(args) {
  const { values } = parseArgs({ args, options: { minutes: { type: 'string', default: '5' } } });
  const minutes = Number(values.minutes);
  if (minutes > 0 && minutes <= 24 * 60) return minutes;
  throw new StepFailure(`--minutes must be a number up to 1440, not '${values.minutes}'.`);
}

async function compile(folder) {
  const file = join(folder, 'soak.so');
  const options = ['-std=gnu11', '-O1', '-g', '-shared', '-fPIC', '-fvisibility=hidden'];
  const source = inRoot('test', 'soak', 'soak.c');
  const { ok, output } = await run(findTool('cc'), [
    ...options,
    `-I${inRoot('include')}`,
    source,
    '-o',
    file,
  ]);
  if (!ok) throw new StepFailure(`Cannot compile test/soak/soak.c: ${output}`);
  return file;
}

await main(import.meta.url, async () => {
  const minutes = minutesOf(process.argv.slice(2));
  if (process.platform !== 'linux') {
    say('nothing to do: the soak reads /proc and sends SIGSTOP, which needs Linux');
    return 0;
  }
  await build();
  const folder = mkdtempSync(join(tmpdir(), 'tenon-soak-'));
  try {
    const args = ['--expose-gc', inRoot('test', 'soak', 'main.mjs'), await compile(folder), String(minutes)];
    const { code } = await runNode(args, { echo: true });
    if (code !== 0) return code ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const kills = { args: ['test/lifetime/killed-host.test.ts'], env: { TENON_TEST_KILLS: '100' } };
  const { passed, failed } = await runVitest('kills', kills);
  return passed > 0 && failed === 0 ? 0 : 1;
});
