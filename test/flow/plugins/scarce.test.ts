/** The source `tcp-source` in a process that has no file descriptors left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { root, temporaryFolder, withAddon } from '../../support/index.js';

/** Uses up all descriptors, pulls when it reads a line, and prints when the source wants to be pulled again. */
const PROGRAM = `
import { openSync } from 'node:fs';
import { PluginHost } from ${JSON.stringify(pathToFileURL(join(root, 'dist', 'index.js')).href)};
process.stdin.resume(); // keeps the process alive
const host = new PluginHost({ paths: [${JSON.stringify(join(root, 'build', 'plugins', 'flow'))}] });
const listening = new Promise((resolve) =>
  host.on('log', (entry) => resolve(/port (\\d+)/.exec(JSON.stringify(entry))[1])));
const instance = await (await host.load('tcp-source')).new({});
const call = (slot, bytes) => instance.method('source/1', slot).call(bytes);
await call(0, Buffer.alloc(0));
const port = await listening;
process.stdin.once('data', async () => {
  const credit = Buffer.alloc(16);
  credit.writeBigUInt64LE(10n, 0);
  credit.writeBigUInt64LE(1000n, 8);
  const frame = Buffer.from(await call(1, credit));
  console.log('wake ' + frame.readBigUInt64LE(80));
  process.exit();
});
try {
  for (;;) openSync('/dev/null');
} catch (error) {
  console.log(error.code + ' ' + port);
}
`;

describe.runIf(withAddon && process.platform !== 'win32')('without file descriptors', () => {
  test('a connection waits, and is tried again after a pause', async () => {
    const file = join(temporaryFolder(), 'scarce.mjs');
    writeFileSync(file, PROGRAM);
    const command = `ulimit -n 256; exec "${process.execPath}" "${file}"`;
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = child.stdout.setEncoding('utf8')[Symbol.asyncIterator]();
    const [code, port] = `${(await lines.next()).value}`.trim().split(' ');
    expect(code).toBe('EMFILE');
    const client = connect(Number(port), '127.0.0.1');
    onTestFinished(() => void client.destroy());
    await once(client, 'connect');
    child.stdin.write('pull\n');
    expect(`${(await lines.next()).value}`.trim()).toBe('wake 100000000');
  });
});
