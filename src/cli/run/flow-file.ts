/** The file of `tenon run`: a world, its connectors and one flow, as JSON or as a module. */
import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { invalidArgument, messageOf } from '../../base/errors.js';
import { checkKnown, checkString, checkStrings, isObject, readOptions, shown } from '../../base/options.js';
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
  let plan = flow(name as string).from(
    from as string,
    inFlight === undefined ? {} : ({ inFlight } as FromOptions),
  );
  for (const stage of listOf('flow.pipe', pipe)) plan = plan.pipe(stage as PipeStage);
  for (const sink of listOf('flow.to', to) as readonly SinkEntry[]) {
    if (typeof sink === 'string') plan = plan.to(sink);
    else {
      const { sink: named, ...options } = readOptions('flow.to', sink);
      plan = plan.to(named, options);
    }
  }
  return errorsTo === undefined ? plan : plan.errorsTo(errorsTo as string);
}

/** Returns an array as it is, and anything else as its only element. */
function listOf(name: string, value: unknown): readonly unknown[] {
  if (value === undefined) throw invalidArgument(name, 'is missing');
  return Array.isArray(value) ? value : [value];
}
