/** What this installation can do, depending on what was built and on the system. */
import { findRunner } from './admission/probe.js';
import { addonProblem, loadAddon } from './native.js';
import type { Isolation } from './tiers/tier.js';

/** What this installation can do. */
export interface Capabilities {
  /** The native addon is there: calls, batches and records at full speed. Without it koffi makes the calls. */
  readonly addon: boolean;
  /** Why the addon is not there; null if it is. */
  readonly addonProblem: string | null;
  /** Plugins can emit events and log entries (needs the addon). */
  readonly events: boolean;
  /** The native runner is there: a probe takes milliseconds. Without it a Node.js process makes the probe. */
  readonly runner: boolean;
  /** The tiers in which a plugin can run. */
  readonly isolation: readonly Isolation[];
}

export function capabilities(): Capabilities {
  const addon = loadAddon();
  const runner = findRunner() !== null;
  const isolation: Isolation[] = ['inline'];
  if (addon !== null) isolation.push('thread');
  if (addon?.processes !== undefined && runner) isolation.push('process');
  return { addon: addon !== null, addonProblem: addonProblem(), events: addon !== null, runner, isolation };
}
