/** A version of a plugin: one file, opened in its tier. A reload replaces it by another. */
import type { Manifest } from './manifest.js';
import type { PluginTier } from './plugin-tier.js';

/** A version that is open. */
export interface Version {
  readonly manifest: Manifest;
  readonly tier: PluginTier;
  /** The private copy, which is the file that was loaded. */
  readonly file: string;
  /** Opens the same file once more. */
  again(): Promise<Version>;
  /** Notes that it does not run any more. Called after its tier was closed. */
  release(): Promise<void>;
}

/** A version that passed the gates and is not open yet. */
export interface PreparedVersion {
  readonly manifest: Manifest;
  /** The private copy. */
  readonly file: string;
  /** Opens it. @throws TenonError */
  open(): Promise<Version>;
  /** Gives it up. A copy that nothing runs is removed. */
  drop(): Promise<void>;
}
