/**
 * Identities of processes. A process id alone is ambiguous because ids are reused, so the start time is part
 * of the identity.
 */
import { readFileSync, readlinkSync } from 'node:fs';

/** The identity of a process, valid even after its end. */
export interface ProcessId {
  /** The process id. */
  readonly pid: number;
  /** The start time in clock ticks since boot; `0` where the system does not report it. */
  readonly start: string;
}

/** Returns the identity of the process that runs this code. */
export function ownProcess(): ProcessId {
  return { pid: process.pid, start: startTime(process.pid) ?? '0' };
}

/**
 * Returns the start time of a process in clock ticks since boot. Returns undefined without /proc, or if the
 * process does not exist.
 */
export function startTime(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/**
 * Returns the id of the process that started a process or adopted it. Returns undefined where that is
 * unknown.
 */
export function parentOf(pid: number): number | undefined {
  const found = statOf(pid)?.[1];
  return found === undefined ? undefined : Number(found);
}

/**
 * Returns whether the process is stopped: by a signal such as SIGSTOP, or by a debugger. Returns false where that is
 * unknown.
 */
export function isStopped(pid: number): boolean {
  const state = statOf(pid)?.[0];
  return state === 'T' || state === 't';
}

/**
 * Returns whether the process has ended. A zombie, which only waits for its parent to collect its exit
 * status, has ended.
 */
export function isGone({ pid, start }: ProcessId): boolean {
  if (!exists(pid)) return true;
  const fields = statOf(pid);
  if (fields === undefined) return false;
  return fields[0] === 'Z' || fields[0] === 'X' || (start !== '0' && fields[19] !== start);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Returns the fields of /proc/PID/stat from the state on. The name before it may contain any character. */
function statOf(pid: number): string[] | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return line.slice(line.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/**
 * Returns the number of the PID namespace of this process, in which alone its id identifies it. Returns `0`
 * where it is unknown.
 */
export function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}
