/** The file of `tenon run`: a world, its connectors and one flow, as JSON or as a module. */
import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { invalidArgument, messageOf } from '../../base/errors.js';
import {
  checkKnown,
  checkPart,
  checkString,
  checkStrings,
  isObject,
  readOptions,
  shown,
} from '../../base/options.js';
import {
  type ConnectorDefinition,
  type Flow,
  type FromOptions,
  flow,
  type PipeStage,
  type ToOptions,
} from '../../flow/index.js';
import { parseJson } from '../json.js';
import { UsageError } from '../usage.js';

/** A sink of the flow: the name of a connector, perhaps with options. */
type SinkEntry = string | (ToOptions & { readonly sink: string });

/** The content of the file. */
export interface FlowFile {
  /** The folders in which plugins are searched, relative to the file. */
  readonly paths: readonly string[];
  /** The folder of the checkpoints. */
  readonly state: string | null;
  readonly connectors: readonly [name: string, definition: ConnectorDefinition][];
  readonly flow: Flow;
}

const MODULES = ['.js', '.mjs', '.ts', '.mts'];

/** Reads and checks the file. @throws UsageError, TenonError */
export async function readFlowFile(path: string): Promise<FlowFile> {
  const value = await contentOf(path);
  if (!isObject(value))
    throw new UsageError(`${path} describes no flow: expected an object, found ${shown(value)}.`);
  const read = readOptions('file', value as Record<string, unknown>);
  checkKnown('a flow file', read, ['paths', 'state', 'connectors', 'flow']);
  const at = (folder: string): string => resolve(dirname(path), folder);
  const { paths = [], state, connectors, flow: plan } = read;
  if (!isObject(connectors))
    throw invalidArgument('connectors', `must be an object, not ${shown(connectors)}`);
  if (!isObject(plan)) throw invalidArgument('flow', `must be an object, not ${shown(plan)}`);
  return {
    paths: checkStrings('paths', paths).map(at),
    state: state === undefined ? null : at(checkString('state', state)),
    connectors: Object.entries(connectors) as [string, ConnectorDefinition][],
    flow: planOf(plan as Record<string, unknown>),
  };
}

async function contentOf(path: string): Promise<unknown> {
  if (!MODULES.includes(extname(path))) {
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw new UsageError(`${path} cannot be read: ${messageOf(cause)}.`, { cause });
    });
    return parseJson(text, path);
  }
  try {
    const module = (await import(pathToFileURL(resolve(path)).href)) as { readonly default?: unknown };
    return module.default;
  } catch (cause) {
    throw new UsageError(`${path} cannot be imported: ${messageOf(cause)}.`, { cause });
  }
}

function planOf(given: Record<string, unknown>): Flow {
  const read = readOptions('flow', given);
  checkKnown('flow', read, ['name', 'from', 'inFlight', 'pipe', 'to', 'errorsTo'], 'flow.');
  const { name, from, inFlight, pipe = [], to, errorsTo } = read;
  const of = (path: string) => (argument: string) =>
    argument.startsWith('inFlight.') ? `flow.${argument}` : `flow.${path}`;
  let plan = checkPart(() => flow(name as string), of('name'));
  if (inFlight !== undefined && !isObject(inFlight))
    throw invalidArgument('flow.inFlight', `must be an object, not ${shown(inFlight)}`);
  const options = inFlight === undefined ? {} : ({ inFlight } as FromOptions);
  plan = checkPart(() => plan.from(from as string, options), of('from'));
  for (const [index, stage] of listOf('flow.pipe', pipe).entries())
    plan = checkPart(
      () => plan.pipe(stage as PipeStage),
      of(Array.isArray(pipe) ? `pipe[${index}]` : 'pipe'),
    );
  for (const [index, sink] of (listOf('flow.to', to) as readonly SinkEntry[]).entries())
    plan = withSink(plan, sink, Array.isArray(to) ? `flow.to[${index}]` : 'flow.to');
  return errorsTo === undefined ? plan : checkPart(() => plan.errorsTo(errorsTo as string), of('errorsTo'));
}

/** Adds a sink, which is described at a path of the file. */
function withSink(plan: Flow, sink: SinkEntry, path: string): Flow {
  if (typeof sink === 'string')
    return checkPart(
      () => plan.to(sink),
      () => path,
    );
  const { sink: named, ...options } = readOptions(path, sink);
  const { buffer } = options;
  if (buffer !== undefined && !isObject(buffer))
    throw invalidArgument(`${path}.buffer`, `must be an object, not ${shown(buffer)}`);
  return checkPart(
    () => plan.to(named, options),
    (argument) => `${path}.${argument}`,
  );
}

/** Does what an entry of `connectors` needs. An error names the path of the value in the file. */
export function checkConnector(name: string, define: () => void): void {
  const path = `connectors.${name}`;
  checkPart(define, (argument) =>
    argument === 'definition' || argument === 'name' ? path : `${path}.${argument}`,
  );
}

/** Returns an array as it is, and anything else as its only element. */
function listOf(name: string, value: unknown): readonly unknown[] {
  if (value === undefined) throw invalidArgument(name, 'is missing');
  return Array.isArray(value) ? value : [value];
}
