/** What a supervised plugin may be doing, and what may come after it. */

/**
 * `stopped` → `starting` → `running` → `stopping` → `stopped`, and `running` → `crashed` → `backing-off` → `starting`, or
 * `failed`, which only an order by hand leaves. A start that does not succeed is a crash.
 */
export type SupervisorState =
  | 'stopped'
  | 'starting'
  | 'running'
  | 'stopping'
  | 'crashed'
  | 'backing-off'
  | 'failed';

const NEXT: Readonly<Record<SupervisorState, readonly SupervisorState[]>> = {
  stopped: ['starting'],
  starting: ['running', 'crashed', 'stopping'],
  running: ['stopping', 'crashed'],
  stopping: ['stopped'],
  crashed: ['backing-off', 'failed'],
  'backing-off': ['starting', 'stopping'],
  failed: ['stopping'],
};

/** One step. */
export interface StateChange {
  readonly from: SupervisorState;
  readonly to: SupervisorState;
  /** The latest start of the plugin's process; 0 before the first. */
  readonly generation: number;
}

/** The state, which only changes in the ways above. */
export class StateMachine {
  #state: SupervisorState = 'stopped';

  get state(): SupervisorState {
    return this.#state;
  }

  /** Takes a step and returns where it began. @throws Error if there is no such step: a fault of tenon */
  to(next: SupervisorState): SupervisorState {
    const from = this.#state;
    if (!NEXT[from].includes(next)) throw new Error(`A plugin that is ${from} cannot become ${next}.`);
    this.#state = next;
    return from;
  }
}
