/** Finds the line of the source that allocates what leaks, from the report of a checker process. */
import { dirname } from 'node:path';
import { explainFault, showFrame } from '../supervision/fault.js';
import type { CheckerRecord } from './report-lines.js';
import { callsOf, placeIn } from './source-lines.js';
import type { Subject } from './subject.js';
import type { Finding } from './verdict.js';

/** Any address that a library may have. The checker reports offsets. */
const BASE = 1n << 20n;
const OFFSET = /^\d{1,15}$/;

export interface LeakSite {
  /** The end of a sentence: `, allocated in call+0x1c (0x116c)`. */
  readonly text: string;
  readonly place: Finding['place'];
}

/** Returns the call that allocates what is left, or null if it is unknown. */
export function leakSiteIn(records: readonly CheckerRecord[], { path }: Subject): LeakSite | null {
  const site = records.find((record) => record.type === 'site');
  if (site?.type !== 'site' || !OFFSET.test(site.offset)) return null;
  // A return address may be the first byte of the next line.
  const pc = BASE + BigInt(site.offset) - 1n;
  const fault = { address: 0n, pc, base: BASE, frames: [], mainThread: true };
  const { frames } = explainFault(fault, null, path, [dirname(path)]);
  const [frame] = frames;
  if (frame === undefined || frame.offset === null) return null;
  return { text: `, allocated in ${showFrame(frame)}`, place: placeIn(callsOf(frames)) };
}
