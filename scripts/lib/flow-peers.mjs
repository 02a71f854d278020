/**
 * Provides the peers of flows in the benchmark: Benthos, built with Go, and rsyslog and syslog-ng, whose Debian packages
 * are unpacked and not installed, so no service of theirs starts. Only `npm run bench` does this. One that cannot be
 * provided is left out, with the reason.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchDebianTree, findGo } from './fetched.mjs';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';
import { digest, filesBelow, isStamped, stamp, unstamp } from './stamps.mjs';
import { mustSucceed, StepFailure, say, step } from './steps.mjs';
import { findCommand } from './tools.mjs';

const BENTHOS = inRoot('bench', 'peers', 'benthos');

/**
 * A peer that is there: its program, and the folder in which its package is unpacked. `missing` is the reason that it
 * is not there.
 *
 * @typedef {{program: string, root?: string, missing?: undefined} | {missing: string}} FlowPeer
 */

/** Writes build/bench/flow-peers.json: each peer by its name. */
export async function provideFlowPeers() {
  const peers = {
    benthos: await provided('Benthos, a peer of flows', buildBenthos),
    rsyslog: await provided('rsyslog, a peer of flows', () => unpacked('rsyslogd', 'rsyslog')),
    'syslog-ng': await provided('syslog-ng, a peer of flows', () => unpacked('syslog-ng', 'syslog-ng-core')),
  };
  mkdirSync(inRoot('build', 'bench'), { recursive: true });
  writeFileSync(inRoot('build', 'bench', 'flow-peers.json'), `${JSON.stringify(peers, null, 2)}\n`);
}

/** @returns {Promise<FlowPeer>} */
async function provided(label, provide) {
  let peer = { missing: '' };
  await step(label, async () => {
    try {
      peer = await provide();
      return 'ready';
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      say(error.message);
      peer = { missing: error.message.split('\n')[0] ?? '' };
      return 'SKIPPED';
    }
  });
  return peer;
}

/** Builds the program in bench/peers/benthos. Its go.sum has the digests of all modules. */
async function buildBenthos() {
  const go = findGo();
  if (go === undefined) throw new StepFailure('Go is missing');
  const program = inRoot('build', 'bench', 'benthos');
  const inputs = digest(filesBelow([BENTHOS]));
  if (isStamped('benthos', inputs)) return { program };
  unstamp('benthos');
  const env = { ...process.env, GOTOOLCHAIN: 'local', CGO_ENABLED: '0' };
  const built = await run(go, ['build', '-trimpath', '-o', program, '.'], { cwd: BENTHOS, env });
  mustSucceed(built, 'go build of bench/peers/benthos', 'benthos');
  stamp('benthos', inputs);
  return { program };
}

/** Returns the program of the system, or one from a package that is only unpacked. */
async function unpacked(program, name) {
  const installed = findCommand([program], `${process.env.PATH}:/usr/sbin`);
  if (installed !== undefined) return { program: installed, root: '/' };
  const root = await fetchDebianTree(name);
  return { program: join(root, 'usr', 'sbin', program), root };
}
