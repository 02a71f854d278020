/** The sink `file` where its file cannot grow: a limit of the shell stands for a full disk. */
import { spawn } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ENV, main } from '../../cli/run.js';
import { root, temporaryFolder, withAddon } from '../../support/index.js';

const TOTAL = 60_000;
/** Printed by the command while it waits for the sink, or for a row that the sink never accepts. */
const WAITS = /waits for out( \(closed\)|, which)/;

describe.runIf(withAddon && process.platform !== 'win32')('a full disk', () => {
  test('is not the fault of the events: the flow waits, and goes on when there is room', async () => {
    const folder = temporaryFolder();
    const lines = Array.from({ length: TOTAL }, (_, index) => `a line with some bytes ${index}`);
    writeFileSync(join(folder, 'in.log'), `${lines.join('\n')}\n`);
    const load = { isolation: 'inline' };
    const out = join(folder, 'out.log');
    const content = {
      paths: [join(root, 'build', 'plugins', 'flow')],
      state: './state',
      connectors: {
        in: { plugin: 'blaster', config: { path: join(folder, 'in.log') }, load },
        out: {
          ...{ plugin: 'file', config: { path: out }, load, postprocessors: ['lines'] },
          reconnect: { first: 5, growth: 1, most: 5 },
        },
      },
      flow: { name: 'full', from: 'in', inFlight: { rows: 2000 }, to: [{ sink: 'out', attempts: 1 }] },
    };
    const file = join(folder, 'flow.json');
    writeFileSync(file, JSON.stringify(content));
    const command = `ulimit -f 1024; exec "${process.execPath}" "${main}" run --every 20ms --drain 1s "${file}"`;
    const env = { ...process.env, ...ENV };
    const child = spawn('/bin/sh', ['-c', command], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.on('close', resolve));
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      const waited = WAITS.test(text);
      text += part;
      if (!waited && WAITS.test(text)) child.kill('SIGTERM');
    });
    expect(await ended).toBe(3);
    expect(text).toMatch(/waits for out \(closed\): .*out\.log: cannot append to the file/);
    expect(text).toMatch(/ 0 dead letters/);
    // The frame for which there was no room was removed again, and the next run continues behind the last.
    expect(statSync(out).size).toBeLessThanOrEqual(1024 * 1024);
    const again = spawn(process.execPath, [main, 'run', file], { stdio: 'ignore' });
    expect(await new Promise((resolve) => again.on('close', resolve))).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(`${lines.join('\n')}\n`);
  });
});
