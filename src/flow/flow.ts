/** Describes flows: where events come from, what becomes of them, and where they go. */
import { invalidArgument } from '../base/errors.js';
import {
  checkBoolean,
  checkCount,
  checkKnown,
  checkMilliseconds,
  checkOneOf,
  isObject,
  readOptions,
  shown,
} from '../base/options.js';
import type { StageFunction } from './connector.js';
import { checkName, type StageReference } from './definitions.js';

/** The options of {@link Flow.from}. */
export interface FromOptions {
  /** The most events that are in flight. While there are as many, nothing is pulled. */
  readonly inFlight?: {
    /** The number of events. Default 100 000. */
    readonly rows?: number;
    /** The bytes of their frames. Default 64 MiB. */
    readonly bytes?: number;
  };
}

/** The options of {@link Flow.to}. */
export interface ToOptions {
  /**
   * Whether an event has ended only when this sink has it. A sink that is not required has a buffer of its own, so it
   * delays nothing. Default true.
   */
  readonly required?: boolean;
  /** Milliseconds until the sink must have answered. Then the rows are written again. Default 30 000. */
  readonly ackTimeout?: number;
  /** The number of times that rows are written which fail with TENON_FAILED, before they are given up. Default 5. */
  readonly attempts?: number;
  /** The buffer of a sink that is not required. */
  readonly buffer?: {
    /** The most events that wait. Default 10 000. */
    readonly rows?: number;
    /** The fate of an event for which there is no room. Only `drop`, which is the default. */
    readonly whenFull?: 'drop';
  };
}

/** A sink of a flow. */
export interface SinkPlan {
  readonly name: string;
  readonly required: boolean;
  readonly ackTimeout: number;
  readonly attempts: number;
  readonly bufferRows: number;
}

/** A stage of a flow. */
export type PipeStage = string | StageReference | StageFunction;

/** The content of a description. */
export interface FlowPlan {
  readonly name: string;
  readonly source: string | null;
  readonly inFlight: { readonly rows: number; readonly bytes: number };
  readonly pipe: readonly PipeStage[];
  readonly sinks: readonly SinkPlan[];
  readonly errors: string | null;
}

let planOf: (flow: Flow) => FlowPlan;

/** Returns what a flow does. @throws TenonError ERR_TENON_INVALID_ARGUMENT if it is not made by {@link flow} */
export function readPlan(value: unknown): FlowPlan {
  if (value instanceof Flow) return planOf(value);
  throw invalidArgument('flow', `must be made by flow(…), not ${shown(value)}`);
}

/**
 * A description of a flow. Each method returns another description, so that they can be chained. {@link flow} makes
 * the first.
 */
export class Flow {
  readonly #plan: FlowPlan;

  static {
    planOf = (flow) => flow.#plan;
  }

  /** Makes a description. Use {@link flow}. */
  constructor(plan: FlowPlan) {
    this.#plan = plan;
  }

  /** The name of the flow. */
  get name(): string {
    return this.#plan.name;
  }

  /** Sets the source: the name of a definition. */
  from(source: string, options: FromOptions = {}): Flow {
    const { inFlight = {} } = known('from', options, ['inFlight']);
    const { rows = 100_000, bytes = 64 * 1024 * 1024 } = known(
      'from',
      inFlight,
      ['rows', 'bytes'],
      'inFlight.',
    );
    return this.#with({
      source: checkName('source', source),
      inFlight: { rows: checkCount('inFlight.rows', rows), bytes: checkCount('inFlight.bytes', bytes) },
    });
  }

  /** Appends a stage: a function of a frame, or a plugin of the kind `preprocessor/1`. */
  pipe(stage: PipeStage): Flow {
    if (typeof stage !== 'function' && typeof stage !== 'string' && !isObject(stage))
      throw invalidArgument(
        'stage',
        `must be a function, the name of a plugin or an object, not ${shown(stage)}`,
      );
    return this.#with({ pipe: [...this.#plan.pipe, stage] });
  }

  /** Adds a sink: the name of a definition. All sinks get all events. */
  to(sink: string, options: ToOptions = {}): Flow {
    const given = known('to', options, ['required', 'ackTimeout', 'attempts', 'buffer']);
    const required = checkBoolean('required', given.required ?? true);
    if (required && given.buffer !== undefined)
      throw invalidArgument(
        'buffer',
        'is only for sinks with required: false; a required sink makes the source wait',
      );
    const buffer = known('to', given.buffer ?? {}, ['rows', 'whenFull'], 'buffer.');
    checkOneOf('buffer.whenFull', buffer.whenFull ?? 'drop', ['drop']);
    const plan: SinkPlan = {
      name: checkName('sink', sink),
      required,
      ackTimeout: checkMilliseconds('ackTimeout', given.ackTimeout ?? 30_000),
      attempts: checkCount('attempts', given.attempts ?? 5),
      bufferRows: required ? Number.POSITIVE_INFINITY : checkCount('buffer.rows', buffer.rows ?? 10_000),
    };
    if (this.#plan.sinks.some(({ name }) => name === sink))
      throw invalidArgument('sink', `'${sink}' is already a sink of the flow`);
    return this.#with({ sinks: [...this.#plan.sinks, plan] });
  }

  /** Sets the sink of dead letters: events that a stage cannot process or a sink never accepts. */
  errorsTo(sink: string): Flow {
    return this.#with({ errors: checkName('sink', sink) });
  }

  #with(change: Partial<FlowPlan>): Flow {
    return new Flow({ ...this.#plan, ...change });
  }
}

/**
 * Begins the description of a flow.
 *
 * ```js
 * flow('logs').from('tail').pipe(filter).to('file').errorsTo('dead');
 * ```
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT if the name is not a letter and up to 62 letters, digits, `_` or `-`
 */
export function flow(name: string): Flow {
  const inFlight = { rows: 100_000, bytes: 64 * 1024 * 1024 };
  return new Flow({
    name: checkName('name', name),
    source: null,
    inFlight,
    pipe: [],
    sinks: [],
    errors: null,
  });
}

function known<T extends object>(what: string, options: T, names: readonly string[], prefix = ''): T {
  const read = readOptions('options', options);
  checkKnown(what, read, names, prefix);
  return read;
}
