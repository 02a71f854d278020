/** Runs the plugin of the thread tier tests, whose calls take as long as their input requests. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, onTestFinished } from 'vitest';
import { inspectFileSync } from '../../../src/inspect/index.js';
import { openLibrary } from '../../../src/library/library.js';
import { memory } from '../../../src/library/memory.js';
import { newTally } from '../../../src/tiers/call-tally.js';
import type { PluginContext } from '../../../src/tiers/context.js';
import { createInlineInstance } from '../../../src/tiers/inline/inline.js';
import { createThreadInstance, type ThreadOptions } from '../../../src/tiers/thread/instance.js';
import { DEFAULT_QUEUE, SOMETHING, type TierBinding, type TierInstance } from '../../../src/tiers/tier.js';
import { compile, type Ended, root, runNode, temporaryFolder } from '../../support/index.js';

const FLAGS = ['-pthread', '-Wall', '-Wextra', '-D_DEFAULT_SOURCE'];
const compiled = mkdtempSync(join(tmpdir(), 'tenon-sleeper-'));
afterAll(() => rmSync(compiled, { recursive: true, force: true }));
let original: string | undefined;

/** Copies the plugin. The loader treats a copy as another library, so its counters start at 0. */
export function sleeperFile(): string {
  const source = fileURLToPath(new URL('../fixtures/sleeper.c', import.meta.url));
  original ??= compile(compiled, 'sleeper', readFileSync(source, 'utf8'), FLAGS);
  const copy = join(temporaryFolder(), 'sleeper.so');
  copyFileSync(original, copy);
  return copy;
}

/** The counters of the plugin, over all its instances. */
export interface Counters {
  readonly made: number;
  readonly dropped: number;
  /** Calls and drops on a different thread than that of `new`. */
  readonly foreign: number;
  /** Calls that overlapped with another call of the same instance. */
  readonly overlapping: number;
  /** Calls that are running now, in all instances. */
  readonly inside: number;
  /** The maximum of `inside`. */
  readonly most: number;
}

/** An instance under test. */
export interface Sleeper {
  readonly tier: TierInstance;
  readonly act: TierBinding;
  readonly events: Buffer[];
  readonly logs: string[];
  /** Calls with a string and returns the result as a string. */
  say(command: string): Promise<string>;
}

export interface Sleepers {
  make(options?: ThreadOptions, config?: string): Promise<Sleeper>;
  /** Creates an instance of the same plugin in the inline tier. */
  inline(config?: string): Sleeper;
  counters(): Counters;
  /** Ends the calls that wait for a release. */
  release(): void;
}

/** Creates instances of one fresh copy of the plugin. They are released and closed when the test ends. */
export function sleepers(): Sleepers {
  const path = sleeperFile();
  const library = openLibrary(path, inspectFileSync(path));
  const vtable = library.vtable();
  const isPluginCode = (address: bigint) => library.isCode(address);
  const context: PluginContext = {
    plugin: 'sleeper',
    path,
    queue: DEFAULT_QUEUE,
    tally: newTally(),
    memory,
    isPluginCode,
  };
  const listen = () => {
    const events: Buffer[] = [];
    const logs: string[] = [];
    const relay = {
      message: (data: Buffer) => void events.push(data),
      log: ({ message }: { message: string }) => void logs.push(message),
    };
    return { events, logs, relay };
  };
  const sleeper = (tier: TierInstance, { events, logs }: ReturnType<typeof listen>): Sleeper => {
    const act = tier.bind(SOMETHING);
    return {
      tier,
      act,
      events,
      logs,
      say: async (command) => (await act.call(Buffer.from(command))).toString(),
    };
  };
  const inline = (config = '') => {
    const heard = listen();
    return sleeper(createInlineInstance(vtable, context, Buffer.from(config), heard.relay), heard);
  };
  const tell = (command: string): string => {
    const one = inline('tell'); // The plugin does not count an instance with this config.
    const answer = one.act.callSync(Buffer.from(command)).toString();
    one.tier.close();
    return answer;
  };
  onTestFinished(() => void tell('r'));
  return {
    async make(options = {}, config = '') {
      const heard = listen();
      const bytes = Buffer.from(config);
      const made = sleeper(await createThreadInstance(vtable, context, bytes, heard.relay, options), heard);
      onTestFinished(async () => {
        tell('r');
        await Promise.allSettled([made.tier.close()]);
      });
      return made;
    },
    inline,
    counters: () => JSON.parse(tell('#')),
    release: () => void tell('r'),
  };
}

/**
 * Runs a program that can use `make(options, config)`, which creates instances of the plugin, and
 * `SOMETHING`, `Batch`, `sleep(ms)` and `bytes(text)`.
 */
export function runSleepers(body: string, options: Parameters<typeof runNode>[1] = {}): Promise<Ended> {
  return runNode(`${sleeperPrelude()}\n${body}`, options);
}

/** Returns the source that defines these names, for a program or a worker. */
export function sleeperPrelude(): string {
  const built = pathToFileURL(join(root, 'build', 'modules', '/')).href;
  return `
const load = (file) => import(${JSON.stringify(built)} + file);
const { inspectFileSync } = await load('inspect/index.js');
const { openLibrary } = await load('library/library.js');
const { memory } = await load('library/memory.js');
const { createThreadInstance } = await load('tiers/thread/instance.js');
const { DEFAULT_QUEUE, SOMETHING } = await load('tiers/tier.js');
const { Batch } = await load('base/batch.js');
const { newTally } = await load('tiers/call-tally.js');
const path = ${JSON.stringify(sleeperFile())};
const library = openLibrary(path, inspectFileSync(path));
const isPluginCode = (address) => library.isCode(address);
const context = { plugin: 'sleeper', path, queue: DEFAULT_QUEUE, tally: newTally(), memory, isPluginCode };
const ignored = { message() {}, log() {} };
const bytes = (text) => Buffer.from(text);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const make = async (options = {}, config = '', events = ignored) => {
  const tier = await createThreadInstance(library.vtable(), context, bytes(config), events, options);
  const act = tier.bind(SOMETHING);
  return { tier, act, say: async (command) => (await act.call(bytes(command))).toString() };
};`;
}
