/** The plugin of the thread tier's tests, whose calls take as long as they are told, and ways to run it. */
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

/** The library; a copy is another one to the loader, with counters of its own. */
export function sleeperFile(): string {
  const source = fileURLToPath(new URL('../fixtures/sleeper.c', import.meta.url));
  original ??= compile(compiled, 'sleeper', readFileSync(source, 'utf8'), FLAGS);
  const copy = join(temporaryFolder(), 'sleeper.so');
  copyFileSync(original, copy);
  return copy;
}

/** What it counts, over all instances. */
export interface Counters {
  readonly made: number;
  readonly dropped: number;
  /** Calls and drops on another thread than that of `new`. */
  readonly foreign: number;
  /** Calls that met another one in the same instance. */
  readonly overlapping: number;
  /** Calls at this moment, in all instances. */
  readonly inside: number;
  /** The most that there ever were. */
  readonly most: number;
}

/** An instance under test. */
export interface Sleeper {
  readonly tier: TierInstance;
  readonly act: TierBinding;
  readonly events: Buffer[];
  readonly logs: string[];
  /** Calls with text, gives text. */
  say(command: string): Promise<string>;
}

export interface Sleepers {
  make(options?: ThreadOptions, config?: string): Promise<Sleeper>;
  /** The same plugin on this thread. */
  inline(config?: string): Sleeper;
  counters(): Counters;
  /** Lets go of calls that do not come back. */
  release(): void;
}

/** Makes instances of one fresh copy of the plugin. They are closed, and let go of, when the test ends. */
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
    const one = inline('tell'); // which is not counted
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
 * Runs a program that has `make(options, config)` for instances of the plugin, `SOMETHING`, `Batch`, `sleep(ms)` and
 * `bytes(text)`.
 */
export function runSleepers(body: string, options: Parameters<typeof runNode>[1] = {}): Promise<Ended> {
  return runNode(`${sleeperPrelude()}\n${body}`, options);
}

/** The same as source text, for a worker. */
export function sleeperPrelude(): string {
  const dist = pathToFileURL(join(root, 'dist', '/')).href;
  return `
const load = (file) => import(${JSON.stringify(dist)} + file);
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
const nobody = { message() {}, log() {} };
const bytes = (text) => Buffer.from(text);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const make = async (options = {}, config = '', events = nobody) => {
  const tier = await createThreadInstance(library.vtable(), context, bytes(config), events, options);
  const act = tier.bind(SOMETHING);
  return { tier, act, say: async (command) => (await act.call(bytes(command))).toString() };
};`;
}
