/**
 * The memory of frames that plugins made and only plugins read. When the last part of the flow is done with such a frame,
 * its memory is used for the next one. Code of users may keep what it sees, so a frame that it sees is left to the garbage
 * collector.
 *
 * A part that passes a frame on passes its use on. A part that uses it besides adds a use, and every part ends its own
 * once. A use that is never ended does no harm: the garbage collector takes the frame.
 */
import { isRecyclable, recycle } from '../base/recycled-memory.js';
import { EventFrame } from './frame.js';

/** The number of uses of each frame whose memory may be used again. */
const uses = new WeakMap<EventFrame, number>();

/** Checks a frame that a plugin returned. The caller has the only use of it. @throws TenonError ERR_TENON_CONTRACT */
export function receivedFrame(bytes: Uint8Array, who: string): EventFrame {
  const frame = new EventFrame(bytes, who);
  if (isRecyclable(frame.bytes)) uses.set(frame, 1);
  return frame;
}

/** Adds a use of a frame. Returns the frame. */
export function useFrame(frame: EventFrame): EventFrame {
  const count = uses.get(frame);
  if (count !== undefined) uses.set(frame, count + 1);
  return frame;
}

/** Ends a use of a frame. After the last one, nothing may read the frame: its columns are empty. */
export function endFrameUse(frame: EventFrame): void {
  const count = uses.get(frame);
  if (count === undefined) return;
  if (count > 1) {
    uses.set(frame, count - 1);
    return;
  }
  uses.delete(frame);
  recycle(frame.bytes);
}

/** Leaves a frame to the garbage collector, because code that may keep it is about to see it. Returns the frame. */
export function keptFrame(frame: EventFrame): EventFrame {
  uses.delete(frame);
  return frame;
}
