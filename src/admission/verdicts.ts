/** What the probe found, kept by digest, so that a known file need not be probed again. */
import { ABI_VERSION } from '../base/abi.js';
import { JsonStore, type JsonStoreOptions } from '../base/json-store.js';

/** A plugin that passed the probe. Files that did not are probed again: what was wrong may lie outside of them. */
export interface StoredVerdict {
  readonly name: string;
  /** The ABI version that it states. */
  readonly version: string;
  /** Size and flags of its vtable. */
  readonly size: number;
  readonly flags: number;
  /** When it passed, ISO 8601. */
  readonly date: string;
}

/** A verdict holds for one ABI, system and processor; a file from elsewhere is started anew: it only costs probes. */
const FILE: JsonStoreOptions<StoredVerdict> = {
  format: `tenon-verdicts/1 abi ${ABI_VERSION} ${process.platform}-${process.arch}`,
  name: 'verdicts',
  isEntry: isVerdict,
  precious: false,
};
const inMemory = new Map<string, StoredVerdict>();

/** The verdicts of this process and, if a path is given, of a file. */
export class Verdicts {
  readonly #store: JsonStore<StoredVerdict> | undefined;

  constructor(path?: string) {
    if (path !== undefined) this.#store = new JsonStore(path, FILE);
  }

  async get(key: string): Promise<StoredVerdict | undefined> {
    return inMemory.get(key) ?? (await this.#store?.read())?.get(key);
  }

  async add(key: string, verdict: StoredVerdict): Promise<void> {
    inMemory.set(key, verdict);
    await this.#store?.update((verdicts) => {
      verdicts.set(key, verdict);
    });
  }
}

function isVerdict(value: unknown): value is StoredVerdict {
  const { name, version, size, flags } = (value ?? {}) as Partial<StoredVerdict>;
  return (
    typeof name === 'string' &&
    typeof version === 'string' &&
    Number.isInteger(size) &&
    Number.isInteger(flags)
  );
}
