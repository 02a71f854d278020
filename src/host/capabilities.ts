/** The capabilities of this installation, which depend on the build and on the system. */

import { addonProblem, loadAddon } from '../addon/addon.js';
import { findRunner, runnerProblem } from '../addon/native-files.js';
import { runtimeProblem } from '../base/runtime.js';
import { sharedMemoryProblem } from '../tiers/process/shared-memory/memory.js';
import type { Isolation } from '../tiers/tier.js';

/**
 * The capabilities of this installation, which depend on the build and on the system. See
 * {@link PluginHost.capabilities}.
 */
export interface Capabilities {
  /**
   * Whether the native addon is available. It makes calls, batches and records at full speed; without it,
   * koffi makes the calls.
   */
  readonly addon: boolean;
  /** The reason why the addon cannot be used, as whole sentences; null if it can. */
  readonly addonProblem: string | null;
  /**
   * Whether plugins in the inline tier can emit messages and log entries, which needs the addon. In the
   * process tier they always can.
   */
  readonly events: boolean;
  /**
   * Whether the native runner is available. With it a probe takes milliseconds; without it a Node.js process
   * is the probe.
   */
  readonly runner: boolean;
  /** The reason why there is no native runner, as whole sentences; null if there is one. */
  readonly runnerProblem: string | null;
  /** The tiers in which a plugin can run. */
  readonly isolation: readonly Isolation[];
  /**
   * The transports of the process tier, the fastest first. Shared memory needs the addon, and a system that does
   * not forbid memfd_create and eventfd; a pipe does not.
   */
  readonly transports: readonly Transport[];
}

/** The medium of calls in the process tier. */
export type Transport = 'shared-memory' | 'pipe';

/** Returns the transports that this build and system support, the fastest first. */
export function transports(): readonly Transport[] {
  const all: Transport[] = [];
  if (sharedMemoryProblem() === null) all.push('shared-memory');
  all.push('pipe');
  return all;
}

/** Determines the capabilities of this installation. */
export function capabilities(): Capabilities {
  const addon = loadAddon();
  const runner = findRunner() !== null;
  const isolation: Isolation[] = ['inline'];
  if (addon !== null && runtimeProblem('thread') === null) isolation.push('thread');
  const ways = runner && runtimeProblem('process') === null ? transports() : [];
  if (ways.length > 0) isolation.push('process');
  const hasAddon = addon !== null;
  return {
    addon: hasAddon,
    addonProblem: addonProblem(),
    events: hasAddon,
    runner,
    runnerProblem: runnerProblem(),
    isolation,
    transports: ways,
  };
}
