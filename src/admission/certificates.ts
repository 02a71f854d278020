/**
 * Certificates: what the safety suite found out about files, by their digest, in a file that `tenon check --record` writes and a host
 * with the option `requireCheck` reads.
 */
import { JsonStore, type JsonStoreOptions } from '../base/json-store.js';

/** How much the suite checks; each level has everything of the levels before it. */
export const CHECK_LEVELS = ['basic', 'strict', 'torture'] as const;
export type CheckLevel = (typeof CHECK_LEVELS)[number];

/** What the suite came to for one file. */
export interface Certificate {
  /** SHA-256 of the file, hexadecimal. */
  readonly digest: string;
  /** Where the file was, and what its plugin is called; for people. */
  readonly path: string;
  readonly name: string | null;
  readonly level: CheckLevel;
  readonly outcome: 'clean' | 'findings' | 'incomplete';
  /** Which severities counted as failures. */
  readonly failOn: 'error' | 'warning';
  /** Ids of the checks that failed, and of those whose findings the configuration accepted. */
  readonly failed: readonly string[];
  readonly excepted: readonly string[];
  /** The version of the suite, and of the ABI that it checks for. */
  readonly suite: string;
  readonly abi: string;
  readonly seed: number;
  /** ISO 8601. */
  readonly date: string;
}

const FILE: JsonStoreOptions<Certificate> = {
  format: 'tenon-certificates/1',
  name: 'certificates',
  isEntry,
  precious: true,
};

/** The certificates in one file. */
export class Certificates {
  readonly path: string;
  readonly #store: JsonStore<Certificate>;

  constructor(path: string) {
    this.path = path;
    this.#store = new JsonStore(path, FILE);
  }

  /** The certificate of a file; undefined if there is none. @throws TenonError ERR_TENON_UNREADABLE */
  async get(digest: string): Promise<Certificate | undefined> {
    return (await this.#store.read()).get(digest);
  }

  /**
   * Adds certificates. The latest counts, unless it says less of the same: a clean certificate of a lower level does not replace a
   * clean one of a higher level of the same suite.
   * @throws TenonError ERR_TENON_UNREADABLE
   */
  async add(certificates: readonly Certificate[]): Promise<void> {
    await this.#store.update((entries) => {
      for (const certificate of certificates) {
        const known = entries.get(certificate.digest);
        if (known === undefined || !saysMore(known, certificate))
          entries.set(certificate.digest, certificate);
      }
    });
  }
}

/** Whether the level is at least the other one. */
export function reaches(level: CheckLevel, wanted: CheckLevel): boolean {
  return CHECK_LEVELS.indexOf(level) >= CHECK_LEVELS.indexOf(wanted);
}

function saysMore(known: Certificate, next: Certificate): boolean {
  if (known.outcome !== 'clean' || next.outcome !== 'clean' || known.suite !== next.suite) return false;
  const stricter = known.failOn === 'warning' || next.failOn === 'error';
  return known.level !== next.level && reaches(known.level, next.level) && stricter;
}

function isEntry(value: unknown): value is Certificate {
  const { digest, path, level, outcome, suite, abi, date, failOn } = (value ?? {}) as Partial<Certificate>;
  const texts = [digest, path, outcome, suite, abi, date, failOn];
  return texts.every((text) => typeof text === 'string') && CHECK_LEVELS.some((one) => one === level);
}
