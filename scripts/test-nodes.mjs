/**
 * `npm run test:nodes [-- VERSION…]`: runs the test suite on several versions of Node.js (default: 20 22 24 26). Each
 * comes from npm's package with the Node.js binary for this platform, and is kept in build/nodes. The native parts are
 * not rebuilt, because Node-API is stable.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { build } from './build.mjs';
import { inRoot } from './lib/paths.mjs';
import { run, runNpm } from './lib/run.mjs';
import { main, mustSucceed, say, step } from './lib/steps.mjs';
import { tallyLine } from './lib/tally.mjs';
import { runVitest } from './lib/vitest.mjs';

const FOLDER = inRoot('build', 'nodes');
const DEFAULT_VERSIONS = ['20', '22', '24', '26'];

const isWindows = process.platform === 'win32';
const binaryIn = (folder) => join(folder, 'package', 'bin', isWindows ? 'node.exe' : 'node');

/** Downloads a Node.js if it is missing. The package `node` would download the same with an install script. */
async function fetchNode(version) {
  const folder = join(FOLDER, version);
  if (existsSync(binaryIn(folder))) return;
  const fresh = `${folder}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}@${version}`;
  await step(`fetching ${name}`, async () => {
    mustSucceed(
      await runNpm(['pack', name, '--pack-destination', fresh], { cwd: fresh }),
      `npm pack ${name}`,
      'npm-pack',
    );
    const archive = readdirSync(fresh).find((file) => file.endsWith('.tgz'));
    mustSucceed(await run('tar', ['-xzf', archive], { cwd: fresh }), `Unpacking ${archive}`, 'tar');
    rmSync(join(fresh, archive));
  });
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}

async function testOn(version) {
  await fetchNode(version);
  const node = binaryIn(join(FOLDER, version));
  const { output } = await run(node, ['--version']);
  const found = output.trim();
  say(`tests on Node ${found}`);
  // Tests that start `node` by name get this one too.
  const PATH = [join(FOLDER, version, 'package', 'bin'), process.env.PATH].join(delimiter);
  return { found, tally: await runVitest(`node-${version}`, { node, env: { PATH } }) };
}

await main(import.meta.url, async () => {
  const given = process.argv.slice(2);
  await build({ faults: true, bench: true });
  const results = [];
  for (const version of given.length > 0 ? given : DEFAULT_VERSIONS) results.push(await testOn(version));
  console.log('');
  for (const { found, tally } of results) console.log(`  ${found.padEnd(12)} ${tallyLine(tally)}`);
  return results.every(({ tally }) => tally.failed === 0 && tally.passed > 0) ? 0 : 1;
});
