/** The option --isolation. The default is the process tier where it is available, because files may be untrusted. */
import { capabilities } from '../host/capabilities.js';
import type { Isolation } from '../index.js';
import type { OptionSpec } from './options.js';

export const ISOLATION = {
  value: 'TIER',
  words: ['inline', 'thread', 'process'],
  about: "the tier of the plugin: 'process' (the default where it is available), 'thread' or 'inline'",
} as const satisfies OptionSpec;

export interface ChosenTier {
  readonly isolation: Isolation;
  /** Whether the plugin's code runs in the process of the command. */
  readonly contained: boolean;
  /** The reason for another tier than the default; null if the default or the requested tier is used. */
  readonly fallback: string | null;
}

/** Returns the requested tier, or the safest that this installation has. */
export function tierFor(asked: Isolation | undefined): ChosenTier {
  if (asked !== undefined) return { isolation: asked, contained: asked !== 'process', fallback: null };
  const { isolation: tiers, runner } = capabilities();
  if (tiers.includes('process')) return { isolation: 'process', contained: false, fallback: null };
  const why = runner ? 'this system has no channel to it' : 'tenon-runner was not built here';
  return {
    isolation: tiers.includes('thread') ? 'thread' : 'inline',
    contained: true,
    fallback: `there is no process tier, because ${why}`,
  };
}
