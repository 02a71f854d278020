/** The confinement of a plugin's process. It is the same for the probe and for the runner. */
import { createHash } from 'node:crypto';
import type { ProcessLimits } from './settings.js';

/** The limits, the sandbox and the environment of a process in which a plugin runs. */
export interface Confinement {
  readonly limits: ProcessLimits;
  readonly sandbox: boolean | { readonly read?: readonly string[] };
  /** The complete environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
}

/** Returns the arguments with which tenon-runner confines itself before it opens the plugin. */
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

/**
 * Returns a key that identifies the confinement. A verdict is valid only for the confinement in which it was
 * reached.
 */
export function confinementKey(confinement: Confinement): string {
  return createHash('sha256').update(JSON.stringify(confinement)).digest('hex').slice(0, 16);
}
