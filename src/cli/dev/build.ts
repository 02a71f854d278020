/** The types that all kinds of projects share. */

/** The choices of the user for the build. */
export interface BuildOptions {
  readonly release: boolean;
  /** The plugin to use if the project builds several. */
  readonly target: string | undefined;
}

/** A project that builds a plugin. */
export interface Project {
  /** The description for people: `cargo build in /home/me/words`. */
  readonly shown: string;
  /** The folder of the sources. */
  readonly folder: string;
  /** Whether the sources may be in folders below it. */
  readonly deep: boolean;
  /**
   * Builds the plugin. Returns its file, or null if the compiler failed, whose messages were shown, or if the signal
   * was aborted.
   * @throws TenonError if the compiler cannot be started, or built no plugin or several
   */
  build(signal: AbortSignal): Promise<string | null>;
  /** Removes what the project made for itself. */
  close(): void;
}
