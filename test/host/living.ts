/** Versions of a plugin that a test replaces while it runs. */
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished } from 'vitest';
import {
  type HostOptions,
  type Isolation,
  type LoadOptions,
  PluginHost,
  type ReloadReport,
} from '../../src/index.js';
import { compile, extension, root, temporaryFolder, withAddon } from '../support/index.js';
import { hasProcesses } from '../support/processes.js';

const SOURCE = readFileSync(join(root, 'test/host/fixtures/living.c'), 'utf8');
export const NONE = Buffer.alloc(0);
/** A tier, or the process tier with its other transport. */
export type Place = Isolation | 'pipe';
/** The tiers and transports that this system has. */
export const PLACES: readonly Place[] = [
  'inline',
  ...(withAddon ? (['thread'] as const) : []),
  ...(hasProcesses ? (['process'] as const) : []),
  ...(hasProcesses && withAddon ? (['pipe'] as const) : []),
];
/** Those with a process of the plugin's own. */
export const PROCESSES: readonly Place[] = PLACES.filter((place) => place === 'process' || place === 'pipe');
/** The options that load a plugin there. */
export const at = (place: Place): LoadOptions =>
  place === 'pipe' ? { isolation: 'process', transport: 'pipe' } : { isolation: place };

const builds = new Map<string, string>();
const folder = mkdtempSync(join(tmpdir(), 'tenon-living-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles a version of the plugin, once for all tests of a file. */
export function version(number: string, ...flags: string[]): string {
  const all = [`-DVERSION="${number}"`, ...flags];
  const built = builds.get(all.join(' ')) ?? compile(folder, `living${builds.size}`, SOURCE, all);
  builds.set(all.join(' '), built);
  return built;
}

/** Flags of versions that move their state, and that allow one instance. */
export const STATE = '-DSTATE';
export const SINGLETON = '-DFLAGS=TENON_SINGLETON';

/** A loaded plugin whose file a test replaces. */
export async function living(
  place: Place,
  file: string,
  options: LoadOptions = {},
  hostOptions: HostOptions = {},
) {
  const path = join(temporaryFolder(), `living${extension}`);
  /** Bytes behind the end of an ELF file make another version with the same code. */
  const install = (from: string, more = '') => {
    copyFileSync(from, `${path}.new`);
    appendFileSync(`${path}.new`, more);
    renameSync(`${path}.new`, path);
  };
  install(file);
  const host = new PluginHost({ probe: { mode: 'never' }, ...hostOptions });
  onTestFinished(() => host.close());
  const plugin = await host.load(path, { ...at(place), ...options });
  const reports: ReloadReport[] = [];
  plugin.on('reload', (report) => reports.push(report));
  return { host, plugin, install, reports, path };
}

export const text = async (answer: Promise<Buffer>) => String(await answer);
/** The report on a version that is refused. */
export const refusal = (code: string, says = '') => ({
  outcome: 'kept',
  error: expect.objectContaining({ code, message: expect.stringContaining(says) }),
});
