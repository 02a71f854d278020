/** `tenon ps`, `stats` and `quarantine`, which read the state of running hosts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findHostFiles, type HostFile } from '../../src/host/host-files.js';
import { Quarantine, type QuarantineEntry } from '../../src/supervision/quarantine.js';
import { faultFile, faultsDir, pluginsDir, root, temporaryFolder } from '../support/index.js';
import { hasProcesses, openHost } from '../support/processes.js';
import { ENV, main, tenon } from './run.js';
import { hasScript, onTerminal, tooWide } from './terminal.js';

interface Shown {
  readonly pid: number;
  readonly program: string;
  readonly state: string;
  readonly problem: string | null;
  readonly stats: { readonly plugins: readonly Record<string, unknown>[] } | null;
}

/** Starts a program with a host in the state folder, which runs `body`. Waits until the program is ready. */
async function startHost(stateDir: string, body: string): Promise<ChildProcess> {
  const file = join(temporaryFolder(), 'server.mjs');
  writeFileSync(
    file,
    `import { PluginHost } from ${JSON.stringify(pathToFileURL(join(root, 'dist', 'index.js')).href)};
     const host = new PluginHost({ paths: ${JSON.stringify([pluginsDir, faultsDir])}, stateDir: ${JSON.stringify(stateDir)} });
     setInterval(() => {}, 1000);
     ${body}
     console.log('ready');`,
  );
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', (code) => reject(new Error(`the host ended with ${code}`)));
  });
  return child;
}

const CALLS = `
  for (const isolation of ${JSON.stringify(['inline', ...(hasProcesses ? ['process'] : [])])}) {
    const plugin = await host.load('echo', { isolation });
    const instance = await plugin.new();
    globalThis['held ' + isolation] = instance;
    for (let i = 0; i < 10; i++) await instance.call(Buffer.from('four'));
  }`;

/**
 * Repeats `work` until it succeeds: on a slow machine an answer can take longer than the command waits, one
 * second.
 */
const eventually = <T>(work: () => Promise<T>): Promise<T> =>
  vi.waitFor(work, { timeout: 40_000, interval: 100 });

const ps = async (stateDir: string) =>
  JSON.parse((await tenon(['ps', '--json', '--state-dir', stateDir])).stdout) as Shown[];

/** Returns the hosts, and fails if one of them did not answer. */
async function running(stateDir: string): Promise<Shown[]> {
  const hosts = await ps(stateDir);
  expect(hosts.map(({ state }) => state)).not.toContain('busy');
  return hosts;
}

