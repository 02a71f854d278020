/** The registry: the flows that run, by name, and the way of events between connectors. */
import { TenonError } from '../base/errors.js';
import type { FlowPlan } from './flow.js';
import type { RunningFlow } from './running-flow.js';

interface Entry {
  readonly plan: FlowPlan;
  /** Undefined while the flow is being deployed. */
  running: RunningFlow | undefined;
}

/** The running flows of a {@link World}. */
export class Registry implements Iterable<RunningFlow> {
  readonly #flows = new Map<string, Entry>();

  /** The names of all flows that run. */
  get names(): string[] {
    return [...this].map(({ name }) => name);
  }

  /** Returns the flow of that name, or undefined. */
  get(name: string): RunningFlow | undefined {
    return this.#flows.get(name)?.running;
  }

  /** Iterates over the flows that run. */
  *[Symbol.iterator](): Generator<RunningFlow, void, undefined> {
    for (const { running } of this.#flows.values()) if (running !== undefined) yield running;
  }

  /**
   * Reserves the name of a flow, and so its checkpoint.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT if it runs, or if events would go round in a circle
   */
  reserve(plan: FlowPlan): void {
    if (this.#flows.has(plan.name))
      throw refused(
        plan,
        'a flow of that name runs, and a checkpoint has one writer. Drain that flow first, or use another name',
      );
    const circle = this.#circle(plan);
    if (circle !== null)
      throw refused(
        plan,
        `events would go round in a circle: ${circle.join(' -> ')}. Break it with another connector`,
      );
    this.#flows.set(plan.name, { plan, running: undefined });
  }

  /** Enters a flow whose name is reserved. */
  enter(flow: RunningFlow): void {
    const entry = this.#flows.get(flow.name);
    if (entry !== undefined) entry.running = flow;
  }

  /** Removes a flow. */
  remove(name: string): void {
    this.#flows.delete(name);
  }

  /** Returns the connectors of a circle that the plan would close, or null. */
  #circle(plan: FlowPlan): string[] | null {
    const next = new Map<string, Set<string>>();
    for (const { source, sinks, errors } of [plan, ...[...this.#flows.values()].map((entry) => entry.plan)]) {
      if (source === null) continue;
      const targets = next.get(source) ?? new Set<string>();
      for (const { name } of sinks) targets.add(name);
      if (errors !== null) targets.add(errors);
      next.set(source, targets);
    }
    const find = (path: readonly string[]): string[] | null => {
      for (const target of next.get(path.at(-1) ?? '') ?? []) {
        if (target === path[0]) return [...path, target];
        if (path.includes(target)) continue;
        const found = find([...path, target]);
        if (found !== null) return found;
      }
      return null;
    };
    return plan.source === null ? null : find([plan.source]);
  }
}

function refused({ name }: FlowPlan, problem: string): TenonError {
  return new TenonError('ERR_TENON_INVALID_ARGUMENT', `Cannot deploy flow ${name}: ${problem}.`, {
    argument: 'flow',
  });
}
