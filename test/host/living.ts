/** Versions of a plugin that a test replaces while it runs. */
import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
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
/** The tiers that this system has. */
export const TIERS: readonly Isolation[] = [
  'inline',
  ...(withAddon ? (['thread'] as const) : []),
  ...(hasProcesses ? (['process'] as const) : []),
];

let builds = 0;
/** Compiles a version of the plugin. */
export function version(number: string, ...flags: string[]): string {
  return compile(temporaryFolder(), `living${builds++}`, SOURCE, [`-DVERSION="${number}"`, ...flags]);
}

/** Flags of versions that move their state, and that allow one instance. */
export const STATE = '-DSTATE';
export const SINGLETON = '-DFLAGS=TENON_SINGLETON';

/** A loaded plugin whose file a test replaces. */
export async function living(
  isolation: Isolation,
  file: string,
  options: LoadOptions = {},
  hostOptions: HostOptions = {},
) {
  const path = join(temporaryFolder(), `living${extension}`);
  const install = (from: string) => {
    copyFileSync(from, `${path}.new`);
    renameSync(`${path}.new`, path);
  };
  install(file);
  const host = new PluginHost({ probe: { mode: 'never' }, ...hostOptions });
  onTestFinished(() => host.close());
  const plugin = await host.load(path, { isolation, ...options });
  const reports: ReloadReport[] = [];
  plugin.on('reload', (report) => reports.push(report));
  return { host, plugin, install, reports };
}

export const text = async (answer: Promise<Buffer>) => String(await answer);
/** The report on a version that is refused. */
export const refusal = (code: string, says = '') => ({
  outcome: 'kept',
  error: expect.objectContaining({ code, message: expect.stringContaining(says) }),
});
