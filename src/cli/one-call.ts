/** One call of an instance, with the inputs of a command line: for `tenon call` and `tenon dev`. */
import { readFile } from 'node:fs/promises';
import { messageOf } from '../base/errors.js';
import type { Instance, Manifest } from '../index.js';
import { parseJson } from './json.js';
import { callTyped } from './kind/typed-call.js';
import { type Method, methodOf } from './method.js';
import { UsageError } from './usage.js';

/** The inputs as they were given. */
export interface GivenInputs {
  readonly json?: string | undefined;
  readonly input?: string | undefined;
}

/** The input of a call: bytes, or a value that was given as JSON; neither if none was given. */
export interface Inputs {
  readonly bytes?: Uint8Array;
  readonly json?: unknown;
}

/** Receives the output of a call. */
export interface CallOutput {
  write(bytes: Uint8Array): void;
  line(text: string): void;
}

/** @throws UsageError */
export function checkInputs(method: Method, { json, input }: GivenInputs): void {
  if (json === undefined) return;
  if (input !== undefined) throw new UsageError('--json and --input exclude each other.');
  if (method.type !== 'name')
    throw new UsageError("--json is for a typed method by its name, such as 'text.find'.");
  if (json !== '-' && !json.startsWith('@')) parseJson(json, '--json');
}

export async function readInputs({ input, json }: GivenInputs): Promise<Inputs> {
  if (input !== undefined) return { bytes: await readInput('--input', input) };
  if (json === undefined) return {};
  return { json: parseJson(Buffer.from(await readInput('--json', json)).toString(), '--json') };
}

/** Calls an instance, which is made once the method was found. @throws UsageError, TenonError */
export async function callOnce(
  manifest: Manifest,
  { method, inputs: { bytes, json } }: { readonly method: Method; readonly inputs: Inputs },
  makeInstance: () => Promise<Instance>,
  output: CallOutput,
): Promise<void> {
  const found = methodOf(method, manifest);
  const typed = found?.typed ?? null;
  const takesRecord = typed !== null && typed.slots[0]?.input !== null;
  const instance = await makeInstance();
  if (typed !== null && bytes === undefined && (takesRecord || json !== undefined))
    return await callTyped(instance, typed, json ?? {}, (line) => output.line(line));
  const callable = found === null ? instance : instance.method(found.kind, found.slot);
  output.write(await callable.call(bytes ?? Buffer.alloc(0)));
}

/** Reads an input: text, `@FILE`, or `-` for the standard input. */
async function readInput(option: string, input: string): Promise<Uint8Array> {
  if (input === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
  return input.startsWith('@') ? readNamed(option, input) : Buffer.from(input);
}

/** Reads the config as the plugin will receive it. A file need not be JSON: it may be that of a crashed instance. */
export async function readConfig(config: string | undefined): Promise<string | Uint8Array | undefined> {
  return config?.startsWith('@') ? readNamed('--config', config) : config;
}

/** Reads the content of `@FILE`. */
async function readNamed(option: string, name: string): Promise<Buffer> {
  try {
    return await readFile(name.slice(1));
  } catch (error) {
    throw new UsageError(`${option} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
}
