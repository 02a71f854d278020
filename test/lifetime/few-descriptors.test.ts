/** Few file descriptors: all works, or fails with a typed error that does not blame a plugin. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, runNode, withAddon } from '../support/index.js';
import { hasProcesses } from '../tiers/process/support.js';

const transports = withAddon ? ['shared-memory', 'pipe'] : ['pipe'];

describe.runIf(hasProcesses)('with few file descriptors', () => {
  test('the conformance tests pass with 64 of them', { timeout: 300_000 }, async () => {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const command = `ulimit -n 64 && exec "$0" "$1" run test/conformance.test.ts`;
    const output = await new Promise<string>((resolve) => {
      const program = ['-c', command, process.execPath, vitest];
      execFile('sh', program, { cwd: root, timeout: 280_000 }, (problem, stdout, stderr) =>
        resolve(problem === null ? 'passed' : `${stdout}\n${stderr}`),
      );
    });
    expect(output).toBe('passed');
  });

  test.each(transports)(
    'a plugin that can get none over %s is not blamed, and loads later',
    async (transport) => {
      const { code, stdout, stderr } = await runNode(`
      import { closeSync, openSync } from 'node:fs';
      const uncaught = [];
      process.on('uncaughtException', (error) => uncaught.push(error));
      process.on('unhandledRejection', (error) => uncaught.push(error));
      const host = new tenon.PluginHost();
      const file = plugins + '/echo' + extension;
      const options = { isolation: 'process', transport: ${JSON.stringify(transport)} };
      const first = await host.load(file, options);
      const instance = await first.new();
      const taken = [];
      const take = () => {
        for (;;) try { taken.push(openSync('/dev/null')); } catch { return; }
      };
      take();
      const codes = new Set();
      let loaded = 0;
      // Gives back one descriptor after another, so that each step of a start fails once.
      for (let free = 0; free < 60; free++) {
        await host.load(file, options).then(
          async (plugin) => { loaded++; await plugin.close(); },
          (error) => codes.add(error.code),
        );
        closeSync(taken.pop());
      }
      console.log([...codes], loaded > 0);
      console.log(String(instance.callSync(Buffer.from('hi'))), String(await instance.call(Buffer.from('ho'))));
      console.log((await host.quarantine.list()).length, uncaught);
      for (const each of taken) closeSync(each);
      await host.close();`);
      expect({ code, stdout, stderr }).toEqual({
        code: 0,
        stdout: "[ 'ERR_TENON_NO_RESOURCES' ] true\nhi ho\n0 []\n",
        stderr: '',
      });
    },
  );
});
