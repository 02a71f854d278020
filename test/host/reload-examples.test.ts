/** The example plugins with the kind state: what they have counted survives a reload. */
import { appendFileSync, copyFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { defineKind, type Isolation, method, PluginHost } from '../../src/index.js';
import { readDocument } from '../../src/kinds/document.js';
import { rustModule } from '../../src/kinds/generate/rust.js';
import { compile, extension, pluginFile, root, temporaryFolder, withAddon } from '../support/index.js';
import { hasProcesses } from '../support/processes.js';
import { needs } from '../support/tools.js';

const SOURCE = readFileSync(join(root, 'plugins-c/wordcount.c'), 'utf8');
const DOCUMENT = JSON.parse(readFileSync(join(root, 'examples/kinds/state.kind.json'), 'utf8'));
const TIERS: readonly Isolation[] = [
  'inline',
  ...(withAddon ? (['thread'] as const) : []),
  ...(hasProcesses ? (['process'] as const) : []),
];

const saved = { format: 'u32', data: 'bytes' } as const;
const state = defineKind({
  name: 'state',
  version: '1.0.0',
  methods: { save: method({}, saved), restore: method(saved, {}) },
});

let builds = 0;
/** Compiles a version of wordcount, with changes of its source. */
function wordcount(version: string, changed: (source: string) => string = (source) => source): string {
  const source = changed(SOURCE).replace('"wordcount", "1.0.0"', `"wordcount", "${version}"`);
  return compile(temporaryFolder(), `wordcount${builds++}`, source, [`-I${join(root, 'plugins-c')}`]);
}

async function loaded(file: string, isolation: Isolation) {
  const path = join(temporaryFolder(), `living${extension}`);
  const install = (from: string, more = ''): void => {
    copyFileSync(from, `${path}.new`);
    appendFileSync(`${path}.new`, more);
    renameSync(`${path}.new`, path);
  };
  install(file);
  const host = new PluginHost({ probe: { mode: 'never' } });
  onTestFinished(() => host.close());
  return { plugin: await host.load(path, { isolation }), install };
}

function numbers(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / 8 }, (_, i) => Number(bytes.readBigUInt64LE(8 * i)));
}

describe.each(TIERS)('wordcount in the %s tier', (isolation) => {
  test('keeps its totals over a reload, for each instance', async () => {
    const { plugin, install } = await loaded(wordcount('1.0.0'), isolation);
    expect(plugin.manifest.kinds).toEqual({ state: '1.0.0' });
    const all = await plugin.new({ totals: true });
    const words = await plugin.new({ totals: true, only: 'words', minLength: 3 });
    const each = await plugin.new();
    const count = async (text: string) => [
      numbers(await all.call(Buffer.from(text))),
      numbers(await words.call(Buffer.from(text))),
      numbers(await each.call(Buffer.from(text))),
    ];
    expect(await count('a b\nccc')).toEqual([[1, 3, 7], [1], [1, 3, 7]]);
    expect(await count('dddd')).toEqual([[1, 4, 11], [2], [0, 1, 4]]);
    for (const version of ['1.1.0', '1.2.0']) {
      install(wordcount(version));
      expect(await plugin.reload()).toMatchObject({
        outcome: 'swapped',
        to: { version },
        instances: { moved: 3, fresh: 0 },
      });
    }
    expect(await count('\n')).toEqual([[2, 4, 12], [2], [1, 0, 1]]);
  });

  test('saves without changing anything, and restores what was saved', async () => {
    const { plugin } = await loaded(wordcount('1.0.0'), isolation);
    const [one, other] = [await plugin.new({ totals: true }), await plugin.new({ totals: true })];
    await one.call(Buffer.from('a b'));
    const first = await one.as(state).save();
    expect(await one.as(state).save()).toEqual(first);
    await other.as(state).restore(first);
    for (const instance of [one, other])
      expect(numbers(await instance.call(Buffer.from('c')))).toEqual([0, 3, 4]);
    for (const [wrong, status] of [
      [{ ...first, format: 2 }, 'TENON_UNSUPPORTED'],
      [{ ...first, data: first.data.subarray(1) }, 'TENON_INVALID'],
    ] as const)
      await expect(other.as(state).restore(wrong)).rejects.toMatchObject({ status });
    expect(numbers(await other.call(Buffer.from('')))).toEqual([0, 3, 4]);
  });

  test('a version that does not know the format is refused, and the totals stay', async () => {
    const { plugin, install } = await loaded(wordcount('1.0.0'), isolation);
    const instance = await plugin.new({ totals: true });
    await instance.call(Buffer.from('a b'));
    install(wordcount('2.0.0', (source) => source.replace('STATE_FORMAT = 1', 'STATE_FORMAT = 2')));
    expect(await plugin.reload()).toMatchObject({
      outcome: 'kept',
      error: { message: expect.stringContaining('wordcount knows only format 1') },
    });
    expect(numbers(await instance.call(Buffer.from('c')))).toEqual([0, 3, 4]);
  });
});

describe('metronome-rs', needs('cargo'), () => {
  test('has the module that the generator writes', () => {
    const found = readFileSync(join(root, 'plugins-rust/metronome/src/state_1.rs'), 'utf8');
    expect(found).toBe(rustModule(readDocument(DOCUMENT)));
  });

  // Bytes behind the end of an ELF file make another version with the same code.
  test.runIf(process.platform === 'linux').each(TIERS)(
    'goes on with the number of its next tick in the %s tier',
    async (isolation) => {
      const { plugin, install } = await loaded(pluginFile('metronome-rs'), isolation);
      const config = { interval: 1, count: 3 };
      const ticks = async () => numbers(await metronome.call(Buffer.alloc(0)))[0];
      const metronome = await plugin.new(config);
      await expect.poll(ticks).toBe(3);
      install(pluginFile('metronome-rs'), 'the next version');
      expect(await plugin.reload()).toMatchObject({ outcome: 'swapped', instances: { moved: 1 } });
      expect(await ticks()).toBe(3);
    },
  );
});
