/** The method table of a kind. It is read with guarded reads from the plugin's memory, once per instance. */
import { METHODS } from '../base/abi.js';
import { TenonError } from '../base/errors.js';
import { hexAddress } from '../library/ffi.js';
import type { PluginContext } from './context.js';

/** The limit on the size of a table. A larger one is treated as garbage. */
const MAX_SIZE = METHODS.header + METHODS.max * METHODS.slot;

/** The method tables of an instance. Each is requested from the plugin only once. */
export class MethodTables {
  readonly #context: PluginContext;
  readonly #extension: (kind: string) => bigint;
  readonly #tables = new Map<string, readonly bigint[] | null>();

  /** Creates the tables. `extension` is the plugin's `get_extension`. */
  constructor(context: PluginContext, extension: (kind: string) => bigint) {
    this.#context = context;
    this.#extension = extension;
  }

  /** Returns the number of methods of the kind; 0 if the plugin does not offer it. */
  count(kind: string): number {
    return this.#table(kind)?.length ?? 0;
  }

  /** Returns the address of a method. @throws TenonError ERR_TENON_MISSING_KIND */
  slot(kind: string, slot: number): bigint {
    const table = this.#table(kind);
    const address = table?.[slot];
    if (address !== undefined) return address;
    const { plugin, path } = this.#context;
    const missing =
      table === null
        ? `does not offer the kind '${kind}'`
        : `has ${table?.length} methods of the kind '${kind}', and none in slot ${slot}`;
    const message = `Plugin ${plugin} ${missing}. Use a kind that its manifest lists, or a newer build of the plugin.`;
    throw new TenonError('ERR_TENON_MISSING_KIND', message, { plugin, path });
  }

  /** Forgets all tables, so that the next use asks the plugin again, which a closed instance refuses. */
  clear(): void {
    this.#tables.clear();
  }

  /** Returns the table of a kind, or null if the plugin does not offer the kind. */
  #table(kind: string): readonly bigint[] | null {
    let table = this.#tables.get(kind);
    if (table === undefined) {
      const address = this.#extension(kind);
      table = address === 0n ? null : readMethodTable(this.#context, kind, address);
      this.#tables.set(kind, table);
    }
    return table;
  }
}

/**
 * Reads the addresses of a table's methods. The table at `address` is not read again.
 * @throws TenonError ERR_TENON_BAD_POINTER, ERR_TENON_BAD_VTABLE
 */
export function readMethodTable(context: PluginContext, kind: string, address: bigint): bigint[] {
  const { memory, plugin, path } = context;
  const what = `The method table '${kind}' of plugin ${plugin}`;
  const at = `is at ${hexAddress(address)}`;
  const bad = (problem: string): TenonError =>
    new TenonError('ERR_TENON_BAD_VTABLE', `${what} ${problem}. Fix the plugin.`, { plugin, path });
  if (address % 8n !== 0n) throw bad(`${at}, which is not aligned to 8 bytes`);
  const read = (length: number, problem: string): Buffer => {
    try {
      return memory.read(address, length, 'the method table');
    } catch (cause) {
      if (!(cause instanceof TenonError) || cause.code !== 'ERR_TENON_BAD_POINTER') throw cause;
      throw new TenonError(cause.code, `${what} ${problem}. Fix the plugin.`, { plugin, path, cause });
    }
  };
  const header = read(METHODS.header, `${at}, which cannot be read`);
  const size = header.readUInt32LE(0);
  const count = header.readUInt32LE(4);
  if (size < METHODS.header || size > MAX_SIZE || count > (size - METHODS.header) / METHODS.slot) {
    const expected = `expected ${METHODS.header} + ${METHODS.slot} × count, with at most ${METHODS.max} methods`;
    throw bad(`states ${size} bytes for ${count} methods, ${expected}`);
  }
  const table = read(METHODS.header + count * METHODS.slot, `${at}, where ${size} bytes cannot be read`);
  return Array.from({ length: count }, (_, slot) => {
    const method = table.readBigUInt64LE(METHODS.header + slot * METHODS.slot);
    if (context.isPluginCode(method)) return method;
    const found =
      method === 0n ? 'is NULL' : `points to ${hexAddress(method)}, which is not code of the plugin`;
    throw bad(`is unusable: its slot ${slot} ${found}`);
  });
}
