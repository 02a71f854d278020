/** The plugin of the tier tests, run inline through the addon or through koffi. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import type { LogLevel } from '../../../src/base/abi.js';
import { inspectFileSync } from '../../../src/inspect/index.js';
import { openLibrary } from '../../../src/library/library.js';
import { memory } from '../../../src/library/memory.js';
import { newTally } from '../../../src/tiers/call-tally.js';
import type { PluginContext } from '../../../src/tiers/context.js';
import { createInlineInstance, createInstance } from '../../../src/tiers/inline/inline.js';
import { koffiBackend } from '../../../src/tiers/inline/koffi-backend.js';
import { DEFAULT_QUEUE, SOMETHING, type TierBinding, type TierInstance } from '../../../src/tiers/tier.js';
import { compile, temporaryFolder, withAddon } from '../../support/index.js';

/** The events and log entries of an instance, in order. */
export interface Heard {
  readonly events: Buffer[];
  readonly logs: { level: LogLevel; message: string }[];
}

/** An instance under test. */
export interface Puppet extends Heard {
  readonly tier: TierInstance;
  readonly act: TierBinding;
  /** Calls with a string and returns the result as a string. */
  say(command: string): string;
}

export interface PuppetOptions {
  readonly config?: string;
  readonly queue?: Partial<PluginContext['queue']>;
  readonly onEvent?: (data: Buffer) => void;
  readonly onLog?: (message: string) => void;
}

const source = (): string =>
  readFileSync(fileURLToPath(new URL('../fixtures/puppet.c', import.meta.url)), 'utf8');

/** The backends to test: koffi, and the addon if the tests may use it. */
export const backends = withAddon ? (['addon', 'koffi'] as const) : (['koffi'] as const);
export type BackendName = (typeof backends)[number];

const FLAGS = ['-pthread', '-Wall', '-Wextra', '-D_DEFAULT_SOURCE'];
const compiled = mkdtempSync(join(tmpdir(), 'tenon-puppet-'));
let original: string | undefined;
afterAll(() => rmSync(compiled, { recursive: true, force: true }));

/** Copies the plugin. The loader treats a copy as another library, so its counters start at 0. */
function freshCopy(): string {
  original ??= compile(compiled, 'puppet', source(), FLAGS);
  const copy = join(temporaryFolder(), basename(original));
  copyFileSync(original, copy);
  return copy;
}

/** Returns a function that creates instances of one fresh copy of the plugin. */
export function puppetFactory(backend: BackendName): (options?: PuppetOptions) => Puppet {
  const path = freshCopy();
  const library = openLibrary(path, inspectFileSync(path));
  const vtable = library.vtable();
  return ({ config = '', queue = {}, onEvent, onLog } = {}) => {
    const heard: Heard = { events: [], logs: [] };
    const context: PluginContext = {
      plugin: 'puppet',
      path,
      queue: { ...DEFAULT_QUEUE, ...queue },
      tally: newTally(),
      memory,
      isPluginCode: (address) => library.isCode(address),
    };
    const events = {
      message: (data: Buffer) => {
        heard.events.push(data);
        onEvent?.(data);
      },
      log: (entry: { level: LogLevel; message: string }) => {
        heard.logs.push(entry);
        onLog?.(entry.message);
      },
    };
    const bytes = Buffer.from(config);
    const tier =
      backend === 'addon'
        ? createInlineInstance(vtable, context, bytes, events)
        : createInstance(koffiBackend(), vtable, context, bytes, events);
    const act = tier.bind(SOMETHING);
    return { ...heard, tier, act, say: (command) => act.callSync(Buffer.from(command)).toString() };
  };
}

/** Waits 5 ms, so that waiting events are delivered. */
export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Waits until the condition is true, up to the time limit of the test. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

export const error = (code: string, details: Record<string, unknown> = {}): unknown =>
  expect.objectContaining({ code, ...details });
