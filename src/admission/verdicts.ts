/** What the probe found, kept by digest, so that a known file need not be probed again. */
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { ABI_VERSION } from '../abi.js';
import { asTenonError } from '../errors.js';

/** A plugin that passed the probe. Files that did not are probed again: what was wrong may lie outside of them. */
export interface Verdict {
  readonly name: string;
  /** The ABI version that it states. */
  readonly version: string;
  /** Size and flags of its vtable. */
  readonly size: number;
  readonly flags: number;
  /** When it passed, ISO 8601. */
  readonly date: string;
}

interface VerdictFile {
  readonly format: string;
  readonly verdicts: Record<string, Verdict>;
}

/** A verdict holds for one ABI, system and processor; a file from elsewhere is started anew. */
const FORMAT = `tenon-verdicts/1 abi ${ABI_VERSION} ${process.platform}-${process.arch}`;
const inMemory = new Map<string, Verdict>();

/** The verdicts of this process and, if a path is given, of a file. */
export class Verdicts {
  readonly #path: string | undefined;
  readonly #kept = new Map<string, Verdict>();
  #loading: Promise<void> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(path?: string) {
    this.#path = path;
  }

  async get(key: string): Promise<Verdict | undefined> {
    const known = inMemory.get(key);
    if (known !== undefined || this.#path === undefined) return known;
    this.#loading ??= this.#load(this.#path);
    await this.#loading;
    return this.#kept.get(key);
  }

  async add(key: string, verdict: Verdict): Promise<void> {
    inMemory.set(key, verdict);
    if (this.#path === undefined) return;
    const path = this.#path;
    this.#loading ??= this.#load(path);
    await this.#loading;
    this.#kept.set(key, verdict);
    this.#writing = this.#writing.then(() => this.#save(path));
    await this.#writing;
  }

  /** A file that is missing or is not ours holds no verdicts; it only costs probes. */
  async #load(path: string): Promise<void> {
    try {
      const file = JSON.parse(await readFile(path, 'utf8')) as Partial<VerdictFile>;
      if (file.format !== FORMAT || typeof file.verdicts !== 'object') return;
      for (const [key, verdict] of Object.entries(file.verdicts)) {
        if (isVerdict(verdict)) this.#kept.set(key, verdict);
      }
    } catch (error) {
      if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot read the verdicts in ${path}`);
    }
  }

  async #save(path: string): Promise<void> {
    await this.#load(path); // another host may have written in the meantime
    const file: VerdictFile = { format: FORMAT, verdicts: Object.fromEntries(this.#kept) };
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      await writeFile(temporary, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
      await rename(temporary, path);
    } catch (error) {
      throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot write the verdicts to ${path}`);
    }
  }
}

function isVerdict(value: Partial<Verdict> | null): value is Verdict {
  return (
    typeof value?.name === 'string' &&
    typeof value.version === 'string' &&
    Number.isInteger(value.size) &&
    Number.isInteger(value.flags)
  );
}
