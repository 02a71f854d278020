/** The states of a supervised plugin and the transitions between them. */

/**
 * The normal cycle is `stopped` → `starting` → `running` → `stopping` → `stopped`. After a crash the plugin
 * goes from `crashed` to `backing-off` and `starting`, or to `failed`. It leaves `failed` only by an explicit
 * `restart` or `stop`. A failed start is a crash.
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

/** A transition. */
export interface StateChange {
  readonly from: SupervisorState;
  readonly to: SupervisorState;
  /** The number of the latest start of the plugin's process. 0 before the first. */
  readonly generation: number;
}

/** The present state. It allows only the transitions above. */
export class StateMachine {
  #state: SupervisorState = 'stopped';

  get state(): SupervisorState {
    return this.#state;
  }

  /**
   * Changes the state and returns the previous one.
   * @throws Error for a forbidden transition: an internal error
   */
  to(next: SupervisorState): SupervisorState {
    const from = this.#state;
    if (!NEXT[from].includes(next)) throw new Error(`A plugin that is ${from} cannot become ${next}.`);
    this.#state = next;
    return from;
  }
}
