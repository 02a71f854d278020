/** Failures for lack of a resource of the system. They concern no plugin, and pass by themselves. */
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { TenonError, type TenonErrorDetails } from './errors.js';

const CODE = 'ERR_TENON_NO_RESOURCES';

/** The meaning of each error of the system, and the remedy. */
const LACKS: Readonly<Record<string, string>> = {
  EMFILE: 'this process has as many open files as it may. Close some of them, or raise the limit (ulimit -n)',
  ENFILE: 'the system has as many open files as it may. Close some of them, or raise the limit (fs.file-max)',
  EAGAIN:
    'no more processes or threads are allowed. End some of them, or raise the limit (ulimit -u, pids.max of the control group)',
  ENOMEM: 'the system has no memory for it. End other processes, or raise the memory limit of the container',
  ENOBUFS: 'the system has no memory for its buffers. End other processes',
  ENOSPC: 'the file system is full. Remove files',
  EDQUOT: 'the disk quota is used up. Remove files',
};

/** Returns the name of the error of the system, for example `EAGAIN`, if it is a lack of a resource. */
export function lackIn(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && code in LACKS) return code;
  const { errno: numbers } = constants;
  return Object.keys(LACKS).find(
    (name) => errno !== undefined && numbers[name as keyof typeof numbers] === Math.abs(errno),
  );
}

/** Returns the same for what a runner printed before it loaded its plugin. */
export function lackInText(text: string): string | undefined {
  if (/cannot (create|start) (a process|the thread)/i.test(text)) return 'EAGAIN';
  return /cannot allocate memory|out of memory|bad_alloc/i.test(text) ? 'ENOMEM' : undefined;
}

/** Returns whether the error is about a lack of a resource of the system. */
export function isLack(error: unknown): boolean {
  return error instanceof TenonError && error.code === CODE;
}

/** Returns the error for a lack of a resource. `what` is the beginning of a sentence: `Cannot do this`. */
export function lackError(what: string, name: string, details: TenonErrorDetails): TenonError {
  const why = LACKS[name] ?? 'the system lacks a resource';
  return new TenonError(CODE, `${what} now: ${why}. The plugin is not at fault (${name}).`, details);
}

/** Returns an error of the system for a call that Node.js did not make. */
export function systemLack(code: string, call: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${call} failed`), { code, syscall: call });
}

/** The number of descriptors that this process needs for a moment to start another one. */
const FOR_A_START = 12;

/**
 * Checks that this process can have enough descriptors to start another one. If Node.js runs out of them in the
 * middle of a start, it never closes those that it has opened.
 * @throws the error of the system
 */
export function requireDescriptors(): void {
  const taken: number[] = [];
  try {
    for (let i = 0; i < FOR_A_START; i++) taken.push(openSync('/', 'r'));
  } catch (error) {
    if (lackIn(error) !== undefined) throw error;
  } finally {
    for (const file of taken) closeSync(file);
  }
}
