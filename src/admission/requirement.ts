/** The last part of the gate `trust`: a host can require that a file has passed the safety suite. */
import semver from 'semver';
import { invalidArgument, TenonError } from '../base/errors.js';
import { checkKnown, checkOneOf, checkString, readOptions, shown } from '../base/options.js';
import { quoted } from '../base/shell.js';
import { type Certificate, Certificates, CHECK_LEVELS, type CheckLevel, reaches } from './certificates.js';

/**
 * The certificate of the safety suite that a host requires. `tenon check --certificates FILE` writes
 * certificates.
 */
export interface RequireCheckOptions {
  /** The lowest level at which the file must have passed. */
  readonly level: CheckLevel;
  /** The path of the file with the certificates. The file is read again when it changes. */
  readonly certificates: string;
  /** The accepted versions of the suite, as a semver range. Default: any. */
  readonly suite?: string | undefined;
}

/** A requirement with checked options. */
export class Requirement {
  readonly #level: CheckLevel;
  readonly #suite: string | undefined;
  readonly #certificates: Certificates;

  /** Checks the options. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
  constructor(given: RequireCheckOptions) {
    const options = readOptions('requireCheck', given);
    checkKnown('requireCheck', options, ['level', 'certificates', 'suite'], 'requireCheck.');
    const { level, certificates, suite } = options;
    this.#level = checkOneOf('requireCheck.level', level, CHECK_LEVELS);
    this.#certificates = new Certificates(checkString('requireCheck.certificates', certificates));
    if (suite !== undefined && (typeof suite !== 'string' || semver.validRange(suite) === null))
      throw invalidArgument('requireCheck.suite', `must be a semver range, not ${shown(suite)}`);
    this.#suite = suite;
  }

  /**
   * Checks that a file has a sufficient certificate.
   * @throws TenonError ERR_TENON_UNTRUSTED
   * @throws TenonError ERR_TENON_UNREADABLE if the file with the certificates cannot be read
   */
  async check(path: string, digest: string): Promise<void> {
    const problem = this.#problem(await this.#certificates.get(digest), digest);
    if (problem === null) return;
    const file = this.#certificates.path;
    const advice = `Run: ${quoted(['tenon', 'check', path, '--level', this.#level, '--certificates', file])}`;
    throw new TenonError('ERR_TENON_UNTRUSTED', `Cannot trust ${path}: ${problem}. ${advice}`, {
      path,
      gate: 'trust',
    });
  }

  #problem(certificate: Certificate | undefined, digest: string): string | null {
    const file = this.#certificates.path;
    if (certificate === undefined) return `found no certificate for its SHA-256 digest ${digest} in ${file}`;
    const { outcome, level, suite, date, failed } = certificate;
    if (outcome !== 'clean') {
      const what = failed.length > 0 ? `failed ${failed.slice(0, 5).join(', ')}` : `was ${outcome}`;
      return `its certificate of ${date} in ${file} says that it ${what}`;
    }
    if (!reaches(level, this.#level))
      return `it passed the checks of level ${level}, expected ${this.#level} (${file}, ${date})`;
    if (this.#suite !== undefined && !semver.satisfies(suite, this.#suite))
      return `it was checked by version ${suite} of the suite, expected ${this.#suite} (${file}, ${date})`;
    return null;
  }
}
