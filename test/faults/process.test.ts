/**
 * Faults that tenon cannot contain while a plugin runs in the host process. Each runs in its own Node.js
 * process, which proves that the documentation describes them correctly.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/index.js';
import { sanitizable } from '../support/sanitized.js';
import { type Ended, runFault } from './support.js';
import { type Death, type FaultRow, faultsToTest } from './table.js';

const table = faultsToTest();
const mortal = (row: FaultRow): row is FaultRow & { death: Death } => row.death !== undefined;

function expectDeath(ended: Ended, death: Death): void {
  const { code, signal } = ended;
  if (death === 'hangs') {
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
    return;
  }
  expect({ code, signal }, ended.stderr).toEqual(
    'signal' in death ? { code: null, signal: death.signal } : { code: death.exit, signal: null },
  );
}

/** Faults that occur only in a second call or in a second process. */
const SPECIAL = ['second-call-segfaults', 'second-load-aborts'];

describe('a plugin ends the process that calls it', () => {
  const rows = table.filter((row) => row.where === 'process').filter(mortal);
  const usual = rows.filter(({ library }) => !SPECIAL.includes(library));
  test.each(sanitizable(usual, ({ library }) => library))('$library, which $what', async (row) => {
    const ended = await runFault(`
      const plugin = await load('${row.library}');
      say('${row.death === 'hangs' ? 'hanging' : 'calling'}');
      const instance = await plugin.new();
      instance.callSync(Buffer.from('some input'));
      instance.close();
      say('survived');`);
    expectDeath(ended, row.death);
    expect(ended.stdout).toMatch(/^(calling|hanging)\n/);
    expect(ended.stdout).not.toContain('survived');
  });

  test('second-call-segfaults, whose first call succeeds', async () => {
    const ended = await runFault(`
      const instance = await (await load('second-call-segfaults')).new();
      say(String(instance.callSync(Buffer.from('first'))));
      instance.callSync(Buffer.from('second'));
      say('survived');`);
    expectDeath(ended, { signal: 'SIGSEGV' });
    expect(ended.stdout).toBe('first\n');
  });

  test('second-load-aborts, which passes the probe', async () => {
    const counter = join(temporaryFolder(), 'counter');
    const body = `say('loading'); await load('second-load-aborts'); say('survived');`;
    const ended = await runFault(body, { env: { TENON_FAULT_COUNTER: counter } });
    expectDeath(ended, { signal: 'SIGABRT' });
    expect(ended.stdout).toBe('loading\n');
    expect(readFileSync(counter, 'utf8')).toBe('xx');
  });
});

describe('a plugin ends the process that loads it without a probe', () => {
  test.each(table.filter((row) => row.where === 'load').filter(mortal))(
    '$library, which $what',
    async (row) => {
      const body = `say('${row.death === 'hangs' ? 'hanging' : 'loading'}'); await load('${row.library}'); say('survived');`;
      const ended = await runFault(body, { probe: 'never' });
      expectDeath(ended, row.death);
      expect(ended.stdout).not.toContain('survived');
    },
  );
});

/**
 * For each library, an expression that reads the state that it changes, and the values before and after one
 * call. The expression cannot be `process.cwd()`, because Node.js caches its value.
 */
const changes: Readonly<Record<string, { look: string; before: string; after: string }>> = {
  'process-directory': { look: `fs.realpathSync.native('.')`, before: realpathSync.native('.'), after: '/' },
  'process-variable': {
    look: `process.env['TENON_FAULT_WAS_HERE'] ?? 'unset'`,
    before: 'unset',
    after: 'yes',
  },
  'process-locale': { look: 'String(result)', before: 'undefined', after: 'C.UTF-8' },
};

describe('a plugin changes the process that calls it', () => {
  test.each(Object.entries(changes))('%s', async (library, { look, before, after }) => {
    const ended = await runFault(`
      const instance = await (await load('${library}')).new();
      let result;
      const look = () => ${look};
      say(look());
      result = instance.callSync(Buffer.from('some input'));
      say(look());`);
    expect(ended).toMatchObject({ code: 0, stdout: `${before}\n${after}\n` });
  });

  test('process-signals: a signal that would end the process is ignored after the call', async () => {
    const body = (call: string) => `
      const instance = await (await load('process-signals')).new();
      ${call}
      process.kill(process.pid, 'SIGUSR2');
      say('survived');`;
    expect(await runFault(body(''))).toMatchObject({ signal: 'SIGUSR2', stdout: '' });
    const called = await runFault(body(`instance.callSync(Buffer.from('some input'));`));
    expect(called).toMatchObject({ code: 0, stdout: 'survived\n' });
  });

  test('process-prints: its output is mixed with that of the host', async () => {
    const ended = await runFault(`
      const instance = await (await load('process-prints')).new();
      say('before');
      instance.callSync(Buffer.from('some input'));
      say('after');`);
    expect(ended.stdout).toBe('before\nprocess-prints on stdout\nafter\n');
    expect(ended.stderr).toContain('process-prints on stderr');
  });

  test('process-closes: the standard streams of the host are closed', async () => {
    const ended = await runFault(`
      const instance = await (await load('process-closes')).new();
      instance.callSync(Buffer.from('some input'));
      const open = (fd) => { try { fs.fstatSync(fd); return true; } catch { return false; } };
      process.exit(open(0) || open(1) || open(2) ? 1 : 42);`);
    expect(ended.code).toBe(42);
  });

  test('thread-local: its destructor runs when a Worker ends, while the code is still mapped', async () => {
    const ended = await runFault(`
      const { Worker } = await import('node:worker_threads');
      const inWorker = \`
        import { parentPort, workerData } from 'node:worker_threads';
        const tenon = await import(workerData.entry);
        const instance = await (await new tenon.PluginHost().load(workerData.file)).new();
        parentPort.postMessage(String(instance.callSync(Buffer.from('from a worker'))));\`;
      for (let round = 0; round < 3; round++) {
        const code = await new Promise((resolve, reject) => {
          const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(inWorker)), {
            workerData: { entry: entry, file: file('thread-local') },
          });
          worker.on('message', say).on('error', reject).on('exit', resolve);
        });
        if (code !== 0) process.exit(code);
      }
      say('survived');`);
    expect(ended).toMatchObject({
      code: 0,
      signal: null,
      stdout: `${'from a worker\n'.repeat(3)}survived\n`,
    });
  });
});

test('every row of a fault that is not contained has a test in this file', () => {
  const proved = [
    ...SPECIAL,
    ...Object.keys(changes),
    'process-signals',
    'process-prints',
    'process-closes',
    'thread-local',
  ];
  const unproved = table.filter(
    ({ where, death, library }) => where === 'process' && death === undefined && !proved.includes(library),
  );
  expect(unproved).toEqual([]);
});
