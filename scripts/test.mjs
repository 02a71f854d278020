/**
 * `npm test`: sets up, builds, and runs every check and test. `npm test -- FILE…` runs only these test files, with and
 * without the native parts. `npm test -- --no-install` installs nothing on the system. The last line has the counts.
 * The lines before it list what failed, what passed only at a second attempt, and what was skipped for a missing tool.
 */
import { build } from './build.mjs';
import { buildDocs, docsToolsAreInstalled, installDocsTools } from './docs.mjs';
import { ALL_USES, howToGet } from './lib/missing.mjs';
import { provideNatsServer } from './lib/nats.mjs';
import { takeNoInstall } from './lib/options.mjs';
import { toolsAreRequired } from './lib/provide.mjs';
import { tail } from './lib/run.mjs';
import { runCargo } from './lib/rust.mjs';
import { main, StepFailure, say, step } from './lib/steps.mjs';
import {
  addTally,
  emptyTally,
  failureLines,
  missingLines,
  tallyLine,
  tallyOfCargo,
  tallyOfCheck,
} from './lib/tally.mjs';
import { runTsc } from './lib/typescript.mjs';
import { runVitestTwice } from './lib/vitest.mjs';
import { lint, printCheck } from './lint.mjs';

/** The tests that do not use the addon and so are not run a second time without it. */
const SAME_WITHOUT_ADDON = [
  'test/inspect/**',
  'test/scripts/**',
  'test/package/**',
  'test/abi/**',
  'test/check/**',
  'test/cli/check*',
  'test/cli/kind*',
  'test/flow/jetstream*',
  'test/flow/plugins/sanitized*',
  'test/kinds/generate/**',
  'test/structure/**',
  'test/prose.test.ts',
];

/** The tests of the parts that work without the addon if the runner is built. */
const OVER_A_PIPE = [
  'test/conformance.test.ts',
  'test/host/host.test.ts',
  'test/supervision/supervisor.test.ts',
  'test/supervision/supervised-instances.test.ts',
  'test/faults/process-tier.test.ts',
  'test/tiers/process/pipe/pipe.test.ts',
];

async function checkTypes() {
  const results = [];
  for (const [name, project] of [
    ['types of src', 'tsconfig.json'],
    ['types of test, bench and examples', 'tsconfig.test.json'],
  ]) {
    const { ok, output } = await runTsc(['--noEmit', '-p', project]);
    const result = ok ? { name, state: 'passed' } : { name, state: 'failed', text: tail(output, 80) };
    printCheck(result);
    results.push(result);
  }
  return results;
}

/** Builds the documentation site, which checks its pages, doc comments, links and pictures. */
async function checkDocs() {
  const name = 'documentation site';
  const result = await installDocsTools()
    .then(() => buildDocs({ check: true }))
    .then(
      () => ({ name, state: 'passed' }),
      (error) => {
        if (!(error instanceof StepFailure)) throw error;
        const missing = !docsToolsAreInstalled() && !toolsAreRequired;
        return { name, state: missing ? 'skipped' : 'failed', text: error.message };
      },
    );
  printCheck(result);
  return result;
}

async function testCargo(cargo) {
  if (cargo === undefined) return tallyOfCheck({ state: 'skipped', needs: 'cargo' });
  let tally = emptyTally();
  await step('cargo test', async () => {
    const { ok, output } = await runCargo(cargo, ['test', '--workspace', '--locked', '--no-fail-fast']);
    tally = tallyOfCargo(output, ok);
    if (!ok) console.log(tail(output, 100));
    return tallyLine(tally);
  });
  return tally;
}

async function testVitest(args, cargo) {
  // Some tests run cargo by its name.
  const PATH = cargo?.env.PATH ?? process.env.PATH;
  say('tests, with the addon');
  const withAddon = await runVitestTwice('with-addon', { args, env: { PATH } });
  say('tests, without anything native');
  const excluded = SAME_WITHOUT_ADDON.map((pattern) => `--exclude=${pattern}`);
  const without = await runVitestTwice('without-addon', {
    args: [...args, ...excluded],
    env: { PATH, TENON_NO_ADDON: '1', TENON_RUNNER: 'none' },
  });
  const files = args.length === 0 ? OVER_A_PIPE : OVER_A_PIPE.filter((file) => args.includes(file));
  if (files.length === 0) return [withAddon, without];
  say('tests, without the addon, with the runner');
  const overPipe = await runVitestTwice('over-a-pipe', { args: files, env: { PATH, TENON_NO_ADDON: '1' } });
  return [withAddon, without, overPipe];
}

await main(import.meta.url, async () => {
  const { args, install } = takeNoInstall(process.argv.slice(2));
  const { cargo, missing } = await build({ faults: true, bench: true, uses: ALL_USES, install });
  await step('nats-server', provideNatsServer);
  const total = emptyTally();
  if (args.length === 0) {
    for (const result of [...(await lint()), ...(await checkTypes()), await checkDocs()])
      addTally(total, tallyOfCheck(result));
    addTally(total, await testCargo(cargo));
  }
  for (const tally of await testVitest(args, cargo)) addTally(total, tally);
  console.log('');
  const commands = missing.length === 0 ? [] : await howToGet(missing);
  const lines = [...failureLines(total), ...missingLines(total, missing, commands), tallyLine(total)];
  for (const line of lines) console.log(line);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
});
