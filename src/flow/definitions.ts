/** Definitions: connectors by name, before any flow uses them. */
import { invalidArgument } from '../base/errors.js';
import {
  checkKnown,
  checkMilliseconds,
  checkNumber,
  checkPart,
  checkString,
  isObject,
  readOptions,
  shown,
} from '../base/options.js';
import { checkLoadOptions, type LoadOptions } from '../host/load-options.js';
import { BUILT_IN_SINKS, BUILT_IN_SOURCES } from './built-in.js';
import type { SinkClass, SourceClass } from './connector.js';
import type { ReconnectOptions } from './pauses.js';

/** A plugin as a stage or a codec. */
export interface StageReference {
  /** The name or the path of the plugin. */
  readonly plugin: string;
  /** The config of its instances. */
  readonly config?: object;
  /** The options for loading it. Default: as the connector does, or inline for a stage of a flow. */
  readonly load?: LoadOptions;
}

/** A connector: a source, a sink or both. */
export interface ConnectorDefinition {
  /**
   * The name or the path of a plugin of the kind `source/1` or `sink/1`, a class in TypeScript, or `jetstream`, whose
   * configs are {@link JetStreamSourceConfig} and {@link JetStreamSinkConfig}.
   */
  readonly plugin: string | SourceClass | SinkClass;
  /** The config of the plugin, or the first argument of the class. */
  readonly config?: object;
  /** The options for loading the plugin. Not for classes. */
  readonly load?: LoadOptions;
  /** The stages between the source and the flow: plugins of the kind `preprocessor/1`, in order. */
  readonly preprocessors?: readonly (string | StageReference)[];
  /** The stages between the flow and the sink: plugins of the kind `postprocessor/1`, in order. */
  readonly postprocessors?: readonly (string | StageReference)[];
  /**
   * The codec: a plugin of the kind `codec/1`. It decodes after the preprocessors, and encodes before the
   * postprocessors. `json` needs no plugin, because the structured form is JSON text.
   */
  readonly codec?: string | StageReference;
  /** The pauses before the connector is connected again. */
  readonly reconnect?: ReconnectOptions;
}

/** A checked definition. */
export interface Definition extends ConnectorDefinition {
  readonly name: string;
  readonly config: object;
  readonly preprocessors: readonly StageReference[];
  readonly postprocessors: readonly StageReference[];
  readonly codec?: StageReference;
  readonly reconnect: ReconnectOptions;
}

const OPTIONS = ['plugin', 'config', 'load', 'preprocessors', 'postprocessors', 'codec', 'reconnect'];
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/** Checks the name of a definition or flow. */
export function checkName(argument: string, value: unknown): string {
  if (typeof value === 'string' && NAME.test(value)) return value;
  throw invalidArgument(
    argument,
    `must be a letter and up to 62 letters, digits, '_' or '-', not ${shown(value)}`,
  );
}

/**
 * Checks a definition. `usual` is for plugins without `load`.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT; `argument` is the member
 */
export function checkDefinition(name: string, given: ConnectorDefinition, usual?: LoadOptions): Definition {
  const read = readOptions('definition', given);
  checkKnown('a definition', read, OPTIONS);
  const { plugin } = read;
  if (typeof plugin !== 'function') checkString('plugin', plugin);
  const isClass = typeof plugin === 'function' || BUILT_IN_SOURCES.has(plugin) || BUILT_IN_SINKS.has(plugin);
  if (isClass && read.load !== undefined)
    throw invalidArgument('load', 'is only for plugins; a class runs in this process');
  const { config = {}, codec, reconnect = {} } = read;
  if (!isObject(config)) throw invalidArgument('config', `must be an object, not ${shown(config)}`);
  const load = read.load === undefined ? usual : checkLoad('load', read.load);
  return {
    name: checkName('name', name),
    plugin: read.plugin,
    config,
    ...(load === undefined ? {} : { load }),
    preprocessors: references('preprocessors', read.preprocessors ?? [], load),
    postprocessors: references('postprocessors', read.postprocessors ?? [], load),
    ...(codec === undefined ? {} : { codec: reference('codec', codec, load) }),
    reconnect: checkReconnect(reconnect),
  };
}

function references(
  name: string,
  given: readonly (string | StageReference)[],
  load: LoadOptions | undefined,
) {
  if (!Array.isArray(given)) throw invalidArgument(name, `must be an array, not ${shown(given)}`);
  return given.map((one, index) => reference(`${name}[${index}]`, one, load));
}

/** Checks a stage. It runs where the connector does, unless it says otherwise. */
export function reference(
  name: string,
  given: string | StageReference,
  load: LoadOptions | undefined,
): StageReference {
  const inherited = load === undefined ? {} : { load };
  if (typeof given === 'string') return { plugin: checkString(name, given), ...inherited };
  const read = readOptions(name, given);
  checkKnown('a stage', read, ['plugin', 'config', 'load'], `${name}.`);
  const { plugin, config, load: own } = read;
  if (config !== undefined && !isObject(config))
    throw invalidArgument(`${name}.config`, `must be an object, not ${shown(config)}`);
  return {
    ...inherited,
    plugin: checkString(`${name}.plugin`, plugin),
    ...(config === undefined ? {} : { config }),
    ...(own === undefined ? {} : { load: checkLoad(`${name}.load`, own) }),
  };
}

/** Checks options of loading now, when it is known where they come from. */
function checkLoad(path: string, load: LoadOptions): LoadOptions {
  checkPart(
    () => checkLoadOptions(load),
    (argument) => (argument === 'options' ? path : `${path}.${argument}`),
  );
  return load;
}

function checkReconnect(given: ReconnectOptions): ReconnectOptions {
  const read = readOptions('reconnect', given);
  checkKnown('reconnect', read, ['first', 'growth', 'most'], 'reconnect.');
  const { first = 100, growth = 1.5, most = 30_000 } = read;
  return {
    first: checkMilliseconds('reconnect.first', first, { zero: true }),
    growth: checkNumber('reconnect.growth', growth, 1, 1000),
    most: checkMilliseconds('reconnect.most', most, { zero: true }),
  };
}
