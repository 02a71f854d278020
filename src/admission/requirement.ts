/** Gate `trust`, its last part: a host may demand that the safety suite has passed a file. */
import semver from 'semver';
import { invalidArgument, TenonError } from '../base/errors.js';
import { CHECK_LEVELS, type CheckLevel, type CheckRecord, CheckRecords, reaches } from './check-records.js';

/** What a host demands of the suite's records (`tenon check --record FILE`). */
export interface RequireOptions {
  /** The least level at which the file must have passed. */
  readonly level: CheckLevel;
  /** The file with the records. It is read anew when it changes. */
  readonly records: string;
  /** Which versions of the suite count, a semver range. Default: any. */
  readonly suite?: string | undefined;
}

const KNOWN = ['level', 'records', 'suite'];

/** A demand whose options were checked. */
export class Requirement {
  readonly #level: CheckLevel;
  readonly #suite: string | undefined;
  readonly #records: CheckRecords;

  /** @throws TenonError ERR_TENON_INVALID_ARGUMENT */
  constructor(options: RequireOptions) {
    if (typeof options !== 'object' || options === null)
      throw invalidArgument('require', 'must be an object');
    const unknown = Object.keys(options).find((name) => !KNOWN.includes(name));
    if (unknown !== undefined)
      throw invalidArgument(`require.${unknown}`, `is no option (${KNOWN.join(', ')})`);
    const { level, records, suite } = options;
    if (!CHECK_LEVELS.includes(level))
      throw invalidArgument('require.level', `must be one of ${CHECK_LEVELS.join(', ')}`);
    if (typeof records !== 'string' || records === '' || records.includes('\0'))
      throw invalidArgument('require.records', 'must be the path of a file');
    if (suite !== undefined && (typeof suite !== 'string' || semver.validRange(suite) === null))
      throw invalidArgument('require.suite', 'must be a semver range');
    this.#level = level;
    this.#suite = suite;
    this.#records = new CheckRecords(records);
  }

  /** @throws TenonError ERR_TENON_UNTRUSTED, ERR_TENON_UNREADABLE (the file with the records) */
  async check(path: string, digest: string): Promise<void> {
    const problem = this.#problem(await this.#records.get(digest), digest);
    if (problem === null) return;
    const file = this.#records.path;
    const advice = `Run: tenon check ${path} --level ${this.#level} --record ${file}`;
    throw new TenonError('ERR_TENON_UNTRUSTED', `Cannot trust ${path}: ${problem}. ${advice}`, {
      path,
      gate: 'trust',
    });
  }

  #problem(record: CheckRecord | undefined, digest: string): string | null {
    const file = this.#records.path;
    if (record === undefined) return `there is no record of its SHA-256 digest ${digest} in ${file}`;
    const { outcome, level, suite, date, failed } = record;
    if (outcome !== 'clean') {
      const what = failed.length > 0 ? `failed ${failed.slice(0, 5).join(', ')}` : `was ${outcome}`;
      return `its record of ${date} in ${file} says that it ${what}`;
    }
    if (!reaches(level, this.#level))
      return `it passed the checks of level ${level}, expected ${this.#level} (${file}, ${date})`;
    if (this.#suite !== undefined && !semver.satisfies(suite, this.#suite))
      return `it was checked by version ${suite} of the suite, expected ${this.#suite} (${file}, ${date})`;
    return null;
  }
}
