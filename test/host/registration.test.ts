/**
 * Hosts with a state folder register there, so that their user can find them and request their statistics.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findHostFiles, type HostFile } from '../../src/host/host-files.js';
import { StatsServer } from '../../src/host/stats-server.js';
import type { PluginHost } from '../../src/index.js';
import { pluginFile, root, runNode, temporaryFolder } from '../support/index.js';
import { openHost } from '../support/processes.js';

const entry = join(root, 'dist', 'index.js');
const hasModes = process.platform !== 'win32';

const names = (folder: string) => readdirSync(folder).filter((name) => /^host-.*\.json$/.test(name));

function fileIn(folder: string): HostFile {
  const [found] = findHostFiles(folder);
  if (found === undefined) throw new Error(`no host is registered in ${folder}`);
  return found.content;
}

/** Connects to a socket, writes the request, and returns the answer. */
function ask(path: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const client = connect(path, () => client.write(request));
    client.setEncoding('utf8');
    client.on('data', (chunk: string) => {
      text += chunk;
    });
    client.on('error', reject);
    client.on('close', () => resolve(text));
  });
}

const statsOf = async ({ socket, token }: HostFile) =>
  JSON.parse(await ask(socket ?? '', `${token}\n`)) as ReturnType<PluginHost['stats']>;