describe('tenon ps', () => {
  test('shows each host with its plugins', async () => {
    const stateDir = temporaryFolder();
    const child = await startHost(stateDir, CALLS);
    const run = await eventually(async () => {
      const shown = await tenon(['ps'], { env: { TENON_STATE_DIR: stateDir } });
      expect(shown).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('PLUGIN') });
      return shown;
    });
    const [heading, titles, ...rows] = run.stdout.trimEnd().split('\n');
    expect(heading).toMatch(new RegExp(`^host ${child.pid} {2}up \\d+ s {2}/.*server\\.mjs$`));
    expect(titles?.trim().split(/ +/)).toEqual([
      'PLUGIN',
      'TIER',
      'STATE',
      'PID',
      'GEN',
      'INST',
      'CALLS',
      'FAILED',
      'P50',
      'P99',
      'RSS',
    ]);
    expect(rows[0]).toMatch(/^ {2}echo +inline +running +- +- +1 +10 +0 +[\d.]+ [nµm]?s +[\d.]+ [nµm]?s +-$/);
    if (hasProcesses)
      expect(rows[1]).toMatch(
        /^ {2}echo +process +running +\d+ +1 +1 +10 +0 +[\d.]+ .s +[\d.]+ .s +[\d.]+ [KM]iB$/,
      );

    const hosts = await eventually(() => running(stateDir));
    expect(hosts).toMatchObject([
      { pid: child.pid, state: 'running', problem: null, program: expect.stringContaining('server.mjs') },
    ]);
    expect(hosts[0]?.stats?.plugins[0]).toMatchObject({ name: 'echo', calls: 10, bytesIn: 40 });
    expect(JSON.stringify(hosts)).not.toContain('token');
  });

  test('lists no hosts if none runs, and removes the files of killed hosts', async () => {
    const stateDir = temporaryFolder();
    const child = await startHost(stateDir, '');
    child.removeAllListeners('exit');
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(readdirSync(stateDir)).not.toEqual([]);
    expect(await tenon(['ps', '--state-dir', stateDir])).toMatchObject({
      code: 0,
      stdout: `No host runs with the state folder ${stateDir}.\n`,
    });
    expect(readdirSync(stateDir)).toEqual([]);
  });

  test('refuses a missing folder', async () => {
    for (const folder of [join(temporaryFolder(), 'gone'), faultFile('returns-42')])
      for (const command of [['ps'], ['stats'], ['quarantine', 'list'], ['quarantine', 'clear']])
        expect(await tenon([...command, '--state-dir', folder])).toMatchObject({
          code: 1,
          stdout: '',
          stderr: expect.stringContaining('no such folder'),
        });
  });

  test('shows a host with a blocked event loop as busy, and the others as usual', async () => {
    const stateDir = temporaryFolder();
    const blocked = await startHost(stateDir, 'setTimeout(() => { for (;;); }, 50);');
    const free = await startHost(stateDir, '');
    await eventually(async () =>
      expect(await ps(stateDir)).toMatchObject([
        { pid: blocked.pid, state: 'busy', problem: 'it did not answer within 1 s', stats: null },
        { pid: free.pid, state: 'running', stats: { plugins: [] } },
      ]),
    );
    const { stdout } = await tenon(['ps', '--state-dir', stateDir]);
    expect(stdout).toMatch(/^host \d+ {2}up .* busy: it did not answer within 1 s {2}.*server\.mjs\n/);
  });

  test.runIf(hasScript)('fits a terminal of 80 columns', async () => {
    const stateDir = temporaryFolder();
    await startHost(stateDir, CALLS);
    await startHost(stateDir, 'setTimeout(() => { for (;;); }, 50);');
    for (const command of ['ps', 'stats']) {
      const text = await eventually(async () => {
        const shown = await onTerminal([command, '--state-dir', stateDir], { columns: 80 });
        expect(shown).toContain('echo');
        return shown;
      });
      expect(tooWide(text, 80)).toEqual([]);
    }
  });
});

