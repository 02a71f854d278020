/**
 * Registration of a host in the folder of the option `stateDir`, so that `tenon ps` and `tenon stats` find it.
 * A file there records that the host runs, and the address of the socket that answers with its figures. A host
 * that cannot register still works.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { debug } from '../base/diagnostics.js';
import { messageOf } from '../base/errors.js';
import { makeFolderSync } from '../base/make-folder.js';
import {
  findHostFiles,
  type HostFileContent,
  removeHostFile,
  removeSocket,
  rewriteHostFile,
  SOCKET_FOLDER,
  writeHostFile,
} from './host-files.js';
import { StatsServer } from './stats-server.js';

/**
 * The longest path of a socket in bytes, without the terminating NUL. With it, the limit is 104 bytes on macOS
 * and BSD and 108 bytes on Linux.
 */
const LONGEST_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;

/** A registered host. */
export interface Registration {
  /** Removes the file and the socket. Idempotent. */
  close(): void;
}

/** The registrations of this thread. They are closed when the thread ends. */
const open = new Set<Registration>();

/** Closes the registrations of hosts that were collected without having been closed. */
const collected = new FinalizationRegistry<Registration>((registration) => registration.close());

/** Registers a host. Does not keep it alive. Never throws. */
export function register(stateDir: string, host: { stats(): object }): Registration {
  const reference = new WeakRef(host);
  const registration = new HostRegistration(resolve(stateDir), () => reference.deref()?.stats() ?? {});
  collected.register(host, registration, registration);
  return registration;
}

class HostRegistration implements Registration {
  readonly #stats: () => object;
  readonly #token = randomBytes(16).toString('hex');
  readonly #since = new Date().toISOString();
  #path: string | undefined;
  #socket: string | null = null;
  #problem: string | null = null;
  #server: StatsServer | undefined;

  constructor(folder: string, stats: () => object) {
    this.#stats = stats;
    watchForEnd();
    open.add(this);
    try {
      makeFolderSync(folder, 0o700);
      this.#listen(folder);
      this.#path = writeHostFile(folder, this.#content());
      findHostFiles(folder); // Removes the files of processes that have ended.
    } catch (error) {
      this.close();
      warnOfFailure(folder, error);
    }
  }

  close(): void {
    if (!open.delete(this)) return;
    collected.unregister(this);
    this.#server?.close();
    if (this.#path !== undefined) removeHostFile(this.#path);
    if (this.#socket !== null) removeSocket(this.#socket);
  }

  /** Opens the socket. Without it the host is still found, but its figures are not available. */
  #listen(folder: string): void {
    try {
      const path = socketPath(folder);
      this.#socket = path;
      const failed = (error: Error) => this.#withoutSocket(error);
      this.#server = new StatsServer({ path, token: this.#token, stats: this.#stats, failed });
    } catch (error) {
      this.#withoutSocket(error);
    }
  }

  #withoutSocket(error: unknown): void {
    if (this.#socket !== null) removeSocket(this.#socket);
    this.#socket = null;
    this.#problem = messageOf(error);
    debug('this host has no socket for its figures: %s', this.#problem);
    try {
      if (this.#path !== undefined && open.has(this)) rewriteHostFile(this.#path, this.#content());
    } catch (second) {
      debug('%s cannot be written: %s', this.#path, second);
    }
  }

  #content(): HostFileContent {
    return { since: this.#since, socket: this.#socket, token: this.#token, problem: this.#problem };
  }
}

/**
 * Returns a path in the state folder, if other users cannot enter it and the path is short enough; otherwise a
 * path in a new private temporary folder.
 */
function socketPath(folder: string): string {
  const name = `host-${process.pid}-${randomBytes(8).toString('hex')}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\tenon-${name}`;
  const path = join(folder, `${name}.sock`);
  if (isPrivate(folder) && fits(path)) return path;
  for (const base of new Set([tmpdir(), '/tmp'])) {
    const longest = join(base, `${SOCKET_FOLDER}XXXXXX`, 's');
    if (fits(longest)) return join(mkdtempSync(join(base, SOCKET_FOLDER)), 's');
  }
  throw new Error(`no socket fits into ${tmpdir()}: its path is too long`);
}

const fits = (path: string) => Buffer.byteLength(path) <= LONGEST_SOCKET_PATH;

function isPrivate(folder: string): boolean {
  const { uid, mode } = statSync(folder);
  return uid === process.getuid?.() && (mode & 0o077) === 0;
}

function warnOfFailure(folder: string, error: unknown): void {
  const message = `A host cannot register in ${folder}: ${messageOf(error)}. The command tenon ps does not find it.`;
  process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_NOT_REGISTERED' });
}

let watching = false;

function watchForEnd(): void {
  if (watching) return;
  watching = true;
  process.on('exit', () => {
    for (const registration of open) registration.close();
  });
}
