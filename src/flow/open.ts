/** Opens the parts of a flow: loads plugins, and makes connectors, stages and codecs of them. */
import { TenonError } from '../base/errors.js';
import type { PluginHost } from '../host/host.js';
import type { LoadOptions } from '../host/load-options.js';
import type { Plugin } from '../host/plugin.js';
import type { Kind } from '../kinds/kind.js';
import { BUILT_IN_SINKS, BUILT_IN_SOURCES } from './built-in.js';
import type { ConnectorContext, SinkClass, SourceClass } from './connector.js';
import type { Definition, StageReference } from './definitions.js';
import { CODEC, POSTPROCESSOR, PREPROCESSOR, SINK, SOURCE } from './kinds.js';
import { ClassSink, ClassSource, NativeSink, NativeSource, type SinkPort, type SourcePort } from './ports.js';
import { type CodecInstance, CodecStage, type FlowStage } from './stage.js';
import { PluginStage } from './stream-stage.js';

/** A connector that dies often must come back at once, and a flow waits for it. */
const RESTART = {
  max: 1_000_000,
  within: 60_000,
  backoff: { initial: 10, factor: 1.5, max: 1000, jitter: 0.2 },
  healthyAfter: 1000,
};

/** The slots of `codec/1`. */
const CODEC_SLOT = { encode: 0, decode: 1 } as const;

/** The plugins of one flow. It closes what it opened. */
export class Opener {
  readonly #host: PluginHost;
  readonly #flow: string;
  readonly #source: string;
  readonly #plugins: Plugin[] = [];

  /** `source` is the name of the flow's source. */
  constructor(host: PluginHost, flow: string, source: string) {
    this.#host = host;
    this.#flow = flow;
    this.#source = source;
  }

  /** Makes a source. */
  async source(definition: Definition): Promise<SourcePort> {
    const { name, plugin, config } = definition;
    const made = typeof plugin === 'function' ? (plugin as SourceClass) : BUILT_IN_SOURCES.get(plugin);
    if (made !== undefined)
      return await new ClassSource(name, (wake) => new made(config as never, this.#context(wake))).open();
    return await new NativeSource(await this.#load(`${plugin}`, definition.load, SOURCE), config).open();
  }

  /** Makes a sink. */
  async sink(definition: Definition): Promise<SinkPort> {
    const { name, plugin, config } = definition;
    const made = typeof plugin === 'function' ? (plugin as SinkClass) : BUILT_IN_SINKS.get(plugin);
    if (made !== undefined)
      return await new ClassSink(name, (wake) => new made(config as never, this.#context(wake))).open();
    return await new NativeSink(await this.#load(`${plugin}`, definition.load, SINK), config).open();
  }

  /** Makes the stages between a source and the flow. */
  async before({ preprocessors, codec }: Definition): Promise<FlowStage[]> {
    const stages: FlowStage[] = [];
    for (const one of preprocessors) stages.push(await this.stage(one));
    if (codec !== undefined && codec.plugin !== 'json') stages.push(await this.#codec(codec, 'decode'));
    return stages;
  }

  /** Makes the stages between the flow and a sink. */
  async after({ postprocessors, codec }: Definition): Promise<FlowStage[]> {
    const stages: FlowStage[] = [];
    if (codec !== undefined && codec.plugin !== 'json') stages.push(await this.#codec(codec, 'encode'));
    for (const one of postprocessors) stages.push(await this.stage(one, POSTPROCESSOR));
    return stages;
  }

  /** Makes a stage of a plugin. @throws TenonError if the plugin refuses the config */
  async stage(
    { plugin, config = {}, load }: StageReference,
    kind: typeof PREPROCESSOR | typeof POSTPROCESSOR = PREPROCESSOR,
  ): Promise<FlowStage> {
    const loaded = await this.#load(plugin, load, kind);
    // The instances are made when their streams begin. A config that the plugin refuses must be known before.
    await (await loaded.new(config)).close();
    return new PluginStage(plugin, loaded, kind, config);
  }

  /** Closes all plugins. */
  async close(): Promise<void> {
    await Promise.all(this.#plugins.splice(0).map((plugin) => plugin.close().catch(() => undefined)));
  }

  #context(wake: () => void): ConnectorContext {
    return { wake, flow: this.#flow, source: this.#source };
  }

  async #codec(
    { plugin, config = {}, load }: StageReference,
    method: 'encode' | 'decode',
  ): Promise<FlowStage> {
    const loaded = await this.#load(plugin, load, CODEC);
    const make = async (): Promise<CodecInstance> => {
      const instance = await loaded.new(config);
      return { method: instance.method(CODEC.id, CODEC_SLOT[method]), close: () => instance.close() };
    };
    return new CodecStage(plugin, await make(), make);
  }

  async #load(name: string, given: LoadOptions | undefined, kind: Kind): Promise<Plugin> {
    const options: LoadOptions =
      given?.isolation === 'process'
        ? { restart: RESTART, whenDown: 'wait', whenFull: 'wait', ...given }
        : (given ?? {});
    const plugin = await this.#host.load(name, options);
    this.#plugins.push(plugin);
    const { described, kinds } = plugin.manifest;
    if (described && !Object.hasOwn(kinds, kind.name)) {
      const found = Object.keys(kinds).join(', ') || 'no kind';
      const message = `Flow ${this.#flow} cannot use plugin ${name} as a ${kind.name}: it has ${found}, expected ${kind.id}. Use another plugin.`;
      throw new TenonError('ERR_TENON_MISSING_KIND', message, { plugin: name, path: plugin.manifest.path });
    }
    return plugin;
  }
}
