/** The limits and the parts of the sandbox that are in force in a runner. */

import { Force } from './protocol.js';
import type { RunnerSettings } from './settings.js';

type Name = keyof typeof Force;
const NAMES = Object.keys(Force) as Name[];
/** The measures that every runner should have. On Windows no file is inherited unless a program wants that. */
const ALWAYS: readonly Name[] = [
  'core',
  ...(process.platform === 'win32' ? [] : (['closed-files'] as const)),
  'parent-signal',
  'orphans',
];
const SANDBOX: readonly Name[] = ['no-new-privileges', 'seccomp', 'landlock', 'signal-scope'];

/** Compares the required measures with those in force. `active` are the bits that the runner reported. */
export function enforcedOf(settings: RunnerSettings, active: number): { enforced: Name[]; missing: Name[] } {
  const { limits, sandbox = false } = settings;
  const wanted: Name[] = [...ALWAYS, ...(sandbox === false ? [] : SANDBOX)];
  for (const name of ['memory', 'cpu', 'files'] as const) if (limits[name] !== undefined) wanted.push(name);
  if (limits.memory !== undefined) wanted.push('shared-memory');
  const enforced = NAMES.filter((name) => (active & Force[name]) !== 0);
  return { enforced, missing: wanted.filter((name) => !enforced.includes(name)) };
}
