/** The status page of a runner on a pipe: `RunnerPage` of `native/channel/pipe_end.h`. */
import type { ProcessFacts } from '../../../addon/process.js';

/** The size of a page in bytes. */
export const PAGE_SIZE = 384;
/** The lowest state of a runner that ends or has ended without being asked to. */
const ENDING_STATE = 4;

const MOST_FRAMES = 24;
const Place = { STATE: 0, PID: 4, ACTIVE: 8, LANDLOCK: 12, CALL: 64, CRASH: 128, FRAMES: 192 } as const;

/** A decoded status page. */
export interface Page extends Pick<ProcessFacts, 'state' | 'pid' | 'active' | 'landlock' | 'crash'> {
  readonly call: ProcessFacts['call'];
  /** Whether the runner announces its end. */
  readonly ending: boolean;
}

/** Decodes a page. `bytes` has PAGE_SIZE bytes with any content. */
export function decodePage(bytes: Buffer): Page {
  const state = bytes.readUInt32LE(Place.STATE);
  return {
    state,
    pid: bytes.readUInt32LE(Place.PID),
    active: bytes.readUInt32LE(Place.ACTIVE),
    landlock: bytes.readUInt32LE(Place.LANDLOCK),
    ending: state >= ENDING_STATE,
    call: callIn(bytes.subarray(Place.CALL)),
    crash: crashIn(bytes),
  };
}

/** The page of a runner that has not sent one yet. */
export const FIRST_PAGE: Page = decodePage(Buffer.alloc(PAGE_SIZE));

function callIn(bytes: Buffer): Page['call'] {
  return {
    stage: bytes.readUInt32LE(0),
    operation: bytes.readUInt32LE(4),
    number: Number(bytes.readBigUInt64LE(8)),
    instance: bytes.readUInt32LE(16),
    method: bytes.readInt32LE(20),
    message: bytes.readUInt32LE(24),
    inputSize: Number(bytes.readBigUInt64LE(40)),
    calls: Number(bytes.readBigUInt64LE(48)),
  };
}

function crashIn(page: Buffer): Page['crash'] {
  const bytes = page.subarray(Place.CRASH);
  if (bytes.readUInt32LE(0) !== 1) return null;
  const count = Math.min(bytes.readUInt32LE(20), MOST_FRAMES);
  return {
    signal: bytes.readInt32LE(4),
    mainThread: bytes.readUInt32LE(16) !== 0,
    address: bytes.readBigUInt64LE(32),
    pc: bytes.readBigUInt64LE(40),
    base: bytes.readBigUInt64LE(56),
    frames: Array.from({ length: count }, (_, i) => page.readBigUInt64LE(Place.FRAMES + 8 * i)),
  };
}
