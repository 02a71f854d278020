/** The option --isolation: a tool that runs files of strangers gives them a process of their own where it can. */
import { capabilities } from '../host/capabilities.js';
import type { Isolation } from '../index.js';
import type { OptionSpec } from './options.js';

export const ISOLATION = {
  value: 'TIER',
  words: ['inline', 'thread', 'process'],
  about: "where the plugin runs: 'process' (the default where there is that tier), 'thread' or 'inline'",
} as const satisfies OptionSpec;

export interface ChosenTier {
  readonly isolation: Isolation;
  /** The plugin's code runs in the process of the command. */
  readonly contained: boolean;
  /** Why it is not the process tier although nothing else was asked for; null if it is. */
  readonly fallback: string | null;
}

/** The tier that was asked for, or the safest that this installation has. */
export function tierFor(asked: Isolation | undefined): ChosenTier {
  if (asked !== undefined) return { isolation: asked, contained: asked !== 'process', fallback: null };
  const { isolation: tiers, runner } = capabilities();
  if (tiers.includes('process')) return { isolation: 'process', contained: false, fallback: null };
  const why = runner ? 'this system has no way to talk to it' : 'tenon-runner was not built here';
  return {
    isolation: tiers.includes('thread') ? 'thread' : 'inline',
    contained: true,
    fallback: `there is no process tier, because ${why}`,
  };
}
