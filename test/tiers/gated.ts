/** The plugin whose functions wait for files, in each tier that does not block its caller. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { type Instance, type LoadOptions, type Plugin, PluginHost } from '../../src/index.js';
import { compile, root, temporaryFolder, withAddon } from '../support/index.js';
import { until } from './process/puppet.js';
import { hasProcesses } from './process/support.js';

const folder = mkdtempSync(join(tmpdir(), 'tenon-gated-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let built: string | undefined;

/** Compiles the plugin. */
export function gatedFile(): string {
  const source = () => readFileSync(join(root, 'test/tiers/fixtures/gated.c'), 'utf8');
  built ??= compile(folder, 'gated', source(), ['-D_DEFAULT_SOURCE', '-pthread']);
  return built;
}

/** A tier with its transport. */
export interface Row {
  readonly name: string;
  readonly options: LoadOptions;
}

const thread: Row = { name: 'the thread tier', options: { isolation: 'thread' } };
const memory: Row = {
  name: 'the process tier over shared memory',
  options: { isolation: 'process', transport: 'shared-memory' },
};
const pipe: Row = {
  name: 'the process tier over a pipe',
  options: { isolation: 'process', transport: 'pipe' },
};

/** The process tier over each transport that this system has. */
export const processRows: readonly Row[] = hasProcesses ? [...(withAddon ? [memory] : []), pipe] : [];
/** All tiers that run calls in the background. */
export const rows: readonly Row[] = [...(withAddon ? [thread] : []), ...processRows];

/** A loaded plugin, and the files with which a test controls it. */
export interface Gated {
  readonly host: PluginHost;
  readonly plugin: Plugin;
  /** The reasons of the ends of its processes. */
  readonly ends: string[];
  /** Returns the path of a file. */
  path(name: string): string;
  /** Creates a file. */
  open(name: string): void;
  /** Waits until a file exists. */
  seen(name: string): Promise<void>;
  /** Makes an instance. Values of the config are names of files. */
  make(config?: Readonly<Record<string, string>>): Promise<Instance>;
  /** Returns an input. Values are names of files, except for `sleeps`. */
  input(values: Readonly<Record<string, string>>): Buffer;
}

/** Loads the plugin into a tier. It is closed when the test ends; calls that still wait are released. */
export async function gated({ options }: Row, more: LoadOptions = {}): Promise<Gated> {
  const files = temporaryFolder();
  const host = new PluginHost();
  const plugin = await host.load(gatedFile(), { ...options, ...more });
  const ends: string[] = [];
  plugin.on('exit', ({ reason }) => ends.push(reason));
  const path = (name: string) => join(files, name);
  const open = (name: string) => writeFileSync(path(name), '');
  const encode = (values: Readonly<Record<string, string>>) =>
    Buffer.from(
      Object.entries(values)
        .map(([key, value]) => `${key}=${key === 'sleeps' ? value : path(value)}`)
        .join(' '),
    );
  onTestFinished(async () => {
    open('gate');
    await host.close();
  });
  return {
    ...{ host, plugin, ends, path, open },
    seen: (name) => until(() => existsSync(path(name))),
    make: (config = {}) => plugin.new(encode(config)),
    input: encode,
  };
}
