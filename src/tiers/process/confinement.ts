/** What keeps a plugin's process in bounds, the same for the probe and for the runner that comes after it. */
import { createHash } from 'node:crypto';
import type { ProcessLimits } from './settings.js';

/** Limits, sandbox and surroundings of a process that a plugin runs in. */
export interface Confinement {
  readonly limits: ProcessLimits;
  readonly sandbox: boolean | { readonly read?: readonly string[] };
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
}

/** The arguments with which tenon-runner confines itself before it opens anything of a plugin. */
export function confinementArguments(
  limits: ProcessLimits,
  sandbox: Confinement['sandbox'] | undefined = false,
): string[] {
  const wanted = (['memory', 'cpu', 'files'] as const).flatMap((name) => {
    const value = limits[name];
    return value === undefined ? [] : [`--${name}`, String(value)];
  });
  if (sandbox === false) return wanted;
  const read = sandbox === true ? [] : (sandbox.read ?? []);
  return [...wanted, '--sandbox', ...read.flatMap((path) => ['--read', path])];
}

/** Tells one confinement from another: a verdict counts only for the one in which it was made. */
export function confinementKey(confinement: Confinement): string {
  return createHash('sha256').update(JSON.stringify(confinement)).digest('hex').slice(0, 16);
}
