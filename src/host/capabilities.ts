/** What this installation can do, depending on what was built and on the system. */

import { addonProblem, loadAddon } from '../addon/addon.js';
import { findRunner } from '../addon/native-files.js';
import type { Isolation } from '../tiers/tier.js';

/** What this installation can do. */
export interface Capabilities {
  /** The native addon is there: calls, batches and records at full speed. Without it koffi makes the calls. */
  readonly addon: boolean;
  /** Why the addon is not there; null if it is. */
  readonly addonProblem: string | null;
  /** Plugins can emit events and log entries inline (needs the addon); in a process of their own they always can. */
  readonly events: boolean;
  /** The native runner is there: a probe takes milliseconds. Without it a Node.js process makes the probe. */
  readonly runner: boolean;
  /** The tiers in which a plugin can run. */
  readonly isolation: readonly Isolation[];
  /** What calls to a process can travel over, the fastest first. Shared memory needs the addon, a pipe does not. */
  readonly transports: readonly Transport[];
}

export type Transport = 'shared-memory' | 'pipe';

export function transports(): readonly Transport[] {
  const all: Transport[] = [];
  if (loadAddon()?.processes !== undefined) all.push('shared-memory');
  if (process.platform !== 'win32') all.push('pipe');
  return all;
}

export function capabilities(): Capabilities {
  const addon = loadAddon();
  const runner = findRunner() !== null;
  const isolation: Isolation[] = ['inline'];
  if (addon !== null) isolation.push('thread');
  const ways = runner ? transports() : [];
  if (ways.length > 0) isolation.push('process');
  const hasAddon = addon !== null;
  return {
    addon: hasAddon,
    addonProblem: addonProblem(),
    events: hasAddon,
    runner,
    isolation,
    transports: ways,
  };
}
