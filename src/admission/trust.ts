/** Gate `trust`: the users who can write the file, and the digests that the user approved. */

import { type BigIntStats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { asTenonError, invalidArgument, TenonError } from '../base/errors.js';
import { arrayOf, checkKnown, checkString, readOptions } from '../base/options.js';
import { readSmallFile } from '../base/small-file.js';

/** The requirements that a host has for the files that it loads. */
export interface TrustOptions {
  /**
   * Whether to accept files that every user of the system can change, and files in folders that every user
   * can change. Default: false. A folder with the sticky bit, such as /tmp, is accepted, because other users
   * cannot replace files in it. Not checked on Windows.
   */
  readonly othersMayWrite?: boolean;
  /** The accepted owners of files, as user ids. Default: any owner. Refused on Windows. */
  readonly owners?: readonly number[];
  /** The accepted SHA-256 digests of files, 64 hexadecimal digits each. Default: any digest. */
  readonly digests?: readonly string[];
  /**
   * The path of a file with accepted digests, as `sha256sum plugins/*.so > tenon.lock` writes it. Digests of
   * this file and of `digests` are both accepted. Default: any digest.
   */
  readonly lockFile?: string;
}

const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;
const DIGEST = /^[0-9a-f]{64}$/;

/** A trust policy with checked options. */
export class TrustPolicy {
  readonly #options: TrustOptions;
  #locked: Promise<ReadonlySet<string>> | null = null;

  /** Checks the options. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
  constructor(given: TrustOptions = {}) {
    const options = readOptions('trust', given);
    checkKnown('trust', options, ['othersMayWrite', 'owners', 'digests', 'lockFile'], 'trust.');
    const { lockFile, othersMayWrite } = options;
    const owners = optionalArray('trust.owners', options.owners, 'user ids');
    const digests = optionalArray('trust.digests', options.digests, 'SHA-256 digests');
    if (othersMayWrite !== undefined && typeof othersMayWrite !== 'boolean') {
      throw invalidArgument('trust.othersMayWrite', 'must be a boolean');
    }
    if (owners !== undefined && process.platform === 'win32')
      throw invalidArgument('trust.owners', 'is not supported on Windows', ' Leave it out, or use digests.');
    if (owners?.every(isUserId) === false) {
      throw invalidArgument('trust.owners', 'must be an array of user ids');
    }
    if (digests?.every(isDigest) === false) {
      throw invalidArgument(
        'trust.digests',
        'must be an array of SHA-256 digests, 64 hexadecimal digits each',
      );
    }
    if (lockFile !== undefined) checkString('trust.lockFile', lockFile);
    this.#options = { ...options, owners, digests } as TrustOptions;
  }

  /**
   * Checks the owner and modes of the file, and the modes of its folder and of those above it: a user who can
   * write to one of them can replace the file.
   * @throws TenonError ERR_TENON_UNTRUSTED
   */
  async checkModes(path: string, file: BigIntStats): Promise<void> {
    if (process.platform === 'win32') return;
    const { owners, othersMayWrite } = this.#options;
    if (owners !== undefined && !owners.includes(Number(file.uid))) {
      throw untrusted(
        path,
        `it belongs to user ${file.uid}, expected one of ${owners.join(', ') || 'none'}`,
        'Change its owner (chown), or the option trust.owners.',
      );
    }
    if (othersMayWrite) return;
    const advice = 'Remove the permission (chmod o-w), or set the option trust.othersMayWrite.';
    const fileMode = Number(file.mode);
    if (fileMode & OTHERS_WRITE)
      throw untrusted(path, `any user may write to it (mode ${octal(fileMode)})`, advice);
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const { mode } = statSync(folder);
      if (mode & OTHERS_WRITE && !(mode & STICKY))
        throw untrusted(path, `any user may write to its folder ${folder} (mode ${octal(mode)})`, advice);
      if (folder === dirname(folder)) return;
    }
  }

  /** Whether only some digests are accepted. */
  get listsDigests(): boolean {
    return this.#options.digests !== undefined || this.#options.lockFile !== undefined;
  }

  /**
   * Checks the digest of a file.
   * @throws TenonError ERR_TENON_UNTRUSTED
   * @throws TenonError ERR_TENON_UNREADABLE if the lock file cannot be read
   */
  async checkDigest(path: string, digest: string): Promise<void> {
    const { digests, lockFile } = this.#options;
    if (digests === undefined && lockFile === undefined) return;
    this.#locked ??= this.#vouchedFor();
    if ((await this.#locked).has(digest)) return;
    const where =
      lockFile === undefined ? 'the digests of the option trust.digests' : `the lock file ${lockFile}`;
    throw untrusted(
      path,
      `its SHA-256 digest ${digest} is not among ${where}`,
      'Add it if you know where the file comes from.',
    );
  }

  async #vouchedFor(): Promise<ReadonlySet<string>> {
    const { digests = [], lockFile } = this.#options;
    const vouched = new Set(digests.map((hex) => hex.toLowerCase()));
    if (lockFile === undefined) return vouched;
    let text: string;
    try {
      text = await readSmallFile(lockFile);
    } catch (error) {
      throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot read the lock file ${lockFile}`);
    }
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      if (line.trim() === '' || line.startsWith('#')) continue;
      const digest = line.split(/\s/, 1)[0]?.toLowerCase().replace(/^\\/, '') ?? '';
      if (!DIGEST.test(digest)) {
        throw new TenonError(
          'ERR_TENON_UNREADABLE',
          `Line ${index + 1} of the lock file ${lockFile} does not begin with a SHA-256 digest. Write it with sha256sum.`,
          { path: lockFile },
        );
      }
      vouched.add(digest);
    }
    return vouched;
  }
}

function optionalArray(name: string, value: unknown, what: string): unknown[] | undefined {
  return value === undefined ? undefined : arrayOf(name, value, what);
}

function isUserId(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && DIGEST.test(value.toLowerCase());
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

function untrusted(path: string, found: string, advice: string): TenonError {
  return new TenonError('ERR_TENON_UNTRUSTED', `Cannot trust ${path}: ${found}. ${advice}`, {
    path,
    gate: 'trust',
  });
}
