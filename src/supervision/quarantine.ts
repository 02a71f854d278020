/**
 * Files whose plugins crashed too often. Entries are keyed by digest, so a rebuilt file is not quarantined.
 */
import { invalidArgument, TenonError } from '../base/errors.js';
import { JsonStore, type JsonStoreOptions } from '../base/json-store.js';
import { checkString, readOptions } from '../base/options.js';

/** A file in quarantine. */
export interface QuarantineEntry {
  /** SHA-256 of the file, hexadecimal. */
  readonly digest: string;
  /** The plugin's name. */
  readonly name: string;
  /** The path of the file. */
  readonly path: string;
  /** The last error. */
  readonly reason: { readonly code: string; readonly message: string };
  /** The report of the last crash, as JSON. */
  readonly report?: Readonly<Record<string, unknown>>;
  /** The time of the last addition, ISO 8601. */
  readonly date: string;
  /** The number of additions. */
  readonly count: number;
}

/** The data with which a file is added to the quarantine. */
export interface QuarantineReason {
  readonly digest: string;
  readonly name: string;
  readonly path: string;
  /** The error of its calls from now on. */
  readonly error: TenonError;
}

const FILE: JsonStoreOptions<QuarantineEntry> = {
  format: 'tenon-quarantine/1',
  name: 'quarantine',
  isEntry,
  precious: true,
};

/** The quarantine of one host, or of all hosts that share its file. */
export class Quarantine {
  readonly #store: JsonStore<QuarantineEntry> | undefined;
  /** All entries without a file. With a file, the entries that could not be written to it. */
  readonly #kept = new Map<string, QuarantineEntry>();

  /** `file` stores the entries across processes. Without it they last as long as this object. */
  constructor(file?: string) {
    if (file !== undefined) this.#store = new JsonStore(file, FILE);
  }

  /** Returns all entries, the latest first. @throws TenonError ERR_TENON_UNREADABLE */
  async list(): Promise<QuarantineEntry[]> {
    const all = [...(await this.#entries()).values()];
    return all.sort((one, other) => other.date.localeCompare(one.date));
  }

  /** @throws TenonError ERR_TENON_UNREADABLE */
  async has(digest: string): Promise<boolean> {
    return (await this.#entries()).has(checkString('digest', digest));
  }

  /**
   * Checks that a file is not in quarantine.
   * @throws TenonError ERR_TENON_QUARANTINED, ERR_TENON_UNREADABLE
   */
  async check(digest: string, path: string): Promise<void> {
    checkString('digest', digest);
    const entry = (await this.#entries()).get(digest);
    if (entry === undefined) return;
    const { name, date, reason } = entry;
    throw new TenonError(
      'ERR_TENON_QUARANTINED',
      `Cannot load ${path}: it has been in quarantine since ${date}, because ${name} crashed too often: ${reason.message} Repair the plugin (a rebuilt file is not in quarantine), or call host.quarantine.clear('${digest}').`,
      { path, plugin: name },
    );
  }

  /**
   * Adds a file to the quarantine, or increments its count. The entry is valid in this process even if the
   * store cannot be written.
   * @throws TenonError ERR_TENON_UNREADABLE
   */
  async add(reason: QuarantineReason): Promise<void> {
    const { digest, name, path, error } = checkReason(reason);
    const report = error.report === undefined ? undefined : { ...error.report.toJSON() };
    const put = (entries: Map<string, QuarantineEntry>) => {
      entries.set(digest, {
        digest,
        name,
        path,
        reason: { code: error.code, message: error.message },
        ...(report === undefined ? {} : { report }),
        date: new Date().toISOString(),
        count: (entries.get(digest)?.count ?? 0) + 1,
      });
    };
    put(this.#kept);
    if (this.#store === undefined) return;
    await this.#store.update(put);
    this.#kept.delete(digest);
  }

  /**
   * Removes one file or all from the quarantine. Returns the number removed.
   * @throws TenonError ERR_TENON_UNREADABLE
   */
  async clear(digest?: string): Promise<number> {
    if (digest !== undefined) checkString('digest', digest);
    const cleared = new Set<string>();
    const remove = (entries: Map<string, QuarantineEntry>) => {
      for (const key of digest === undefined ? [...entries.keys()] : [digest]) {
        if (entries.delete(key)) cleared.add(key);
      }
    };
    remove(this.#kept);
    await this.#store?.update(remove);
    return cleared.size;
  }

  async #entries(): Promise<ReadonlyMap<string, QuarantineEntry>> {
    const stored = await this.#store?.read();
    if (stored === undefined) return this.#kept;
    return this.#kept.size === 0 ? stored : new Map([...stored, ...this.#kept]);
  }
}

/** Checks what is put into quarantine. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
function checkReason(given: QuarantineReason): QuarantineReason {
  const { digest, name, path, error } = readOptions('reason', given);
  if (!(error instanceof Error) || typeof error.code !== 'string')
    throw invalidArgument('reason.error', 'must be a TenonError');
  checkString('reason.digest', digest);
  return { digest, name: checkString('reason.name', name), path: checkString('reason.path', path), error };
}

function isEntry(value: unknown): value is QuarantineEntry {
  const { digest, name, path, reason, date, count } = (value ?? {}) as Partial<QuarantineEntry>;
  const strings = [digest, name, path, date, reason?.code, reason?.message];
  return strings.every((text) => typeof text === 'string') && Number.isInteger(count);
}
