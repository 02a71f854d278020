import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Demotions } from '../../src/supervision/demotion.js';
import { temporaryFolder } from '../support/index.js';
import { runWith } from './modules.js';

/** Runs a process that arms `plugins` (digest `d-NAME`) in `folder` and then runs `rest`. */
function armed(folder: string, plugins: string[], rest: string) {
  const arm = plugins
    .map((name) => `const ${name} = await demotions.arm('d-${name}', '${name}');`)
    .join('\n');
  const body = `const demotions = new Demotions(${JSON.stringify(folder)});\n${arm}\n${rest}`;
  return runWith('supervision/demotion.js', 'Demotions', body);
}

describe('a process that ends without closing a plugin', () => {
  test('demotes it, once, with the reason', async () => {
    const folder = temporaryFolder();
    const { signal } = await armed(
      folder,
      ['shaky'],
      `process.kill(process.pid, 'SIGSEGV'); setInterval(() => 0, 99);`,
    );
    expect(signal).toBe('SIGSEGV');
    const demotion = await new Demotions(folder).isDemoted('d-shaky');
    expect(demotion).toMatchObject({
      digest: 'd-shaky',
      plugin: 'shaky',
      count: 1,
      reason: expect.stringMatching(
        /^Process \d+ loaded shaky at .* and ended without closing it\. It crashed or was killed from outside\.$/,
      ),
    });
    expect(await new Demotions(folder).isDemoted('d-shaky')).toEqual(demotion);
    expect(await new Demotions(folder).isDemoted('d-other')).toBeUndefined();
    expect(readdirSync(folder)).toEqual(['demotions.json']);
  });

  test('because the plugin itself crashed', async () => {
    const folder = temporaryFolder();
    const { signal } = await armed(
      folder,
      ['shaky'],
      `const host = new tenon.PluginHost();
       const plugin = await host.load(faults + '/process-segfault' + extension);
       (await plugin.new()).callSync(Buffer.from('x'));`,
    );
    expect(signal).toBe('SIGSEGV');
    expect(await new Demotions(folder).isDemoted('d-shaky')).toBeDefined();
  });

  test('is not mixed up with an earlier process of the same PID', async () => {
    const folder = temporaryFolder();
    await armed(folder, ['one'], `process.kill(process.pid, 'SIGKILL'); setInterval(() => 0, 99);`);
    const [name = ''] = readdirSync(folder);
    const marker = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    const start = String(BigInt(marker.process.start) + 1n);
    const other = { ...marker, process: { ...marker.process, start }, digest: 'd-two', plugin: 'two' };
    writeFileSync(
      join(folder, name.replace(`-${marker.process.start}-`, `-${start}-`)),
      JSON.stringify(other),
    );
    const demotions = new Demotions(folder);
    expect((await demotions.isDemoted('d-one'))?.reason).not.toMatch(/two/);
    expect((await demotions.isDemoted('d-two'))?.reason).not.toMatch(/one/);
  });

  test('demotes all loaded plugins, and says that any of them may be the cause', async () => {
    const folder = temporaryFolder();
    await armed(
      folder,
      ['one', 'two', 'three'],
      `three(); process.kill(process.pid, 'SIGKILL'); setInterval(() => 0, 99);`,
    );
    const demotions = new Demotions(folder);
    expect((await demotions.list()).map(({ plugin }) => plugin).sort()).toEqual(['one', 'two']);
    expect((await demotions.isDemoted('d-one'))?.reason).toContain(
      'the cause may be one or another plugin that it had loaded (two)',
    );
    expect(await demotions.clear('d-one')).toBe(1);
    expect(await demotions.isDemoted('d-one')).toBeUndefined();
    expect(await demotions.clear()).toBe(1);
  });

  test('is counted each time', async () => {
    const folder = temporaryFolder();
    for (const count of [1, 2]) {
      await armed(folder, ['shaky'], `process.abort();`);
      expect((await new Demotions(folder).isDemoted('d-shaky'))?.count).toBe(count);
    }
  });
});

describe('a process that ends in order demotes nothing', () => {
  test.each([
    ['when it closes the plugin', 'shaky(); shaky();', { code: 0 }],
    ['when it has no more work', '', { code: 0 }],
    ['with process.exit', 'process.exit(3);', { code: 3 }],
    ['with an exception', `throw new Error('of the program');`, { code: 1 }],
    ['by SIGTERM', `process.kill(process.pid, 'SIGTERM'); setInterval(() => 0, 99);`, { signal: 'SIGTERM' }],
    ['by SIGINT', `process.kill(process.pid, 'SIGINT'); setInterval(() => 0, 99);`, { signal: 'SIGINT' }],
    [
      'by a signal that the program handles',
      `process.on('SIGTERM', () => process.exit(5)); process.kill(process.pid, 'SIGTERM'); setInterval(() => 0, 99);`,
      { code: 5 },
    ],
  ])('%s', async (_, rest, end) => {
    const folder = temporaryFolder();
    expect(await armed(folder, ['shaky'], rest)).toMatchObject(end);
    expect(readdirSync(folder)).toEqual([]);
    expect(await new Demotions(folder).isDemoted('d-shaky')).toBeUndefined();
  });
});

test('a plugin of a process that still runs is not demoted', async () => {
  const folder = temporaryFolder();
  const demotions = new Demotions(folder);
  const disarm = await demotions.arm('d-here', 'here');
  expect(await new Demotions(folder).isDemoted('d-here')).toBeUndefined();
  disarm();
  expect(readdirSync(folder)).toEqual([]);
});

test('a restart of the machine demotes nothing', async () => {
  const folder = temporaryFolder();
  await armed(folder, ['shaky'], 'process.abort();');
  const [name = ''] = readdirSync(folder);
  const marker = JSON.parse(readFileSync(join(folder, name), 'utf8')) as object;
  writeFileSync(join(folder, name), JSON.stringify({ ...marker, boot: 'an earlier one' }));
  expect(await new Demotions(folder).isDemoted('d-shaky')).toBeUndefined();
  expect(readdirSync(folder)).toEqual(['demotions.json']);
});

test('a marker of a zombie process demotes the plugin', async () => {
  const folder = temporaryFolder();
  // The parent never waits for its child: exec replaces the shell by a program that does not know the child. That
  // happens before the child ends, so that the shell itself cannot wait for it.
  const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [first] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(first);
  const marker = {
    process: { pid, start: '0' },
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
    digest: 'd-late',
    plugin: 'late',
    date: new Date().toISOString(),
  };
  writeFileSync(join(folder, `armed-${pid}-0-x.json`), JSON.stringify(marker));
  const stateOf = () => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0];
  while (stateOf() !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await new Demotions(folder).isDemoted('d-late')).toMatchObject({ plugin: 'late' });
  parent.kill('SIGKILL');
});
