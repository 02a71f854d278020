/** A frame with the rows of another but other bytes in them: what a codec makes. */
import type { BatchResult } from '../base/batch.js';
import type { EventFrame } from './frame.js';
import { FrameBuilder } from './frame-builder.js';

/** Returns a frame of those rows, with the results as bytes. */
export function replaceValues(frame: EventFrame, result: BatchResult, rows: readonly number[]): EventFrame {
  const builder = new FrameBuilder();
  for (const row of rows)
    builder.addFrom(frame, row, result.data.subarray(result.offsets[row], result.offsets[row + 1]));
  const { held, state, wakeNs } = frame;
  return builder.build({ held, state, wakeNs });
}
