/** Packed batches as messages: `BatchRequest` and `BatchResponse` of `native/channel/layout.h`. */
import type { BatchResult } from '../../../base/batch.js';
import { batchResult } from '../../binding.js';
import { type BatchProblem, ifMemory } from '../channel.js';
import type { PipeRecord } from './frames.js';

const START = 8;
const WORD = 4;
const PADDING = 16;

/** Encodes a batch. Returns null if the offsets are invalid. */
export function packBatch(offsets: Int32Array, data: Uint8Array): Buffer | null {
  const from = offsets[0] ?? -1;
  const to = offsets[offsets.length - 1] ?? -1;
  if (from < 0 || to < from || to > data.length) return null;
  for (let i = 1; i < offsets.length; i++) {
    if ((offsets[i] as number) < (offsets[i - 1] as number)) return null;
  }
  const start = padded(START + WORD * offsets.length);
  const bytes = Buffer.allocUnsafe(start + to - from).fill(0, 0, start);
  bytes.writeUInt32LE(offsets.length - 1, 0);
  bytes.set(new Uint8Array(offsets.buffer, offsets.byteOffset, offsets.byteLength), START);
  bytes.set(data.subarray(from, to), start);
  return bytes;
}

/** Returns a message of a packed batch, or null if the batch has no such message. */
export function messageIn(bytes: Buffer, index: number): Buffer | null {
  const count = bytes.length < START ? 0 : bytes.readUInt32LE(0);
  const start = padded(START + WORD * (count + 1));
  if (index >= count || start > bytes.length) return null;
  const at = START + WORD * index;
  const [first, from, to] = [bytes.readInt32LE(START), bytes.readInt32LE(at), bytes.readInt32LE(at + WORD)];
  const isInside = first >= 0 && from >= first && to >= from && start + (to - first) <= bytes.length;
  return isInside ? bytes.subarray(start + (from - first), start + (to - first)) : null;
}

/** Decodes the answer to a batch of `count` messages. */
export function unpackBatch(record: PipeRecord, bytes: Buffer, count: number): BatchResult | BatchProblem {
  const result = ifMemory(() => unpack(record, bytes, count) ?? 'invalid');
  return result ?? 'no-memory';
}

function unpack(record: PipeRecord, bytes: Buffer, count: number): BatchResult | null {
  const start = padded(START + WORD * (2 * count + 1));
  if (bytes.length < start || bytes.readUInt32LE(0) !== count) return null;
  const processed = bytes.readUInt32LE(4);
  const offsets = words(bytes, START, count + 1);
  const statuses = words(bytes, START + WORD * (count + 1), count);
  if (processed > count || offsets[0] !== 0) return null;
  for (let i = 1; i <= count; i++) {
    if ((offsets[i] as number) < (offsets[i - 1] as number)) return null;
  }
  const total = offsets[count] as number;
  if (total !== bytes.length - start) return null;
  const end = { outcome: record.status, detail: record.detail, processed, total };
  return batchResult(end, offsets, statuses, (target) => bytes.copy(target, 0, start));
}

function padded(size: number): number {
  return Math.ceil(size / PADDING) * PADDING;
}

/** Copies words, because the bytes may be at an unaligned address. */
function words(bytes: Buffer, at: number, count: number): Int32Array {
  const result = new Int32Array(count);
  new Uint8Array(result.buffer).set(bytes.subarray(at, at + WORD * count));
  return result;
}