describe('a host with a state folder', () => {
  test('registers with a file that only its user can read, and removes it when it closes', async () => {
    const folder = join(temporaryFolder(), 'made', 'by', 'the host');
    const host = openHost({ stateDir: folder });
    const [name = ''] = names(folder);
    expect(name).toMatch(new RegExp(`^host-${process.pid}-\\d+-1\\.json$`));
    expect(fileIn(folder)).toMatchObject({ pid: process.pid, problem: null });
    if (hasModes) {
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
      expect(statSync(fileIn(folder).socket ?? '').mode & 0o777).toBe(0o600);
    }
    const second = openHost({ stateDir: folder });
    expect(names(folder)).toHaveLength(2);
    await host.close();
    await host.close();
    await second.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('answers with its statistics', async () => {
    const folder = temporaryFolder();
    const host = openHost({ stateDir: folder });
    const plugin = await host.load(pluginFile('echo'));
    const instance = await plugin.new();
    await instance.call(Buffer.from('x'));
    const stats = await statsOf(fileIn(folder));
    expect(stats).toMatchObject({
      pid: process.pid,
      plugins: [{ name: 'echo', isolation: 'inline', pid: null, generation: null, calls: 1, instances: 1 }],
    });
    expect(stats.plugins).toEqual(JSON.parse(JSON.stringify(host.stats().plugins)));
  });

  test.each([['wrong'], [''], ['x'.repeat(32)], ['{"token":"'], ['x'.repeat(100_000)]])(
    'does not answer a request with the token %j',
    async (token) => {
      const folder = temporaryFolder();
      openHost({ stateDir: folder });
      const answer = await ask(fileIn(folder).socket ?? '', `${token}\n`).catch(() => '');
      expect(answer).toBe('');
      expect(await statsOf(fileIn(folder))).toHaveProperty('plugins');
    },
  );

  test('does not keep the process running, and removes its file when the process exits', async () => {
    const folder = temporaryFolder();
    const run = (end: string) =>
      runNode(`new tenon.PluginHost({ stateDir: ${JSON.stringify(folder)} }); ${end}`, { timeout: 20_000 });
    expect(await run('')).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(await run('process.exit(3)')).toMatchObject({ code: 3 });
    expect(await run('process.nextTick(() => { throw new Error("x") })')).toMatchObject({ code: 1 });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('removes the files of processes that were killed', async () => {
    const folder = temporaryFolder();
    const killed = await runNode(
      `new tenon.PluginHost({ stateDir: ${JSON.stringify(folder)} }); process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);`,
    );
    expect(killed.signal).toBe('SIGKILL');
    expect(readdirSync(folder)).not.toEqual([]);
    const host = openHost({ stateDir: folder });
    expect(names(folder)).toEqual([expect.stringContaining(`host-${process.pid}-`)]);
    await host.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.runIf(hasModes)('has its socket in another folder if the path is too long', async () => {
    const folder = join(temporaryFolder(), 'x'.repeat(100));
    const host = openHost({ stateDir: folder });
    const { socket } = fileIn(folder);
    const place = dirname(socket ?? '');
    expect(place).not.toContain('xxx');
    expect(statSync(place).mode & 0o777).toBe(0o700);
    expect(await statsOf(fileIn(folder))).toHaveProperty('plugins');
    await host.close();
    expect(existsSync(place)).toBe(false);
  });

  test.runIf(hasModes)(
    'has its socket in another folder if other users can enter the state folder',
    async () => {
      const folder = temporaryFolder();
      chmodSync(folder, 0o755);
      openHost({ stateDir: folder });
      const [name = ''] = names(folder);
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
      const place = dirname(fileIn(folder).socket ?? '');
      expect(place).not.toBe(folder);
      expect(statSync(place).mode & 0o777).toBe(0o700);
    },
  );

  test('works with a warning if it cannot register', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const run = await runNode(
      `const host = new tenon.PluginHost({ stateDir: ${JSON.stringify(join(file, 'state'))}, paths: [plugins] });
       const instance = await (await host.load('echo')).new();
       console.log(String(await instance.call(Buffer.from('works'))));
       await host.close();`,
    );
    expect(run).toMatchObject({ code: 0, stdout: 'works\n' });
    expect(run.stderr).toContain('[TENON_NOT_REGISTERED] TenonWarning: A host cannot register in');
  });

  test.runIf(hasModes)('is found without statistics if it cannot create a socket', async () => {
    const folder = join(temporaryFolder(), 'x'.repeat(100));
    const run = await runNode(
      `import { readdirSync, readFileSync } from 'node:fs';
       import net from 'node:net';
       net.Server.prototype.listen = function () { throw new Error('no sockets here'); };
       const host = new tenon.PluginHost({ stateDir: ${JSON.stringify(folder)} });
       const [name] = readdirSync(${JSON.stringify(folder)});
       console.log(readFileSync(${JSON.stringify(folder)} + '/' + name, 'utf8'));
       await host.close();`,
    );
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({ socket: null, problem: 'no sockets here' });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('has the problem in its file if its socket fails later', async () => {
    const folder = temporaryFolder();
    const run = await runNode(
      `import { readdirSync, readFileSync } from 'node:fs';
       import net from 'node:net';
       net.Server.prototype.listen = function () { process.nextTick(() => this.emit('error', new Error('taken'))); };
       const host = new tenon.PluginHost({ stateDir: ${JSON.stringify(folder)} });
       await new Promise((resolve) => setTimeout(resolve, 10));
       const [name] = readdirSync(${JSON.stringify(folder)});
       console.log(readFileSync(${JSON.stringify(folder)} + '/' + name, 'utf8'));`,
    );
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({ socket: null, problem: 'taken' });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('registers in a worker, in addition to the hosts of other threads', async () => {
    const folder = temporaryFolder();
    openHost({ stateDir: folder });
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       import(workerData.entry).then(({ PluginHost }) => {
         new PluginHost({ stateDir: workerData.folder });
         parentPort.once('message', () => parentPort.unref());
         parentPort.postMessage('ready');
       });`,
      { eval: true, workerData: { entry, folder } },
    );
    await new Promise((resolve) => worker.once('message', resolve));
    expect(names(folder)).toHaveLength(2);
    for (const { content } of findHostFiles(folder)) expect(await statsOf(content)).toHaveProperty('plugins');
    worker.postMessage('end');
    await new Promise((resolve) => worker.once('exit', resolve));
    expect(names(folder)).toHaveLength(1);
  });

  test('is no longer registered after it was collected without close', async () => {
    const folder = temporaryFolder();
    const run = await runNode(
      `import { readdirSync } from 'node:fs';
       for (let i = 0; i < 20; i++) new tenon.PluginHost({ stateDir: ${JSON.stringify(folder)} });
       const files = () => readdirSync(${JSON.stringify(folder)}).length;
       const before = files();
       for (let i = 0; i < 100 && files() > 2; i++) {
         gc();
         await new Promise((resolve) => setTimeout(resolve, 10));
       }
       console.log(before, files() <= 2);`,
      { args: ['--expose-gc'] },
    );
    expect(run).toMatchObject({ code: 0, stdout: '40 true\n' });
  });
});

describe('invalid files in a state folder', () => {
  test('are ignored and not deleted', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'host-1-2-4.json'));
    for (const [name, text] of [
      ['host-1-2-3.json', '{'],
      ['host-1-2-5.json', JSON.stringify({ format: 'tenon-host/1', pid: 'x' })],
      ['host-1-2-6.json', JSON.stringify({ format: 'other/1' })],
      ['quarantine.json', '{}'],
    ] as const)
      writeFileSync(join(folder, name), text);
    const before = readdirSync(folder);
    expect(findHostFiles(folder)).toEqual([]);
    expect(readdirSync(folder)).toEqual(before);
  });

  test('do not cause the deletion of a file outside the folders of sockets', async () => {
    const folder = temporaryFolder();
    const precious = join(temporaryFolder(), 'precious');
    writeFileSync(precious, 'mine');
    const host = openHost({ stateDir: folder });
    const [name = ''] = names(folder);
    const content = JSON.parse(readFileSync(join(folder, name), 'utf8')) as HostFile;
    await host.close();
    const ended = { ...content, pid: 2 ** 22 + 1, start: '1', socket: precious };
    writeFileSync(join(folder, 'host-4194305-1-1.json'), JSON.stringify(ended));
    expect(findHostFiles(folder)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
    expect(lstatSync(precious).isFile()).toBe(true);
  });
});

describe('a client of the socket', () => {
  function serve(answer: object): { path: string; token: string } {
    const path = join(temporaryFolder(), 'socket');
    const token = 'a-token';
    const server = new StatsServer({ path, token, stats: () => answer, failed: () => undefined });
    onTestFinished(() => server.close());
    return { path, token };
  }

  function client(path: string): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => resolve(socket));
      socket.on('error', reject);
      onTestFinished(() => void socket.destroy());
    });
  }
  const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));

  test('is disconnected if it sends no request', async () => {
    const silent = await client(serve({}).path);
    silent.resume();
    await closed(silent);
  });

  test('is disconnected if it does not read its answer, which is discarded', async () => {
    const { path, token } = serve({ text: 'x'.repeat(8 << 20) });
    const program = spawn(process.execPath, [
      '-e',
      `let connected = 0;
       for (let i = 0; i < 16; i++) {
         const socket = require('node:net').connect(${JSON.stringify(path)}, () => {
           socket.write('${token}\\n');
           if (++connected === 16) console.log('all');
         });
         socket.pause();
       }
       setInterval(() => {}, 1000);`,
    ]);
    onTestFinished(() => void program.kill('SIGKILL'));
    await new Promise((resolve) => program.stdout.once('data', resolve));
    // These clients use all connections until the host disconnects them.
    await vi.waitFor(async () => expect(await ask(path, `${token}\n`)).toHaveLength((8 << 20) + 12), {
      timeout: 20_000,
    });
  });

  test('is refused if 16 others are connected', async () => {
    const { path, token } = serve({});
    await Promise.all(Array.from({ length: 16 }, () => client(path)));
    expect(await ask(path, `${token}\n`).catch(() => '')).toBe('');
  });

  test('gets no answer if the statistics cannot be written as JSON', async () => {
    const circle: Record<string, unknown> = {};
    circle['itself'] = circle;
    const { path, token } = serve(circle);
    expect(await ask(path, `${token}\n`)).toBe('');
  });
});

test.runIf(process.platform !== 'win32')(
  'files and sockets of hosts that were killed while they registered are removed',
  async () => {
    const folder = temporaryFolder();
    const ended = await runNode(`
      import { createServer } from 'node:net';
      import { writeFileSync } from 'node:fs';
      const path = ${JSON.stringify(folder)} + '/host-' + process.pid + '-';
      writeFileSync(path + '1-1.json', '');
      createServer().listen(path + '0123456789abcdef.sock', () => process.kill(process.pid, 'SIGKILL'));`);
    expect(ended.signal).toBe('SIGKILL');
    expect(readdirSync(folder).length).toBe(2);
    findHostFiles(folder);
    expect(readdirSync(folder)).toEqual([]);
  },
);
