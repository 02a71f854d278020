/**
 * Collects the exit statuses of processes that outlive their worker. Node.js forgets the children of a worker
 * when it ends, so that they would stay defunct until the whole process ends.
 */
import type { ChildProcess } from 'node:child_process';
import { isMainThread } from 'node:worker_threads';
import { loadAddon } from './addon.js';

/** Call before a child is started: a worker can be terminated while it starts one. */
export function prepareToReap(): void {
  if (!isMainThread) loadAddon();
}

/** Ends a child when this worker ends, and collects its exit status. Does nothing on the main thread. */
export function reapAtEnd(child: ChildProcess): void {
  const { pid } = child;
  const addon = isMainThread ? undefined : loadAddon()?.processes;
  if (pid === undefined || addon === undefined) return;
  addon.reapAtEnd(pid);
  child.once('exit', () => addon.reaped(pid));
}
