import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { CrashReport, crashError } from '../../src/supervision/crash-report.js';
import { Quarantine } from '../../src/supervision/quarantine.js';
import { temporaryFolder } from '../support/index.js';
import { runWith } from './modules.js';

const error = new TenonError('ERR_TENON_CRASHED', 'Plugin shaky crashed.');
const shaky = { digest: 'd1', name: 'shaky', path: '/plugins/shaky.so', error };

test('a file in quarantine is refused with the reason and advice, another one passes', async () => {
  const quarantine = new Quarantine();
  await quarantine.add(shaky);
  await expect(quarantine.check('d1', '/plugins/shaky.so')).rejects.toMatchObject({
    code: 'ERR_TENON_QUARANTINED',
    plugin: 'shaky',
    path: '/plugins/shaky.so',
    message: expect.stringMatching(/Plugin shaky crashed\..*host\.quarantine\.clear\('d1'\)/),
  });
  await expect(quarantine.check('d2', '/plugins/other.so')).resolves.toBeUndefined();
  expect(await quarantine.has('d1')).toBe(true);
  expect(await quarantine.has('d2')).toBe(false);
});

test('an entry keeps the reason, the report of the crash as JSON, and the count', async () => {
  const file = join(temporaryFolder(), 'quarantine.json');
  const exit = {
    generation: 6,
    pid: 4711,
    code: null,
    signal: 'SIGSEGV',
    reason: 'crashed',
    problem: null,
    call: null,
    fault: { address: 8n, pc: 0x7f0000001150n, base: 0x7f0000000000n, frames: [], mainThread: true },
    stdout: '',
    stderr: '',
    uptimeMs: 3,
    peakRss: null,
  } as const;
  const crash = crashError(new CrashReport(exit, { plugin: 'shaky', path: shaky.path }));
  await new Quarantine(file).add(shaky);
  await new Quarantine(file).add({ ...shaky, error: crash });
  const [entry, ...rest] = await new Quarantine(file).list();
  expect(rest).toEqual([]);
  expect(entry).toMatchObject({
    digest: 'd1',
    name: 'shaky',
    count: 2,
    reason: { code: 'ERR_TENON_CRASHED', message: crash.message },
    report: { signal: 'SIGSEGV', fault: { address: '0x8', pc: '0x7f0000001150' } },
  });
  expect(Date.parse(entry?.date ?? '')).not.toBeNaN();
});

test('a cleared file may load again, in every host that shares the store', async () => {
  const file = join(temporaryFolder(), 'quarantine.json');
  const [one, other] = [new Quarantine(file), new Quarantine(file)];
  await one.add(shaky);
  await one.add({ ...shaky, digest: 'd2' });
  await other.add({ ...shaky, digest: 'd3' });
  expect((await one.list()).map(({ digest }) => digest).sort()).toEqual(['d1', 'd2', 'd3']);
  expect(await other.clear('d1')).toBe(1);
  expect(await other.clear('d1')).toBe(0);
  expect(await one.has('d1')).toBe(false);
  expect(await one.clear()).toBe(2);
  expect(await other.list()).toEqual([]);
});

test('processes that write at the same time lose no entry', async () => {
  const file = join(temporaryFolder(), 'quarantine.json');
  const names = ['a', 'b', 'c'];
  const ended = await Promise.all(
    names.map((name) =>
      runWith(
        'supervision/quarantine.js',
        'Quarantine',
        `const quarantine = new Quarantine(${JSON.stringify(file)});
         for (let i = 0; i < 20; i++) await quarantine.add({ digest: '${name}' + i, name: '${name}', path: '/p', error: new tenon.TenonError('ERR_TENON_CRASHED', 'x.') });`,
      ),
    ),
  );
  for (const { code, stderr } of ended) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect((await new Quarantine(file).list()).length).toBe(60);
  expect(readdirSync(join(file, '..'))).toEqual(['quarantine.json']);
});

test('the lock of a killed process is taken over', async () => {
  const file = join(temporaryFolder(), 'quarantine.json');
  const dead = await runWith(
    'base/process-id.js',
    'ownProcess',
    `process.stdout.write(JSON.stringify(ownProcess()))`,
  );
  const { pid, start } = JSON.parse(dead.stdout) as { pid: number; start: string };
  writeFileSync(`${file}.lock`, `${pid} ${start}`);
  await new Quarantine(file).add(shaky);
  expect(await new Quarantine(file).has('d1')).toBe(true);
  expect(existsSync(`${file}.lock`)).toBe(false);
});

test.each([
  ['is not JSON', '{"format": "tenon-quarantine/1", "quar'],
  ['has another format', JSON.stringify({ format: 'tenon-quarantine/9', quarantine: {} })],
])('a file that %s is renamed, with a warning, and a new one is started', async (_, text) => {
  const folder = temporaryFolder();
  const file = join(folder, 'quarantine.json');
  writeFileSync(file, text);
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  expect(await new Quarantine(file).list()).toEqual([]);
  expect(warn).toHaveBeenCalledWith(expect.stringContaining(`in ${file} are damaged`), 'TenonWarning');
  warn.mockRestore();
  const aside = readdirSync(folder).find((name) => name.includes('.damaged-')) ?? '';
  expect(readFileSync(join(folder, aside), 'utf8')).toBe(text);
  await new Quarantine(file).add(shaky);
  expect(await new Quarantine(file).has('d1')).toBe(true);
});

test('the other entries of a file with one damaged entry stay valid', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'quarantine.json');
  await new Quarantine(file).add(shaky);
  writeFileSync(file, readFileSync(file, 'utf8').replace('"quarantine": {', '"quarantine": { "d9": 5,'));
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  expect((await new Quarantine(file).list()).map(({ digest }) => digest)).toEqual(['d1']);
  expect(warn).toHaveBeenCalledOnce();
  warn.mockRestore();
  expect(readdirSync(folder).length).toBe(2);
});

test('the folder of the file is created', async () => {
  const file = join(temporaryFolder(), 'made', 'quarantine.json');
  await new Quarantine(file).add(shaky);
  expect(existsSync(file)).toBe(true);
});

test('an entry that cannot be written is an error, but is valid in this process', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  const quarantine = new Quarantine(join(file, 'quarantine.json'));
  await expect(quarantine.add(shaky)).rejects.toMatchObject({ code: 'ERR_TENON_UNREADABLE' });
  expect(await quarantine.has('d1')).toBe(true);
});

test('an unreadable file is an error that names it, and no plugin passes', async () => {
  const folder = temporaryFolder();
  await expect(new Quarantine(folder).check('d1', '/p')).rejects.toMatchObject({
    code: 'ERR_TENON_UNREADABLE',
    message: expect.stringContaining(folder),
  });
});
