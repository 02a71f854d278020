/**
 * The line protocol between a host and the process that probes a plugin for it.
 * `native/runner/probe_report.h` is the native side. The process reads file descriptor 4 and writes file
 * descriptor 3. Its standard streams belong to the plugin. Each of its lines begins with the nonce that the
 * host sent; a line without it was written by the plugin.
 */
import type { Slot } from '../base/abi.js';
import { SLOTS } from '../base/abi.js';
import { isRefusalCode, type RefusalCode, STAGES, type Stage } from '../library/refusal.js';

/** The file descriptors of the probing process. */
export const PROBE_OUT = 3;
export const PROBE_IN = 4;

/** A report of the probing process. */
export type ProbeRecord =
  /** Names the next step. If nothing follows, this step is the culprit. */
  | { readonly verb: 'stage'; readonly stage: Stage }
  /** The path of a library that was loaded with the plugin. */
  | { readonly verb: 'loaded'; readonly bytes: Buffer }
  /** The string that `get_version` or `get_name` returned. */
  | { readonly verb: 'version' | 'name'; readonly bytes: Buffer }
  /** The size, flags and slots of the vtable. */
  | { readonly verb: 'vtable'; readonly size: number; readonly flags: number; readonly slots: SlotOffsets }
  /** A gate refused the plugin. Nothing follows. */
  | { readonly verb: 'fail'; readonly code: RefusalCode; readonly problem: string }
  /** All gates passed. Nothing follows. */
  | { readonly verb: 'done' };

/** The addresses of the slots relative to the library's base; 0 for a slot that is NULL. */
export type SlotOffsets = Readonly<Record<Slot, number>>;

/** Returns the first line of the host. The process ends if its parent is not `pid`. */
export function startLine(nonce: string, pid: number): string {
  return `start ${nonce} ${pid}\n`;
}

/** The line with which the host accepts the version. */
export const GO = 'go\n';

/** Formats a record as a line. */
export function formatRecord(nonce: string, record: ProbeRecord): string {
  return `${nonce} ${[record.verb, ...operands(record)].join(' ')}\n`;
}

function operands(record: ProbeRecord): (string | number)[] {
  switch (record.verb) {
    case 'stage':
      return [record.stage];
    case 'loaded':
    case 'version':
    case 'name':
      return [record.bytes.toString('hex')];
    case 'vtable':
      return [record.size, record.flags, ...SLOTS.map((slot) => `0x${record.slots[slot].toString(16)}`)];
    case 'fail':
      return [record.code, Buffer.from(record.problem).toString('hex')];
    case 'done':
      return [];
  }
}

/** Parses a line. Returns null if it is invalid, in which case the plugin must have written it. */
export function parseRecord(line: string, nonce: string): ProbeRecord | null {
  const [mark, verb, ...rest] = line.split(' ');
  const [first, second] = rest;
  if (mark !== nonce) return null;
  switch (verb) {
    case 'stage': {
      const stage = STAGES.find((name) => name === first);
      return stage === undefined ? null : { verb, stage };
    }
    case 'loaded':
    case 'version':
    case 'name':
      return first !== undefined && isHex(first) ? { verb, bytes: Buffer.from(first, 'hex') } : null;
    case 'vtable':
      return parseVTable(rest);
    case 'fail':
      if (first === undefined || second === undefined || !isRefusalCode(first) || !isHex(second)) return null;
      return { verb, code: first, problem: Buffer.from(second, 'hex').toString() };
    case 'done':
      return { verb };
    default:
      return null;
  }
}

function parseVTable(words: readonly string[]): ProbeRecord | null {
  const numbers = words.map(Number);
  const [size, flags, ...slots] = numbers;
  if (size === undefined || flags === undefined || slots.length !== SLOTS.length) return null;
  if (!numbers.every((value) => Number.isSafeInteger(value) && value >= 0)) return null;
  const entries = SLOTS.map((slot, index) => [slot, slots[index]]);
  return { verb: 'vtable', size, flags, slots: Object.fromEntries(entries) as SlotOffsets };
}

function isHex(text: string): boolean {
  return text.length % 2 === 0 && /^[0-9a-f]*$/.test(text);
}

/** The maximum length of a record. A longer line comes from the plugin. */
export const LONGEST_LINE = 64 * 1024;

/** Splits a stream into lines. An overlong line is returned in pieces, which are not valid records. */
export class LineReader {
  #rest = '';

  push(chunk: Buffer): string[] {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LONGEST_LINE) lines.push(this.#rest.slice(0, LONGEST_LINE));
    this.#rest = this.#rest.slice(-LONGEST_LINE);
    return lines;
  }
}
