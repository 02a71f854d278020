/** Checks of group `flow`: whether connectors and stages keep the contract of `include/tenon_flow.h`. */
import type { CheckDefinition } from '../definition.js';
import type { Subject } from '../subject.js';
import { GENEROUS, QUICK } from './calls-shared.js';

const CONNECTORS = ['source', 'sink'];
const STAGES = ['preprocessor', 'postprocessor'];

export const flowChecks: readonly CheckDefinition[] = [
  {
    id: 'flow/closed',
    title: 'The methods of a source or sink return TENON_CLOSED until connect has succeeded.',
    why: 'After a crash a flow calls a fresh instance. This status is how it notices that, and connects again. With another one, events are lost.',
    fix: 'Keep in the instance whether connect has succeeded, and begin each other method with a test of that.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/methods'],
    method: { type: 'scenario', timeout: QUICK, skip: without(CONNECTORS) },
  },
  {
    id: 'flow/hostile-frames',
    title: 'Methods that take a frame refuse one that breaks the layout, with TENON_INVALID.',
    why: 'A column that leads outside the frame makes the plugin read or give away memory of the host.',
    fix: 'Begin with tenon_frame_read (include/tenon_frame.h) or tenon::flow::Frame, which check the whole frame.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/record-length'],
    method: { type: 'scenario', timeout: GENEROUS, skip: without(['sink', ...STAGES]) },
  },
  {
    id: 'flow/frames',
    title: 'Frames of sources and stages are valid, within the credit, and their positions rise.',
    why: 'A flow checks each frame as a whole and uses nothing of one that is wrong. A source that returns more than its credit makes the flow use more memory than it may.',
    fix: 'Write frames with tenon_frame_write.h or tenon::flow::FrameWriter, and ask tenon_frame_fits before each row.',
    severity: 'error',
    level: 'basic',
    needs: ['calls/methods'],
    method: { type: 'scenario', timeout: QUICK, skip: without(['source', ...STAGES]) },
  },
];

/** Returns why the check does not apply to plugins that have none of these kinds. */
function without(kinds: readonly string[]): (subject: Subject) => string | null {
  return ({ facts }) => {
    const stated = facts.descriptor?.kinds ?? {};
    const has = kinds.some((kind) => stated[kind]?.startsWith('1.') === true);
    return has ? null : `it has none of the kinds ${kinds.map((kind) => `${kind}/1`).join(', ')}`;
  };
}