describe('a file in the state folder', () => {
  /** Returns a state folder with a modified file of a running host. */
  function forged(change: Partial<HostFile>): string {
    const [from, to] = [temporaryFolder(), temporaryFolder()];
    openHost({ stateDir: from });
    const [found] = findHostFiles(from);
    if (found === undefined) throw new Error('no host is registered');
    const name = readdirSync(from).find((one) => one.endsWith('.json')) ?? '';
    writeFileSync(join(to, name), JSON.stringify({ ...found.content, ...change }));
    return to;
  }

  test('of a host without a socket makes it unavailable, with the reason', async () => {
    const stateDir = forged({ socket: null, problem: 'no sockets here' });
    expect(await ps(stateDir)).toMatchObject([
      { state: 'unavailable', problem: 'no sockets here', stats: null },
    ]);
    const { stdout } = await tenon(['stats', '--state-dir', stateDir]);
    expect(stdout).toContain('unavailable: no sockets here');
  });

  test('whose socket is missing in the same folder belongs to an ended host and is deleted', async () => {
    const stateDir = temporaryFolder();
    const other = forged({});
    const [name = ''] = readdirSync(other);
    const content = JSON.parse(readFileSync(join(other, name), 'utf8')) as HostFile;
    writeFileSync(join(stateDir, name), JSON.stringify({ ...content, socket: join(stateDir, 'gone.sock') }));
    expect(await ps(stateDir)).toEqual([]);
    expect(readdirSync(stateDir)).toEqual([]);
  });

  test('whose socket is missing in another folder makes the host unavailable', async () => {
    const stateDir = forged({ socket: '/tmp/tenon-host-gone/s' });
    expect(await ps(stateDir)).toMatchObject([
      { state: 'unavailable', problem: expect.stringContaining('ENOENT') },
    ]);
  });

  test.each([
    ['not JSON', 'unavailable'],
    ['{"pid":1}', 'unavailable'],
    ['{"pid":1,"uptime":2,"plugins":[{"name":7}]}', 'unavailable'],
    ['[]', 'unavailable'],
  ])('whose socket answers %j makes the host %s', async (answer, state) => {
    const socket = join(temporaryFolder(), 'socket');
    const server = createServer((client) => client.end(`${answer}\n`)).listen(socket);
    onTestFinished(() => void server.close());
    const stateDir = forged({ socket });
    await eventually(async () => expect(await ps(stateDir)).toMatchObject([{ state, stats: null }]));
  });

  test('with control characters is printed without them', async () => {
    const stateDir = forged({
      program: '\u001B[2J\u202Eevil\n::error::',
      socket: null,
      problem: '\u0007\u001B]0;x',
    });
    for (const command of ['ps', 'stats']) {
      const { stdout } = await tenon([command, '--state-dir', stateDir]);
      expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });
});

describe('tenon stats', () => {
  test('shows all statistics of all plugins or of the given ones', async () => {
    const stateDir = temporaryFolder();
    await startHost(stateDir, `${CALLS} await host.load('math');`);
    const stdout = await eventually(async () => {
      const shown = await tenon(['stats', '--state-dir', stateDir]);
      expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('echo') });
      return shown.stdout;
    });
    expect(stdout).toMatch(/\n {2}echo {2}inline, running\n {4}calls {6}10 calls, 0 failed, 0 in flight\n/);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /latency min [^,]*, p50 [^,]*, p90 [^,]*, p99 [^,]*, p99\.9 [^,]*, max [^,]*, mean [^,]* \(10 calls timed\)/,
    );
    expect(stdout).toContain('bytes      40 bytes in, 40 bytes out');
    expect(stdout).toMatch(/\n {2}math {2}inline, running\n {4}calls {6}0 calls, .*\n {4}latency {4}-\n/);
    if (hasProcesses) expect(stdout).toMatch(/\n {2}echo {2}process, running, pid \d+, generation 1\n/);
    await eventually(async () => {
      const named = await tenon(['stats', 'math', '--json', '--state-dir', stateDir]);
      const [host] = JSON.parse(named.stdout) as Shown[];
      expect(host?.stats?.plugins.map(({ name }) => name)).toEqual(['math']);
    });
  });

  test('repeats with --watch, one line of JSON each time, and exits if its output is closed', async () => {
    const stateDir = temporaryFolder();
    await startHost(stateDir, '');
    const args = ['stats', '--watch', '--json', '--interval', '20ms', '--state-dir', stateDir];
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.split('\n').length > 3) child.stdout.destroy();
    });
    const ended = await new Promise((resolve) => child.once('exit', (...how) => resolve(how)));
    expect(ended).toEqual([0, null]);
    const lines = text.split('\n').slice(0, 3);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject([{ program: expect.any(String) }]);
  });

  test.runIf(hasScript)('overwrites its text on a terminal without clearing the screen', async () => {
    const stateDir = temporaryFolder();
    await startHost(stateDir, CALLS);
    const args = ['stats', '--watch', '--interval', '50ms', '--state-dir', stateDir];
    const quoted = [process.execPath, main, ...args].join(' ');
    const child = spawn('script', ['-qec', quoted, '/dev/null'], {
      env: { ...process.env, ...ENV, TERM: 'xterm' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      // The command does not end by itself. It ends with its terminal.
      if (text.split('\u001B[H').length > 4) child.kill();
    });
    await new Promise((resolve) => child.once('close', resolve));
    const frames = text.split('\u001B[H').slice(1);
    expect(frames.length).toBeGreaterThan(1);
    for (const frame of frames.slice(0, -1)) {
      const [heading = '', ...rest] = frame.split('\r\n');
      expect(heading).toMatch(/host \d+/);
      expect(heading.endsWith('\u001B[K')).toBe(true);
      expect(rest.at(-1)).toBe('\u001B[J');
    }
    expect(text).not.toContain('\u001B[2J');
  });
});

