/** The world: connectors that are defined, and flows that run. */
import { asTenonError, invalidArgument, TenonError } from '../base/errors.js';
import { checkKnown, checkString, readOptions, shown } from '../base/options.js';
import { PluginHost } from '../host/host.js';
import type { LoadOptions } from '../host/load-options.js';
import { Chain } from './chain.js';
import { Checkpoint } from './checkpoints.js';
import { type ConnectorDefinition, type Definition, reference } from './definitions.js';
import { type Flow, type FlowPlan, type PipeStage, readPlan, type SinkPlan } from './flow.js';
import { Guarantee } from './guarantee.js';
import { Opener } from './open.js';
import { Registry } from './registry.js';
import { Repository } from './repository.js';
import { type FlowParts, RunningFlow } from './running-flow.js';
import { shaperOf } from './shaper.js';
import type { GiveUp } from './shipment.js';
import { SinkManager } from './sink-manager.js';
import { type FlowStage, FunctionStage } from './stage.js';

/** The options of a {@link World}. */
export interface WorldOptions {
  /** The host that loads the plugins. The world does not close it. Default: a host of its own, without search paths. */
  readonly host?: PluginHost;
  /** The folder of the checkpoints. Without it, a restarted flow does not know how far it was. */
  readonly state?: string;
  /** The options for loading plugins whose definition has none. Default: inline. */
  readonly load?: LoadOptions;
}

type SinkOf = (giveUp: GiveUp | null) => SinkManager;
/** The steps that close what was opened, the last first. */
type Undo = (() => Promise<unknown>)[];

/**
 * Defines connectors, and runs flows between them.
 *
 * ```js
 * await using world = new World({ host, state: './state' });
 * world.define('in', { plugin: 'tail', config: { path: 'in.log', from: 'start' }, preprocessors: ['lines'] });
 * world.define('out', { plugin: 'file', config: { path: 'out.log' } });
 * const logs = await world.deploy(flow('logs').from('in').to('out'));
 * await logs.drain();
 * ```
 */
export class World {
  /** The connectors that are defined. */
  readonly repository: Repository;
  /** The flows that run. */
  readonly registry = new Registry();
  readonly #host: PluginHost;
  readonly #ownHost: boolean;
  readonly #state: string | null;
  readonly #load: LoadOptions | undefined;
  #closed = false;

  /** @throws TenonError ERR_TENON_INVALID_ARGUMENT */
  constructor(options: WorldOptions = {}) {
    const { host, state, load } = readOptions('options', options);
    checkKnown('World', options, ['host', 'state', 'load']);
    if (host !== undefined && !(host instanceof PluginHost))
      throw invalidArgument('host', `must be a PluginHost, not ${shown(host)}`);
    this.repository = new Repository(load);
    this.#load = load;
    this.#ownHost = host === undefined;
    this.#host = host ?? new PluginHost();
    this.#state = state === undefined ? null : checkString('state', state);
  }

  /**
   * Defines a connector. See {@link Repository.define}.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT; `argument` is the member
   */
  define(name: string, definition: ConnectorDefinition): this {
    this.repository.define(name, definition);
    return this;
  }

