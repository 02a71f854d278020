/**
 * The files by which running hosts are found: `host-PID-START-N.json` in a state folder, one for each host.
 * Hosts write them, and the command `tenon` reads them. Hosts and the command remove a file whose process has
 * ended.
 */
import {
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isGone, ownProcess } from '../base/process-id.js';

const FORMAT = 'tenon-host/1';
const NAME = /^host-(\d+)-(\d+)-\d+\.json$/;
const UNFINISHED = /^host-(\d+)-(\d+)-\d+\.json\.tmp$/;
const UNFINISHED_MS = 60_000;
const UNLISTED = /^host-(\d+)-[\w-]+\.(sock|json)$/;
/** The prefix of the temporary folders for sockets that cannot be in the state folder. */
export const SOCKET_FOLDER = 'tenon-host-';

/** The content of a host's file. */
export interface HostFile {
  readonly format: typeof FORMAT;
  readonly pid: number;
  /** The start of the process in clock ticks since boot; `0` where the system does not report it. */
  readonly start: string;
  /** The namespace of `pid`, in which alone it identifies this process. Empty where the system has none. */
  readonly namespace: string;
  /** The time when the host was created, ISO 8601. */
  readonly since: string;
  /** The script that the process runs, for display only. */
  readonly program: string;
  /** The UNIX socket or named pipe that answers with figures; null if there is none. */
  readonly socket: string | null;
  /** The secret that every request must contain. Only users who can read this file know it. */
  readonly token: string;
  /** The reason why there is no socket; null if there is one. */
  readonly problem: string | null;
}

/** A file and its path. */
export interface FoundHostFile {
  readonly path: string;
  readonly content: HostFile;
}

/** The part of the content that is not about the process. */
export type HostFileContent = Pick<HostFile, 'since' | 'socket' | 'token' | 'problem'>;

/**
 * Writes the file of a new host of this process. Returns its path.
 * @throws Error of the file system
 */
export function writeHostFile(folder: string, content: HostFileContent): string {
  const { pid, start } = ownProcess();
  for (let n = 1; ; n++) {
    const path = join(folder, `host-${pid}-${start}-${n}.json`);
    try {
      writeFileSync(path, textOf(content), { flag: 'wx', mode: 0o600 });
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/**
 * Replaces the content of a file of this process atomically.
 * @throws Error of the file system
 */
export function rewriteHostFile(path: string, content: HostFileContent): void {
  writeFileSync(`${path}.tmp`, textOf(content), { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

function textOf(content: HostFileContent): string {
  const file: HostFile = {
    format: FORMAT,
    ...ownProcess(),
    namespace: namespaceOf(),
    program: process.argv[1] ?? process.title,
    ...content,
  };
  return `${JSON.stringify(file)}\n`;
}

/**
 * Returns the files of all hosts that run, or may run. Removes the files of processes that have ended.
 * @throws Error if the folder does not exist
 */
export function findHostFiles(folder: string): FoundHostFile[] {
  const all = readdirSync(folder);
  for (const name of all) removeUnfinished(join(folder, name), name);
  const names = all.filter((name) => NAME.test(name));
  const found = names.sort().flatMap((name) => {
    const path = join(folder, name);
    const content = readHostFile(path, folder);
    return content === null ? [] : [{ path, content }];
  });
  const running = found.filter(({ content }) => !hasEnded(content));
  for (const host of found) if (!running.includes(host)) removeEndedHost(host);
  removeUnlisted(folder, running);
  return running;
}

/**
 * Removes what processes left that were killed while they registered: sockets that no file lists, and files
 * without content. What running hosts list is not touched, because a process id of another namespace may be
 * unknown here.
 */
function removeUnlisted(folder: string, running: readonly FoundHostFile[]): void {
  const listed = new Set(running.flatMap(({ path, content }) => [path, content.socket]));
  for (const name of readdirSync(folder)) {
    const [, pid, kind] = UNLISTED.exec(name) ?? [];
    const path = join(folder, name);
    if (pid === undefined || listed.has(path) || !isGone({ pid: Number(pid), start: '0' })) continue;
    if (kind === 'sock') removeSocket(path);
    else if (isEmpty(path)) removeHostFile(path);
  }
}

function isEmpty(path: string): boolean {
  try {
    const facts = lstatSync(path);
    return facts.isFile() && facts.size === 0;
  } catch {
    return false;
  }
}

/** Removes a file that a process left when it was killed while it rewrote its file. */
function removeUnfinished(path: string, name: string): void {
  const [, pid, start = '0'] = UNFINISHED.exec(name) ?? [];
  if (pid === undefined || !isGone({ pid: Number(pid), start })) return;
  const found = lstatSync(path, { throwIfNoEntry: false });
  // A process of another PID namespace, whose id says nothing here, is done within moments.
  if (found !== undefined && Date.now() - found.mtimeMs > UNFINISHED_MS) removeHostFile(path);
}

/** Returns whether the process of a host is known to have ended. */
export function hasEnded({ pid, start, namespace }: HostFile): boolean {
  return namespace === namespaceOf() && isGone({ pid, start });
}

/** Returns null if it is not a host's file, or if it belongs neither to this user nor to the folder's owner. */
function readHostFile(path: string, folder: string): HostFile | null {
  try {
    const { uid } = lstatSync(path);
    if (uid !== lstatSync(folder).uid && uid !== process.getuid?.()) return null;
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isHostFile(content) ? content : null;
  } catch {
    return null;
  }
}

function isHostFile(value: unknown): value is HostFile {
  const { format, pid, start, namespace, since, program, socket, token, problem } = (value ??
    {}) as Partial<HostFile>;
  return (
    format === FORMAT &&
    Number.isSafeInteger(pid) &&
    [start, namespace, since, program, token].every((text) => typeof text === 'string') &&
    [socket, problem].every((text) => typeof text === 'string' || text === null)
  );
}

/** Removes the file of a host. Never throws. */
export function removeHostFile(path: string): void {
  remove(() => rmSync(path, { force: true }));
}

/** Removes the socket of a host, and the folder that was made for it. Never throws. */
export function removeSocket(socket: string): void {
  if (process.platform === 'win32') return;
  remove(() => {
    if (lstatSync(socket).isSocket()) rmSync(socket);
  });
  const folder = dirname(socket);
  if (basename(folder).startsWith(SOCKET_FOLDER)) remove(() => rmdirSync(folder));
}

/**
 * Removes the file and the socket of a host whose process has ended. The path of the socket comes from the
 * file, which can be wrong. The socket is therefore removed only if it is in a place that hosts use.
 */
export function removeEndedHost({ path, content: { socket } }: FoundHostFile): void {
  removeHostFile(path);
  if (socket !== null && (isBeside(socket, path) || basename(dirname(socket)).startsWith(SOCKET_FOLDER)))
    removeSocket(socket);
}

/** Returns whether a socket is in the same folder as the file that contains its path. */
export function isBeside(socket: string, path: string): boolean {
  return dirname(socket) === dirname(path);
}

function remove(work: () => void): void {
  try {
    work();
  } catch {
    // It was removed already, or belongs to another user.
  }
}

function namespaceOf(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
