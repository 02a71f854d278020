/** The guarantee of a flow, judged by the promises of its connectors: the events that a crash of this process may lose. */
import { TenonError } from '../base/errors.js';
import { milliseconds } from '../base/text.js';
import type { Promises } from './contra.js';
import type { FlowPlan } from './flow.js';

/** The guarantee of one flow. Connectors that are not connected at the deployment are judged when they are. */
export class Guarantee {
  readonly #plan: FlowPlan;
  readonly #hasState: boolean;
  readonly #durable = new Map<string, boolean>();
  #source: Required<Promises> | undefined;
  #deployed = false;
  #warned = false;
  #warnedOfCheckpoint = false;

  constructor(plan: FlowPlan, hasState: boolean) {
    this.#plan = plan;
    this.#hasState = hasState;
  }

  /** The source has connected. */
  source(promises: Required<Promises>): void {
    this.#source = promises;
    if (this.#deployed) this.#warn();
  }

  /** A sink has connected. */
  sink(name: string, durable: boolean): void {
    this.#durable.set(name, durable);
    if (this.#deployed) this.#warn();
  }

  /**
   * The flow is deployed: refuses what cannot be guaranteed, and warns of what a crash would lose.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT
   */
  deploy(): void {
    const weak = this.#weak();
    if (weak !== undefined) {
      const message = `Cannot deploy flow ${this.#plan.name}: ${weakness(weak)}. Use a durable sink, or give it required: false and add a durable one${
        this.#source?.remembers === true ? '' : ', or use a world without a state folder'
      }.`;
      throw new TenonError('ERR_TENON_INVALID_ARGUMENT', message, { argument: 'flow' });
    }
    this.#deployed = true;
    this.#warn();
  }

  /** The checkpoint could not be written. It is tried again. */
  checkpointFailed({ message }: TenonError, again: number | null): void {
    if (this.#warnedOfCheckpoint && again !== null) return;
    this.#warnedOfCheckpoint = true;
    const then = again === null ? '' : ` It is tried again every ${milliseconds(again)}.`;
    this.#emit(
      `${message.replace(/\.$/, '')}. After a crash, flow ${this.#plan.name} would repeat what it has acknowledged since.${then}`,
      'TENON_FLOW_CHECKPOINT',
    );
  }

  /** The checkpoint was written. */
  checkpointWritten(): void {
    this.#warnedOfCheckpoint = false;
  }

  /** Returns a required sink whose answers do not mean that a source may forget the events, although it does. */
  #weak(): string | undefined {
    if (this.#source?.replays !== true || !this.#keeps(this.#source)) return undefined;
    return this.#plan.sinks.find(({ name, required }) => required && this.#durable.get(name) === false)?.name;
  }

  #warn(): void {
    const why = this.#source === undefined ? undefined : this.#reason(this.#source);
    if (why === undefined || this.#warned) return;
    this.#warned = true;
    this.#emit(
      `Flow ${this.#plan.name} may lose events that are in flight if this process crashes: ${why}.`,
      'TENON_FLOW_NOT_DURABLE',
    );
  }

  /** Returns whether it is kept how far the source was acknowledged. */
  #keeps({ remembers }: Required<Promises>): boolean {
    return remembers || this.#hasState;
  }

  #reason(source: Required<Promises>): string | undefined {
    if (!source.replays) return `source ${this.#plan.source} cannot replay`;
    if (!this.#keeps(source)) return 'the world has no state folder';
    const weak = this.#weak();
    return weak === undefined ? undefined : weakness(weak);
  }

  #emit(message: string, code: string): void {
    process.emitWarning(message, { type: 'TenonWarning', code });
  }
}

function weakness(sink: string): string {
  return `its source replays what is not acknowledged, and sink ${sink} is not durable: events would be acknowledged that a crash can still lose`;
}
