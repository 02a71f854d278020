/** What stays known of a plugin, also after it was closed. */
import type { Admitted, GateTime } from '../admission/admit.js';
import type { LibraryFacts } from '../inspect/facts.js';

/** The facts of one admitted plugin. */
export interface Manifest {
  /** The name that the plugin states. */
  readonly name: string;
  /** Its own version; null if it has no descriptor. */
  readonly version: string | null;
  /** The ABI version that it was built for. */
  readonly abi: string;
  /** Kind name to version: `{ codec: '1.0.0' }`. */
  readonly kinds: Readonly<Record<string, string>>;
  /** As far as the compilers' marks tell. */
  readonly language: LibraryFacts['language'];
  /** SHA-256 of the file, hexadecimal. */
  readonly digest: string;
  /** The real path of the file. */
  readonly path: string;
  /** Bits of `tenon_plugin.flags`. */
  readonly flags: number;
  /** Whether the file has a descriptor. */
  readonly described: boolean;
  /** How long each gate took. */
  readonly gates: readonly GateTime[];
}

export function manifestOf(admitted: Admitted): Manifest {
  const { facts, name, abi, digest, path, flags, gates } = admitted;
  return {
    name,
    version: facts.descriptor?.version ?? null,
    abi,
    kinds: facts.descriptor?.kinds ?? {},
    language: facts.language,
    digest,
    path,
    flags,
    described: facts.descriptor !== null,
    gates,
  };
}
