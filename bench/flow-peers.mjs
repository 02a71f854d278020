/**
 * Runs other programs that move a file of lines to nowhere, each as it is usually configured: Benthos, rsyslog and
 * syslog-ng. They run in the foreground, with all their files in a temporary folder, and their own statistics say how many
 * lines went through. `npm run bench` provides them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds after which a peer has failed. */
const LIMIT = 180_000;
const TRIPLE = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;

/**
 * @typedef {{ms: number, lines: number}} Passed
 * @typedef {{name: string, run: (path: string) => Promise<Passed>}} Peer
 */

/**
 * Returns the peers of this machine, and the reasons that others are missing.
 *
 * @param {string} build @param {string} folder for their files @returns {{peers: Peer[], skipped: string[]}}
 */
export function flowPeers(build, folder) {
  const file = join(build, 'bench', 'flow-peers.json');
  if (!existsSync(file)) return { peers: [], skipped: ['the peers, which `npm run bench` provides'] };
  /** @type {Record<string, import('../scripts/lib/flow-peers.mjs').FlowPeer>} */
  const found = JSON.parse(readFileSync(file, 'utf8'));
  const all = /** @type {const} */ ([
    ['benthos', 'Benthos 4.60, file to drop', benthos],
    ['rsyslog', 'rsyslog, file to null', rsyslog],
    ['syslog-ng', 'syslog-ng, file to null', syslogNg],
  ]);
  /** @type {Peer[]} */
  const peers = [];
  const skipped = [];
  for (const [key, name, run] of all) {
    const peer = found[key] ?? { missing: 'it was not provided' };
    if (peer.missing !== undefined) skipped.push(`${name}: ${peer.missing}`);
    else peers.push({ name, run: (path) => inFolder(folder, (own) => run(peer, path, own)) });
  }
  return { peers, skipped };
}

/** @template T @param {string} folder @param {(folder: string) => Promise<T>} work */
async function inFolder(folder, work) {
  const own = mkdtempSync(join(folder, 'peer-'));
  try {
    return await work(own);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** Benthos ends by itself. @param {{program: string}} peer @param {string} path @returns {Promise<Passed>} */
async function benthos({ program }, path) {
  const start = performance.now();
  const child = spawn(program, [path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (part) => {
    text += part;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`Benthos ended with ${code}.`);
  return { ms: performance.now() - start, lines: Number(text) };
}

/** @param {{program: string, root?: string}} peer @param {string} path @param {string} own */
function rsyslog({ program, root = '/' }, path, own) {
  const config = join(own, 'rsyslog.conf');
  const statistics = join(own, 'statistics');
  writeFileSync(
    config,
    `global(workDirectory="${own}")
module(load="imfile")
module(load="impstats" interval="1" log.file="${statistics}" log.syslog="off" format="json")
template(name="line" type="string" string="%msg%\\n")
input(type="imfile" file="${path}" tag="bench")
action(name="out" type="omfile" file="/dev/null" template="line")
`,
  );
  const modules = join(root, 'usr', 'lib', TRIPLE, 'rsyslog');
  const args = ['-n', '-f', config, '-i', join(own, 'pid'), '-M', modules];
  const lines = async () => {
    const text = existsSync(statistics) ? readFileSync(statistics, 'utf8') : '';
    return Number([...text.matchAll(/"name": "out".*"processed": (\d+)/g)].at(-1)?.[1] ?? 0);
  };
  return daemon(program, args, { root, path, lines });
}

/** @param {{program: string, root?: string}} peer @param {string} path @param {string} own */
function syslogNg({ program, root = '/' }, path, own) {
  const config = join(own, 'syslog-ng.conf');
  const control = join(own, 'control');
  const libraries = join(root, 'usr', 'lib', 'syslog-ng');
  const version = readdirSync(libraries).find((name) => /^\d+\.\d+$/.test(name)) ?? '';
  writeFileSync(
    config,
    `@version: ${version}
options { stats-level(1); };
source in { file("${path}" flags(no-parse) log-fetch-limit(1000) log-iw-size(10000)); };
destination out { file("/dev/null" template("$MSG\\n")); };
log { source(in); destination(out); flags(flow-control); };
`,
  );
  const files = ['-R', join(own, 'persist'), '-p', join(own, 'pid'), '-c', control];
  const lines = async () => {
    const query = spawn(`${program}-ctl`, ['stats', '-c', control], { env: withLibraries(root) });
    let text = '';
    query.stdout.on('data', (part) => {
      text += part;
    });
    await once(query, 'close');
    return Number(/^dst\.file;out#0;.*;processed;(\d+)$/m.exec(text)?.[1] ?? 0);
  };
  const args = ['-F', '--no-caps', '-f', config, `--module-path=${join(libraries, version)}`, ...files];
  return daemon(program, args, { root, path, lines });
}

/** @param {string} root */
function withLibraries(root) {
  const folders = ['usr/lib/syslog-ng', `usr/lib/${TRIPLE}`, `lib/${TRIPLE}`].map((one) => join(root, one));
  return root === '/' ? process.env : { ...process.env, LD_LIBRARY_PATH: folders.join(':') };
}

/**
 * Runs a daemon that writes as many bytes as the file has, then waits until its statistics have all lines, and ends it.
 * The kernel counts what it has written, even to /dev/null.
 *
 * @param {string} program @param {readonly string[]} args
 * @param {{root: string, path: string, lines: () => Promise<number>}} what
 * @returns {Promise<Passed>}
 */
async function daemon(program, args, { root, path, lines }) {
  const { size } = statSync(path);
  const start = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env: withLibraries(root) });
  const ended = once(child, 'exit');
  const state = { ended: false };
  void ended.then(() => {
    state.ended = true;
  });
  try {
    const check = () => {
      if (state.ended) throw new Error(`${program} ended too early.`);
      if (performance.now() > start + LIMIT) throw new Error(`${program} did not move ${size} bytes.`);
    };
    while (writtenBy(child.pid ?? 0) < size) {
      check();
      await sleep(1);
    }
    const ms = performance.now() - start;
    let [before, counted] = [-1, await lines()];
    for (; counted === 0 || counted !== before; check()) {
      await sleep(1100); // its statistics have the resolution of a second
      [before, counted] = [counted, await lines()];
    }
    return { ms, lines: counted };
  } finally {
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(5000, undefined, { ref: false })]);
    child.kill('SIGKILL');
  }
}

/** Returns the bytes that a process has written so far. @param {number} pid */
function writtenBy(pid) {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
