/** The plugin of these tests, and both ways to run it. */
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

/** What came out of an instance, in order. */
export interface Heard {
  readonly events: Buffer[];
  readonly logs: { level: LogLevel; message: string }[];
}

/** An instance under test. */
export interface Puppet extends Heard {
  readonly tier: TierInstance;
  readonly act: TierBinding;
  /** Calls with text, returns text. */
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

/** The addon where it may be used, and koffi always. */
export const backends = withAddon ? (['addon', 'koffi'] as const) : (['koffi'] as const);
export type BackendName = (typeof backends)[number];

const FLAGS = ['-pthread', '-Wall', '-Wextra', '-D_DEFAULT_SOURCE'];
const compiled = mkdtempSync(join(tmpdir(), 'tenon-puppet-'));
let original: string | undefined;
afterAll(() => rmSync(compiled, { recursive: true, force: true }));

/** A plugin that nothing was called of yet: a copy is another library to the loader, with counters of its own. */
function freshCopy(): string {
  original ??= compile(compiled, 'puppet', source(), FLAGS);
  const copy = join(temporaryFolder(), basename(original));
  copyFileSync(original, copy);
  return copy;
}

/** Makes instances of one fresh copy of the plugin. */
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

/** Lets waiting events come. */
export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Waits until something is so; the time limit is the test's. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

export const error = (code: string, details: Record<string, unknown> = {}): unknown =>
  expect.objectContaining({ code, ...details });
