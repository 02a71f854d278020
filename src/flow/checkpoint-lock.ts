/** The lock of a checkpoint, which has one writer at a time. It ends with its process, however that ends. */
import type { FileHandle } from 'node:fs/promises';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { lockFile } from '../admission/file-lock.js';
import { asTenonError, TenonError } from '../base/errors.js';
import { isGone, ownProcess, pidNamespace } from '../base/process-id.js';

/** The attempts to lock a file that others replace at the same time. */
const ATTEMPTS = 10;

/** The lock of a checkpoint: a file next to it that names the process which writes it. */
export class CheckpointLock {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Locks the checkpoint at a path.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT if another process has it; ERR_TENON_UNREADABLE
   */
  static async take(checkpoint: string): Promise<CheckpointLock> {
    const path = `${checkpoint}.lock`;
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const file = await open(path, 'a+', 0o600);
        const mine = await claim(path, file).catch(async (error: unknown) => {
          await file.close();
          throw error;
        });
        if (mine === true) return new CheckpointLock(path, file);
        await file.close();
        if (mine !== 'replaced') throw taken(checkpoint, mine);
      }
    } catch (error) {
      throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot lock the checkpoint ${checkpoint}`);
    }
    throw taken(checkpoint, 'another process');
  }

  /** Lets others have the checkpoint. */
  async release(): Promise<void> {
    // In this order, no other process can have locked a file that is removed.
    await rm(this.#path, { force: true });
    await this.#file.close();
  }
}

/** Locks an open file. Returns true, the owner, or 'replaced' if the path is another file by now. */
async function claim(path: string, file: FileHandle): Promise<true | string> {
  const locked = lockFile(file.fd, 'exclusive');
  const owner = await readFile(path, 'latin1').catch(() => '');
  if (locked === false) return ownerText(owner);
  if (!(await isAt(path, file))) return 'replaced';
  // If files cannot be locked, the process in the file decides.
  if (locked === null && owner !== '' && !hasEnded(owner)) return ownerText(owner);
  const { pid, start } = ownProcess();
  await file.truncate();
  await file.writeFile(`${pid} ${start} ${pidNamespace()}`);
  return true;
}

async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const [one, other] = [await file.stat(), await stat(path).catch(() => null)];
  return other !== null && one.ino === other.ino && one.dev === other.dev;
}

function hasEnded(owner: string): boolean {
  const [pid = '', start = '0', namespace = ''] = owner.split(' ');
  return namespace === pidNamespace() && isGone({ pid: Number(pid), start });
}

function ownerText(owner: string): string {
  const [pid = ''] = owner.split(' ');
  return /^\d+$/.test(pid) ? `process ${pid}` : 'another process';
}

function taken(checkpoint: string, owner: string): TenonError {
  const message = `Cannot open the checkpoint ${checkpoint}: ${owner} writes it. A checkpoint has one writer: stop that process, or give the flow another name. If no such process exists, delete ${checkpoint}.lock.`;
  return new TenonError('ERR_TENON_INVALID_ARGUMENT', message, { path: checkpoint });
}
