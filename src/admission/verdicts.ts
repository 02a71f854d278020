/** The verdicts of the probe by digest, so that a known file is not probed again. */
import { ABI_VERSION } from '../base/abi.js';
import { JsonStore, type JsonStoreOptions } from '../base/json-store.js';

/**
 * The verdict on a plugin that passed the probe. A file that did not pass is probed again, because the cause
 * may be outside the file.
 */
export interface StoredVerdict {
  readonly name: string;
  /** The ABI version that the plugin states. */
  readonly version: string;
  /** The size of its vtable in bytes. */
  readonly size: number;
  /** The flags of its vtable. */
  readonly flags: number;
  /** The date of the probe, in ISO 8601. */
  readonly date: string;
}

/**
 * The format of the file. A verdict is valid for one ABI, system and processor. A file from elsewhere is
 * discarded, which costs only probes.
 */
const FILE: JsonStoreOptions<StoredVerdict> = {
  format: `tenon-verdicts/1 abi ${ABI_VERSION} ${process.platform}-${process.arch}`,
  name: 'verdicts',
  isEntry: isVerdict,
  precious: false,
};
/** The most verdicts that are kept in memory. A plugin that is rebuilt again and again has a new digest each time. */
const MAX_KNOWN = 4096;
/** The verdicts of this thread, the oldest first. */
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
    inMemory.delete(key);
    inMemory.set(key, verdict);
    const [oldest] = inMemory.keys();
    if (inMemory.size > MAX_KNOWN && oldest !== undefined) inMemory.delete(oldest);
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
