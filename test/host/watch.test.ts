/** Watching folders: the events, and what causes none. */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WatchedFiles } from '../../src/host/watch-files.js';
import { PluginHost, type PluginWatch, type TenonError, type WatchOptions } from '../../src/index.js';
import { extension, pluginFile, runNode, temporaryFolder } from '../support/index.js';

const SETTLE = 60;
const echo = pluginFile('echo');
const wordcount = pluginFile('wordcount');
const plugin = (folder: string, name = 'one') => join(folder, `${name}${extension}`);

/** A watch and its events: `added one is echo`, `refused two ERR_…`. */
class Witness {
  readonly events: string[] = [];
  readonly watch: PluginWatch;

  constructor(watch: PluginWatch) {
    this.watch = watch;
    const name = (path: string | undefined) => basename(path ?? '', extension);
    for (const what of ['added', 'changed'] as const)
      watch.on(what, (file) => this.events.push(`${what} ${name(file.path)} is ${file.name}`));
    watch.on('removed', ({ path }) => this.events.push(`removed ${name(path)}`));
    watch.on('refused', ({ path, code }: TenonError) => this.events.push(`refused ${name(path)} ${code}`));
  }

  /** Waits for events, and checks that there were no others before them. */
  async expect(...events: string[]): Promise<void> {
    await expect.poll(() => this.events.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(events.length);
    expect(this.events.splice(0)).toEqual(events);
  }
}

async function watching(folder: string, options: WatchOptions = {}, paths = [folder]) {
  const host = new PluginHost({ paths, probe: { mode: 'never' } });
  onTestFinished(() => host.close());
  return { host, seen: new Witness(await host.watch({ settle: SETTLE, ...options })) };
}

/** Puts a file into its place as installers do. */
function install(from: string, to: string): void {
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

/** Adds a file: when it is reported, everything before it was reported. */
const marker = async (folder: string, seen: Witness) => {
  install(echo, plugin(folder, 'marker'));
  await seen.expect('added marker is echo');
};

describe.each([false, true])('with poll: %s', (poll) => {
  test('added, changed, removed and refused files', async () => {
    const folder = temporaryFolder();
    copyFileSync(echo, plugin(folder));
    const { seen } = await watching(folder, { poll });
    await seen.expect('added one is echo');
    install(wordcount, plugin(folder));
    await seen.expect('changed one is wordcount');
    writeFileSync(plugin(folder, 'two'), 'This is text.');
    await seen.expect('refused two ERR_TENON_NOT_A_LIBRARY');
    rmSync(plugin(folder, 'two'));
    await seen.expect('removed two');
    rmSync(plugin(folder));
    await seen.expect('removed one');
  });
});

describe('without poll', () => {
  test('a file that is written slowly is reported once, when it is complete', async () => {
    const folder = temporaryFolder();
    const { seen } = await watching(folder, { settle: 400 });
    const bytes = readFileSync(echo);
    for (let i = 0; i < 10; i++) {
      const part = bytes.subarray((bytes.length * i) / 10, (bytes.length * (i + 1)) / 10);
      appendFileSync(plugin(folder), part);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await seen.expect('added one is echo');
  });

  test('the same bytes again, a touched file and temporary files are not reported', async () => {
    const folder = temporaryFolder();
    copyFileSync(echo, plugin(folder));
    const { seen } = await watching(folder);
    await seen.expect('added one is echo');
    install(echo, plugin(folder));
    utimesSync(plugin(folder), 1, 1);
    copyFileSync(wordcount, join(folder, `.one${extension}`));
    copyFileSync(wordcount, `${plugin(folder)}.swp`);
    await marker(folder, seen);
  });

  test('a folder that is removed and made again, and one that did not exist at first', async () => {
    const folder = join(temporaryFolder(), 'below', 'plugins');
    const { seen } = await watching(folder);
    mkdirSync(folder, { recursive: true });
    copyFileSync(echo, plugin(folder));
    await seen.expect('added one is echo');
    rmSync(folder, { recursive: true });
    await seen.expect('removed one');
    mkdirSync(folder);
    copyFileSync(wordcount, plugin(folder));
    await seen.expect('added one is wordcount');
  });

  test('a folder that is exchanged by a link to another version', async () => {
    const folder = temporaryFolder();
    for (const [version, file] of [
      ['v1', echo],
      ['v2', wordcount],
    ] as const) {
      mkdirSync(join(folder, version));
      copyFileSync(file, plugin(join(folder, version)));
    }
    const current = join(folder, 'current');
    symlinkSync('v1', current);
    const { seen } = await watching(current);
    await seen.expect('added one is echo');
    symlinkSync('v2', join(folder, 'next'));
    renameSync(join(folder, 'next'), current);
    await seen.expect('changed one is wordcount');
  });

  test('a file that is a link: its target is rewritten, or another folder takes its place', async () => {
    const [folder, store] = [temporaryFolder(), temporaryFolder()];
    for (const [version, file] of [
      ['v1', echo],
      ['v2', wordcount],
    ] as const) {
      mkdirSync(join(store, version));
      copyFileSync(file, plugin(join(store, version)));
    }
    symlinkSync('v1', join(store, 'current'));
    symlinkSync(join(store, 'current', `one${extension}`), plugin(folder));
    const { seen } = await watching(folder);
    await seen.expect('added one is echo');
    install(wordcount, plugin(join(store, 'v1')));
    await seen.expect('changed one is wordcount');
    install(echo, plugin(join(store, 'v2')));
    symlinkSync('v2', join(store, 'next'));
    renameSync(join(store, 'next'), join(store, 'current'));
    await seen.expect('changed one is echo');
  });

  test('a folder that is removed and made again many times, quickly', async () => {
    const folder = join(temporaryFolder(), 'plugins');
    mkdirSync(folder);
    const { seen } = await watching(folder);
    await marker(folder, seen);
    for (let round = 0; round < 5; round++) {
      for (let again = 0; again < 20; again++) {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
      }
      await seen.expect('removed marker');
      await marker(folder, seen);
    }
  });

  test('a file that was refused is new when it is repaired, and changed from then on', async () => {
    const folder = temporaryFolder();
    writeFileSync(plugin(folder), readFileSync(echo).subarray(0, 500));
    const { seen } = await watching(folder);
    await seen.expect('refused one ERR_TENON_NOT_A_LIBRARY');
    install(echo, plugin(folder));
    await seen.expect('added one is echo');
    writeFileSync(plugin(folder), 'This is text.');
    await seen.expect('refused one ERR_TENON_NOT_A_LIBRARY');
    install(wordcount, plugin(folder));
    await seen.expect('changed one is wordcount');
  });

  test('a file is not gone because another one of its name comes first', async () => {
    const [first, second] = [temporaryFolder(), temporaryFolder()];
    copyFileSync(echo, plugin(second));
    const { seen } = await watching(first, {}, [first, second]);
    await seen.expect('added one is echo');
    install(wordcount, plugin(first));
    await seen.expect('added one is wordcount');
    await marker(second, seen);
    rmSync(plugin(second));
    await seen.expect('removed one');
  });

  test('a plugin from another folder is not reported', async () => {
    const [folder, elsewhere] = [temporaryFolder(), temporaryFolder()];
    copyFileSync(echo, plugin(elsewhere));
    const host = new PluginHost({ paths: [folder], probe: { mode: 'never' } });
    onTestFinished(() => host.close());
    await host.load(plugin(elsewhere));
    const seen = new Witness(await host.watch({ settle: SETTLE }));
    install(wordcount, plugin(elsewhere));
    await marker(folder, seen);
  });

  test('another case of the name is another file', async () => {
    const folder = temporaryFolder();
    copyFileSync(echo, plugin(folder, 'one'));
    const { seen } = await watching(folder);
    await seen.expect('added one is echo');
    renameSync(plugin(folder, 'one'), plugin(folder, 'One'));
    await expect.poll(() => seen.events.length, { timeout: 20_000 }).toBe(2);
    expect(seen.events.splice(0).sort()).toEqual(['added One is echo', 'removed one']);
  });

  test('a folder with 1 000 files, of which one is replaced twice quickly', async () => {
    const folder = temporaryFolder();
    for (let i = 0; i < 1000; i++) {
      copyFileSync(echo, plugin(folder, `p${i}`));
      appendFileSync(plugin(folder, `p${i}`), String(i));
    }
    const { seen } = await watching(folder);
    await expect.poll(() => seen.events.length, { timeout: 30_000 }).toBe(1000);
    expect(new Set(seen.events.splice(0)).size).toBe(1000);
    for (const file of [wordcount, echo, wordcount]) install(file, plugin(folder, 'p500'));
    await seen.expect('changed p500 is wordcount');
    await marker(folder, seen);
  });

  test('what is loaded is not new, and plugins of the file are named', async () => {
    const folder = temporaryFolder();
    copyFileSync(echo, plugin(folder));
    const host = new PluginHost({ paths: [folder], probe: { mode: 'never' } });
    onTestFinished(() => host.close());
    const loaded = await host.load('echo');
    expect(loaded.manifest.source).toBe(plugin(folder));
    const watch = await host.watch({ settle: SETTLE });
    const seen = new Witness(watch);
    await marker(folder, seen);
    const changed = new Promise((resolve) => watch.once('changed', ({ plugins }) => resolve(plugins)));
    install(wordcount, plugin(folder));
    expect(await changed).toEqual([loaded]);
    expect((await (await loaded.new()).call(Buffer.from('still'))).toString()).toBe('still');
  });

  test('nothing is reported after close, and the host closes its watches', async () => {
    const folder = temporaryFolder();
    const { host, seen } = await watching(folder);
    const other = await host.watch();
    seen.watch.close();
    expect([seen.watch.closed, other.closed]).toEqual([true, false]);
    await host.close();
    expect(other.closed).toBe(true);
    await expect(host.watch()).rejects.toMatchObject({ code: 'ERR_TENON_CLOSED' });
  });

  test.each([
    [{ settle: 0 }, 'settle'],
    [{ poll: 1 as never }, 'poll'],
    [{ sttle: 1 } as never, 'sttle'],
  ])('%j is refused', async (options, argument) => {
    const host = new PluginHost();
    const refused = { code: 'ERR_TENON_INVALID_ARGUMENT', argument };
    await expect(host.watch(options)).rejects.toMatchObject(refused);
    await host.close();
  });
});

test('looks that come late still read a file twice, with time in between', async () => {
  const [folder, settle] = [temporaryFolder(), 40];
  copyFileSync(echo, plugin(folder));
  const files = new WatchedFiles(settle);
  expect(await files.look([plugin(folder)])).toMatchObject({ changes: [] });
  await delay(2 * settle);
  const late = await files.look([plugin(folder)]);
  expect(late.changes).toEqual([]);
  expect(late.again).not.toBeNull();
  await delay(2 * settle);
  expect(await files.look([plugin(folder)])).toMatchObject({ changes: [{ what: 'added' }], again: null });
});

/** A program whose watched folders have an error, or cannot be watched at all. */
const troubled = (folder: string, trouble: string) => `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const folder = ${JSON.stringify(folder)};
  const { watch: begin } = fs;
  const begun = [];
  fs.watch = (...args) => { ${trouble} };
  syncBuiltinESMExports();
  const host = new tenon.PluginHost({ paths: [folder], probe: { mode: 'never' } });
  const watch = await host.watch({ settle: 50 });
  const install = (name) => {
    fs.copyFileSync(plugins + '/echo' + extension, folder + '/.new');
    fs.renameSync(folder + '/.new', folder + '/' + name + extension);
  };
  const added = () => new Promise((resolve) => watch.once('added', resolve));
  for (const name of ['one', 'two']) {
    for (const watcher of begun.splice(0)) { watcher.close(); watcher.emit('error', new Error('an error of the system')); }
    const seen = added();
    install(name);
    fs.appendFileSync(folder + '/' + name + extension, name);
    console.log((await seen).name);
  }
  await host.close();`;

test.each([
  ['after an error of its watch', 'const watcher = begin(...args); begun.push(watcher); return watcher;'],
  ['that the system does not watch', "throw new Error('ENOSPC: no watch is left');"],
])('a folder %s is looked at regularly', async (_what, trouble) => {
  // It would be looked at once a minute otherwise.
  const ended = await runNode(troubled(temporaryFolder(), trouble), { timeout: 50_000 });
  expect(ended).toMatchObject({ code: 0, stdout: 'echo\necho\n', stderr: '' });
});

test('an open watch keeps the program running until it is closed or unreferenced', async () => {
  const script = (end: string) => `
    const host = new tenon.PluginHost({ paths: [${JSON.stringify(temporaryFolder())}] });
    const watch = await host.watch();
    ${end}
    process.on('exit', () => console.log('ends'));`;
  for (const end of [
    'watch.unref();',
    'watch.unref().ref().unref();',
    'await host.watch({ poll: true }).then((one) => one.unref()); watch.unref();',
    'watch.close();',
    'setTimeout(() => watch.close(), 50);',
  ])
    expect(await runNode(script(end))).toMatchObject({ code: 0, stdout: 'ends\n', stderr: '' });
});
