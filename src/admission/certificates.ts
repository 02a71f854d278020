/**
 * Certificates: the results of the safety suite for files, by digest. `tenon check --certificates` writes the
 * file, and a host with the option `requireCheck` reads it.
 */
import { JsonStore, type JsonStoreOptions } from '../base/json-store.js';

/** The levels of the safety suite. Each level includes the checks of the levels before it. */
export const CHECK_LEVELS = ['basic', 'strict', 'torture'] as const;
/** A level of the safety suite. Each level includes the checks of the levels before it. */
export type CheckLevel = (typeof CHECK_LEVELS)[number];

/** The overall result of the suite for one file. */
export interface Certificate {
  /** The SHA-256 digest of the file in hexadecimal. */
  readonly digest: string;
  /** The path of the file, for people. */
  readonly path: string;
  /** The name of the plugin, for people; null if it is unknown. */
  readonly name: string | null;
  /** The level that was checked. */
  readonly level: CheckLevel;
  /** `clean`: no failures. `findings`: at least one check failed. `incomplete`: not all checks ran. */
  readonly outcome: 'clean' | 'findings' | 'incomplete';
  /** The lowest severity that counted as a failure. */
  readonly failOn: 'error' | 'warning';
  /** The ids of the checks that failed. */
  readonly failed: readonly string[];
  /** The ids of the checks whose findings the configuration accepted. */
  readonly excepted: readonly string[];
  /** The version of the suite. */
  readonly suite: string;
  /** The version of the ABI that the suite checks for. */
  readonly abi: string;
  /** The seed of the random inputs. */
  readonly seed: number;
  /** The date of the check, in ISO 8601. */
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

  /**
   * Returns the certificate of a file, or undefined if it has none.
   * @throws TenonError ERR_TENON_UNREADABLE
   */
  async get(digest: string): Promise<Certificate | undefined> {
    return (await this.#store.read()).get(digest);
  }

  /**
   * Adds certificates. The latest one replaces an earlier one, except that a clean certificate does not
   * replace a clean certificate of a higher level of the same suite.
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

/** Returns whether the level is at least `wanted`. */
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
