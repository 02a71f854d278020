/** Processes by what tells them apart for good: the id, and when they started, because ids are used again. */
import { readFileSync } from 'node:fs';

/** A process, also after it has ended. */
export interface ProcessId {
  readonly pid: number;
  /** In clock ticks since boot; `0` where the system does not tell. */
  readonly start: string;
}

/** The process that runs this code. */
export function ownProcess(): ProcessId {
  return { pid: process.pid, start: startTime(process.pid) ?? '0' };
}

/** When a process started, in clock ticks since boot; undefined where there is no /proc or no such process. */
export function startTime(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/** Who started a process, or took it over; undefined where that cannot be known. */
export function parentOf(pid: number): number | undefined {
  const found = statOf(pid)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Whether the process has ended. One that only waits for its parent to ask how it ended (a zombie) has. */
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

/** The fields of /proc/PID/stat from the state on: the name before it may contain anything. */
function statOf(pid: number): string[] | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return line.slice(line.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
