/**
 * Checkpoints: for each source of a flow, how far its streams are acknowledged. A file is replaced as a whole, so a
 * crash leaves the old one or the new one.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asTenonError, TenonError } from '../base/errors.js';
import { CheckpointLock } from './checkpoint-lock.js';
import { NOWHERE } from './frame.js';

/** The flow and source of a checkpoint. */
export interface CheckpointKey {
  readonly flow: string;
  readonly source: string;
  /** The name of the plugin or class. */
  readonly plugin: string;
  /** The config of the source. */
  readonly config: unknown;
}

const FORMAT = 'tenon-checkpoint-1';
const DIGITS = /^\d{1,20}$/;

/** The checkpoint of one source. At most one process has it open. */
export class Checkpoint {
  readonly path: string;
  readonly #key: CheckpointKey;
  readonly #lock: CheckpointLock;
  readonly #positions = new Map<bigint, bigint>();
  #writing: Promise<void> | undefined;
  #dirty = false;
  #closed = false;
  #writes = 0;

  private constructor(path: string, key: CheckpointKey, lock: CheckpointLock) {
    this.path = path;
    this.#key = key;
    this.#lock = lock;
  }

  /**
   * Opens the checkpoint in a folder, and reads it if it exists.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT if it is of another plugin or config, or another process has it
   * @throws TenonError ERR_TENON_UNREADABLE
   */
  static async open(folder: string, key: CheckpointKey): Promise<Checkpoint> {
    const path = join(folder, key.flow, `${key.source}.checkpoint.json`);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot make the folder of the checkpoint ${path}`);
    }
    const lock = await CheckpointLock.take(path);
    const checkpoint = new Checkpoint(path, key, lock);
    try {
      await checkpoint.#read();
    } catch (error) {
      await lock.release();
      throw error;
    }
    return checkpoint;
  }

  /** The last acknowledged position of each stream. */
  get positions(): ReadonlyMap<bigint, bigint> {
    return this.#positions;
  }

  /** The number of times that it was written. */
  get writes(): number {
    return this.#writes;
  }

  /** Notes that a stream is acknowledged up to a position. */
  set(stream: bigint, position: bigint): void {
    this.#positions.set(stream, position);
    this.#dirty = true;
  }

  /** Forgets a stream. */
  delete(stream: bigint): void {
    if (this.#positions.delete(stream)) this.#dirty = true;
  }

  /** Writes what was noted since the last time. @throws TenonError ERR_TENON_UNREADABLE */
  async write(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (!this.#dirty) return;
    this.#dirty = false;
    this.#writing = this.#save().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  /** Writes the rest, and lets other processes open it. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.write();
    } finally {
      await this.#lock.release();
    }
  }

  async #save(): Promise<void> {
    const { flow, source, plugin, config } = this.#key;
    const streams = Object.fromEntries(
      [...this.#positions].map(([stream, position]) => [stream, `${position}`]),
    );
    const text = `${JSON.stringify({ format: FORMAT, flow, source, plugin, config: digestOf(config), streams })}\n`;
    const temporary = `${this.path}.tmp`;
    try {
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.path);
      this.#writes += 1;
    } catch (error) {
      this.#dirty = true;
      throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot write the checkpoint ${this.path}`);
    }
  }

  async #read(): Promise<void> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot read the checkpoint ${this.path}`);
    }
    const { plugin, config, streams } = this.#parse(text);
    this.#compare('plugin', plugin, this.#key.plugin);
    this.#compare('config', config, digestOf(this.#key.config));
    for (const [stream, position] of Object.entries(streams))
      this.#positions.set(BigInt(stream), BigInt(position));
  }

  #parse(text: string): { plugin: unknown; config: unknown; streams: Record<string, string> } {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw this.#damaged('it is not JSON', cause);
    }
    const { format, plugin, config, streams } = (value ?? {}) as Record<string, unknown>;
    if (format !== FORMAT)
      throw this.#damaged(`its format is ${JSON.stringify(format)}, expected "${FORMAT}"`);
    if (typeof streams !== 'object' || streams === null) throw this.#damaged('it has no streams');
    for (const [stream, position] of Object.entries(streams))
      if (!isNumber(stream) || !isNumber(position))
        throw this.#damaged(`its stream ${JSON.stringify(stream)} is malformed`);
    return { plugin, config, streams: streams as Record<string, string> };
  }

  #damaged(problem: string, cause?: unknown): TenonError {
    const message = `Cannot use the checkpoint ${this.path}: ${problem}. Delete it to begin from the start.`;
    return new TenonError('ERR_TENON_UNREADABLE', message, { path: this.path, cause });
  }

  #compare(what: string, found: unknown, expected: string): void {
    if (found === expected) return;
    const message = `Cannot continue from the checkpoint ${this.path}: it was written for another ${what} (found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}), so its positions mean something else. Restore the ${what}, rename the flow, or delete the file to begin from the start.`;
    throw new TenonError('ERR_TENON_INVALID_ARGUMENT', message, { path: this.path, argument: what });
  }
}

/** Returns whether a value is an unsigned number of 64 bits in decimal digits. */
function isNumber(value: unknown): boolean {
  return typeof value === 'string' && DIGITS.test(value) && BigInt(value) <= NOWHERE;
}

/** Returns the digest of a config, independent of the order of members. */
function digestOf(config: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(config)) ?? '')
    .digest('hex')
    .slice(0, 16);
}

/** Returns a value for JSON.stringify. Of an object that is not plain, for example a client, only the class counts. */
function sorted(value: unknown, path: readonly object[] = []): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return value;
  if (path.includes(value)) return '(circle)';
  const inside = [...path, value];
  if (Array.isArray(value)) return value.map((one) => sorted(one, inside));
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === 'function') return sorted(toJSON.call(value), inside);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return `(${value.constructor?.name})`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member, inside)]));
}