describe.runIf(hasProcesses)('tenon quarantine', () => {
  /** Returns a state folder in which a host has quarantined two digests. */
  async function filled(): Promise<{ stateDir: string; entries: QuarantineEntry[] }> {
    const stateDir = temporaryFolder();
    const host = openHost({ stateDir });
    for (const fault of ['process-segfault', 'process-abort']) {
      const plugin = await host.load(faultFile(fault), { isolation: 'process', restart: false });
      await (await plugin.new()).call(Buffer.from('x')).catch(() => undefined);
    }
    // This object is not that of the host, so it reads the file.
    const file = new Quarantine(join(stateDir, 'quarantine.json'));
    await expect.poll(async () => (await file.list()).length).toBe(2);
    await host.close();
    return { stateDir, entries: await file.list() };
  }

  test('lists the files and reasons even if no host runs', async () => {
    const { stateDir, entries } = await filled();
    const run = await tenon(['quarantine', 'list'], { env: { TENON_STATE_DIR: stateDir } });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^2 files in quarantine\n {2}DIGEST +NAME +TIMES +LAST +PATH\n/);
    for (const { digest, name } of entries)
      expect(run.stdout).toMatch(new RegExp(`^ {2}${digest.slice(0, 12)} +${name} +1 `, 'm'));
    expect(run.stdout).toMatch(/^ {4}\S.*SIGSEGV/m);
    const json = await tenon(['quarantine', 'list', '--json', '--state-dir', stateDir]);
    expect(JSON.parse(json.stdout)).toEqual(JSON.parse(JSON.stringify(entries)));
  });

  test('clears the digest with the given prefix, and a running host loads the file again', async () => {
    const { stateDir, entries } = await filled();
    const host = openHost({ stateDir });
    const [first, second] = entries;
    const file = first?.path ?? '';
    await expect(host.load(file)).rejects.toMatchObject({ code: 'ERR_TENON_QUARANTINED' });
    const clear = (...digests: string[]) =>
      tenon(['quarantine', 'clear', ...digests, '--state-dir', stateDir]);
    expect(await clear(first?.digest.slice(0, 8) ?? '')).toMatchObject({
      code: 0,
      stdout: '1 file removed from quarantine\n',
    });
    expect((await host.load(file)).name).toBe(first?.name);
    expect(await host.quarantine.list()).toMatchObject([{ digest: second?.digest }]);
    const unknown = await clear('0'.repeat(64), second?.digest ?? '');
    expect(unknown).toMatchObject({ code: 1, stdout: '1 file removed from quarantine\n' });
    expect(unknown.stderr).toContain(`no file in quarantine has the digest ${'0'.repeat(64)}`);
    expect(await clear()).toMatchObject({ code: 0, stdout: '0 files removed from quarantine\n' });
  });

  test('clears all digests', async () => {
    const { stateDir } = await filled();
    const run = await tenon(['quarantine', 'clear', '--state-dir', stateDir]);
    expect(run).toMatchObject({ code: 0, stdout: '2 files removed from quarantine\n' });
    const list = await tenon(['quarantine', 'list', '--state-dir', stateDir]);
    expect(list).toMatchObject({ code: 0, stdout: '0 files in quarantine\n' });
  });

  test('refuses a prefix of two digests', async () => {
    const { stateDir, entries } = await filled();
    const file = join(stateDir, 'quarantine.json');
    const digests = ['ab', 'cd'].map((end) => `01234567${end.repeat(28)}`);
    const content = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    const quarantine = Object.fromEntries(digests.map((digest, i) => [digest, { ...entries[i], digest }]));
    writeFileSync(file, JSON.stringify({ ...content, quarantine }));
    const run = await tenon(['quarantine', 'clear', '01234567', '--state-dir', stateDir]);
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('Give more digits') });
    expect(await tenon(['quarantine', 'clear', '01234567c', '--state-dir', stateDir])).toMatchObject({
      code: 0,
    });
  });
});

test('a host does not answer a request with the wrong token', async () => {
  const stateDir = temporaryFolder();
  openHost({ stateDir });
  const name = readdirSync(stateDir).find((one) => one.endsWith('.json')) ?? '';
  const other = temporaryFolder();
  copyFileSync(join(stateDir, name), join(other, name));
  const text = readFileSync(join(other, name), 'utf8');
  writeFileSync(join(other, name), text.replace(/"token":"\w+"/, '"token":"guessed"'));
  expect(await ps(other)).toMatchObject([{ state: 'busy', stats: null }]);
});