  /**
   * Runs a flow. Everything that can be known to be wrong is refused here: unknown connectors and plugins, missing
   * kinds, circles, a second writer of a checkpoint, a checkpoint of another plugin or config, and a required sink that
   * is not durable after a source that replays. A connector without a connection is not an error: it is connected later.
   * @throws TenonError ERR_TENON_NOT_FOUND, ERR_TENON_MISSING_KIND, ERR_TENON_INVALID_ARGUMENT, ERR_TENON_CLOSED
   * @throws TenonError the errors of {@link PluginHost.load} and of `new` of the plugins
   */
  async deploy(flow: Flow): Promise<RunningFlow> {
    const plan = readPlan(flow);
    if (this.#closed) throw closedWorld(plan);
    const definitions = this.#definitionsOf(plan);
    this.registry.reserve(plan);
    const opener = new Opener(this.#host, plan.name, plan.source ?? '');
    const undo: Undo = [() => opener.close()];
    try {
      const parts = await this.#open(plan, definitions, opener, undo);
      const running = new RunningFlow(parts);
      undo.unshift(() => running.close());
      await running.start();
      if (this.#closed) throw closedWorld(plan);
      this.registry.enter(running);
      const leave = (): void => this.registry.remove(plan.name);
      running.ended.then(leave, leave);
      return running;
    } catch (error) {
      for (const step of undo) await step().catch(() => undefined);
      this.registry.remove(plan.name);
      throw asTenonError(error, 'ERR_TENON_CALL_FAILED', `Cannot deploy flow ${plan.name}`);
    }
  }

  /** Ends all flows at once, and the host if it is the world's own. Drain the flows first to lose no time. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.registry].map((flow) => flow.close()));
    if (this.#ownHost) await this.#host.close();
  }

  /** Closes the world at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #definitionsOf(plan: FlowPlan): Map<string, Definition> {
    const { name, source, sinks, errors } = plan;
    if (source === null) throw incomplete(plan, 'it has no source. Add one with from(…)');
    if (!sinks.some(({ required }) => required))
      throw incomplete(
        plan,
        'no sink is required, so no event would ever count as delivered. Add one with to(…)',
      );
    if (errors !== null && sinks.some((sink) => sink.name === errors))
      throw incomplete(plan, `'${errors}' is a sink and the sink of dead letters. Define another connector`);
    const names = [source, ...sinks.map((sink) => sink.name), ...(errors === null ? [] : [errors])];
    return new Map(names.map((one) => [one, this.repository.require(one, name)]));
  }

  async #open(
    plan: FlowPlan,
    definitions: ReadonlyMap<string, Definition>,
    opener: Opener,
    undo: Undo,
  ): Promise<FlowParts> {
    const definition = (name: string): Definition => definitions.get(name) as Definition;
    const source = definition(plan.source ?? '');
    const checkpoint = this.#state === null ? null : await this.#checkpoint(plan.name, source, this.#state);
    undo.unshift(async () => await checkpoint?.close());
    const port = await opener.source(source);
    undo.unshift(() => port.close());
    const before = await opener.before(source);
    const pipe: FlowStage[] = [];
    for (const [index, stage] of plan.pipe.entries()) pipe.push(await this.#stage(stage, index, opener));
    const sinks: SinkOf[] = [];
    const sinkOf = (sink: SinkPlan) => this.#sink(sink, definition(sink.name), opener, undo);
    for (const sink of plan.sinks) sinks.push(await sinkOf(sink));
    const dead = plan.errors === null ? null : await sinkOf(deadPlan(plan.errors));
    return {
      plan,
      sourceName: source.name,
      source: port,
      reconnect: source.reconnect,
      chain: (time) => new Chain(before, pipe, time),
      sinks: (giveUp) =>
        sinks.map((make, index) =>
          make(giveUp === null ? null : (refused) => giveUp(plan.sinks[index]?.name ?? '', refused)),
        ),
      dead: dead === null ? null : dead(null),
      checkpoint,
      guarantee: new Guarantee(plan, this.#state !== null),
      close: () => opener.close(),
    };
  }

  async #checkpoint(flow: string, { name, plugin, config }: Definition, state: string): Promise<Checkpoint> {
    const named = typeof plugin === 'function' ? `class ${plugin.name}` : plugin;
    return await Checkpoint.open(state, { flow, source: name, plugin: named, config });
  }

  async #stage(stage: PipeStage, index: number, opener: Opener): Promise<FlowStage> {
    if (typeof stage === 'function') return new FunctionStage(stage, index + 1);
    return await opener.stage(reference(`pipe[${index}]`, stage, this.#load));
  }

  async #sink(plan: SinkPlan, definition: Definition, opener: Opener, undo: Undo): Promise<SinkOf> {
    const port = await opener.sink(definition);
    undo.unshift(() => port.close());
    const shaper = shaperOf(await opener.after(definition));
    const settings = { ...plan, reconnect: definition.reconnect };
    return (giveUp) => new SinkManager(port, settings, giveUp, shaper);
  }
}

function deadPlan(name: string): SinkPlan {
  const bufferRows = Number.POSITIVE_INFINITY;
  return { name, required: true, ackTimeout: 30_000, attempts: 5, bufferRows };
}

function closedWorld({ name }: FlowPlan): TenonError {
  return new TenonError('ERR_TENON_CLOSED', `Cannot deploy flow ${name}: the world is closed.`);
}

function incomplete({ name }: FlowPlan, problem: string): TenonError {
  return new TenonError('ERR_TENON_INVALID_ARGUMENT', `Cannot deploy flow ${name}: ${problem}.`, {
    argument: 'flow',
  });
}
