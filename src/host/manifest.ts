/** The manifest of a plugin, which remains available after the plugin is closed. */
import type { Admitted, GateTime } from '../admission/admit.js';
import type { KindFacts, LibraryFacts } from '../inspect/facts.js';

/** The facts about an admitted plugin. They remain available after the plugin is closed. */
export interface Manifest {
  /** The name that the plugin states. */
  readonly name: string;
  /** The version of the plugin itself; null if it has no descriptor. */
  readonly version: string | null;
  /** The ABI version that the plugin was built for. */
  readonly abi: string;
  /**
   * The kinds of the plugin and their versions, for example `{ codec: '1.0.0' }`. Empty without a descriptor.
   */
  readonly kinds: Readonly<Record<string, string>>;
  /** The facts about these kinds in the file, as far as it has them. */
  readonly kindFacts: readonly KindFacts[];
  /** The language of the plugin, as far as marks of the compiler reveal it. */
  readonly language: LibraryFacts['language'];
  /** The SHA-256 digest of the file in hexadecimal. */
  readonly digest: string;
  /** The real path of the file. */
  readonly path: string;
  /** The path at which the file was found, with links unresolved. The file there may be another version by now. */
  readonly source: string;
  /** The flags of the plugin: bits of `tenon_plugin.flags`. */
  readonly flags: number;
  /** Whether the file has a descriptor. */
  readonly described: boolean;
  /** The duration of each gate, in order. */
  readonly gates: readonly GateTime[];
}

/** Makes the manifest of an admitted plugin that was found at `source`. */
export function manifestOf(admitted: Admitted, source: string): Manifest {
  const { facts, name, abi, digest, path, flags, gates } = admitted;
  return {
    name,
    version: facts.descriptor?.version ?? null,
    abi,
    kinds: facts.descriptor?.kinds ?? {},
    kindFacts: facts.kindFacts,
    language: facts.language,
    digest,
    path,
    source,
    flags,
    described: facts.descriptor !== null,
    gates,
  };
}
