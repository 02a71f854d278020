/**
 * Calls with records: the input object becomes a C struct, and the output struct becomes an object.
 *
 * A function is compiled for each method with all field names and positions as constants, which is several
 * times faster than a loop over the fields. If the process forbids compilation
 * (`--disallow-code-generation-from-strings`), a loop does the same. Both work in the same order: read every
 * member of the object, check all values, write all values, call, read the result. Members are read first
 * because a getter may run any code, even another call. If a value is refused, the plugin is not called.
 */
import { invalidArgument, TenonError, unreadable } from '../base/errors.js';
import { readOptions } from '../base/options.js';
import { type RecordBinding, wholeWords } from '../tiers/tier.js';
import type { FieldLayout, Layout } from './flat-layout.js';
import { SCALAR_SIZE, type Scalar } from './layout.js';
import { indexOf, memberOf, type Port, portOf, show, type Views } from './ports.js';
import { SCALARS, type View, viewOf } from './scalars.js';

/** The functions of a method over the memory of a binding. */
export interface RecordMethodCode {
  /** Checks the members of an object, writes them to the input, calls the method, and reads the output. */
  readonly call: (members?: unknown, options?: unknown) => unknown;
  /** Only checks and writes the input. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
  readonly write: (members?: unknown) => void;
  /** Only reads the output. */
  readonly read: () => unknown;
}

/**
 * Binds a compiled method to memory. `place` is the name of the method in messages, for example `math.min`. `malformed`
 * throws the error for a result whose bytes are not such a record.
 */
export type RecordFactory = (
  binding: RecordBinding,
  place?: string,
  malformed?: (problem: string) => never,
) => RecordMethodCode;

/** The arguments of a compiled method besides its binding. */
interface Tools {
  readonly inputs: Views;
  readonly outputs: Views;
  readonly reads: readonly Port[];
  readonly writes: readonly Port[];
  readonly refuse: (index: number, value: unknown) => never;
  /** Throws the error for an input whose members cannot be read. */
  readonly unreadable: (cause: unknown) => never;
  /** Throws the error for a bool of field `index` of the output that is neither 0 nor 1. */
  readonly badBool: (index: number) => never;
  /** Refuses the options of a call, unless none of them is set. */
  readonly refuseOptions: (options: unknown) => void;
}
/** Compiles the call of a method with records. */
export function compileRecord(input: Layout, output: Layout): RecordFactory {
  const compiled = generate(input, output) ?? loop;
  return (binding, place = '', malformed = unexpected) =>
    compiled(binding, toolsFor(binding, input, output, place, malformed));
}

/** Allocates memory for a record that no plugin accesses: other code makes the calls. */
export function looseRecord(inputSize: number, outputSize: number): RecordBinding {
  const none = (): never => {
    throw new Error('A record without a binding cannot be called.');
  };
  return {
    input: new ArrayBuffer(wholeWords(inputSize)),
    output: new ArrayBuffer(wholeWords(outputSize)),
    control: new Int32Array(1),
    invoke: none,
    fail: none,
  };
}

/** Throws the error for a malformed result where no plugin is involved. */
function unexpected(problem: string): never {
  throw new TenonError('ERR_TENON_CONTRACT', `Cannot read the record: ${problem}.`);
}

function toolsFor(
  binding: RecordBinding,
  input: Layout,
  output: Layout,
  place: string,
  malformed: (problem: string) => never,
): Tools {
  const inputs = viewsOf(binding.input);
  const outputs = viewsOf(binding.output);
  const badBool = (index: number): never => {
    const name = output.fields[index]?.name ?? '';
    return malformed(`${memberOf(place, name)} has a bool that is neither 0 nor 1`);
  };
  return {
    inputs,
    outputs,
    writes: input.fields.map((field) => portOf(field, inputs, place, () => badBool(0))),
    reads: output.fields.map((field, i) => portOf(field, outputs, place, () => badBool(i))),
    badBool,
    refuse: (index, value) => refuseField(input, index, value, place),
    unreadable: (cause) => {
      throw unreadable(place === '' ? 'input' : place, cause);
    },
    refuseOptions,
  };
}

function viewsOf(memory: ArrayBuffer): Views {
  const scalars = Object.keys(SCALAR_SIZE) as Scalar[];
  return Object.fromEntries(scalars.map((scalar) => [scalar, viewOf(scalar, memory)])) as Record<
    Scalar,
    View
  >;
}

/** Throws the error for field `index` of the record, or for the record itself if `index` is negative. */
function refuseField(layout: Layout, index: number, value: unknown, place: string): never {
  const field = layout.fields[index];
  if (field !== undefined)
    throw invalidArgument(
      memberOf(place, field.name),
      `must be ${SCALARS[field.scalar].expected}, not ${show(value)}`,
    );
  const names = layout.fields.map((one) => one.name).join(', ');
  throw invalidArgument(place || 'input', `must be an object with the members ${names}, not ${show(value)}`);
}

/** Refuses the options of a blocking record call. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function refuseOptions(given: unknown): void {
  if (given === undefined) return;
  const options: Readonly<Record<string, unknown>> = readOptions('options', given as Record<string, unknown>);
  const name = Object.keys(options).find((key) => options[key] !== undefined);
  if (name === undefined) return;
  throw invalidArgument(
    name,
    'is not supported by the blocking record methods of asSync',
    ' Leave it out, or use as(). The option timeout of load concerns all calls.',
  );
}

type Compiled = (binding: RecordBinding, tools: Tools) => RecordMethodCode;

/**
 * Generates the code of the call; returns null if this process forbids that. {@link layoutOf} has checked all
 * names in it.
 */
function generate(input: Layout, output: Layout): Compiled | null {
  try {
    return new Function('binding', 'tools', sourceOf(input, output)) as Compiled;
  } catch (error) {
    if (error instanceof EvalError) return null;
    throw error;
  }
}

function sourceOf(input: Layout, output: Layout): string {
  const { fields } = input;
  const values = fields.map(
    (field, i) => `v${i} = ${isArray(field) ? `take${i}(input.${field.name})` : `input.${field.name}`};`,
  );
  const results = output.fields.map((field, i) => `${field.name}: ${readSource(field, i)}`);
  const result = `return { ${results.join(', ')} };`;
  const written = [
    ...(fields.length > 0 ? ["if (typeof input !== 'object' || input === null) refuse(-1, input);"] : []),
    ...(fields.length > 0
      ? [
          `let ${fields.map((_, i) => `v${i}`).join(', ')};`,
          'try {',
          ...values,
          '} catch (cause) { unreadable(cause); }',
        ]
      : []),
    ...fields.map((field, i) => (isArray(field) ? `check${i}(v${i});` : checkSource(field, i))),
    ...fields.map((field, i) =>
      isArray(field) ? `write${i}(v${i});` : `in_${field.scalar}[${indexOf(field)}] = ${stored(field, i)};`,
    ),
  ];
  return [
    "'use strict';",
    'const { invoke, control, fail } = binding;',
    'const { inputs, outputs, reads, writes, refuse, unreadable, refuseOptions, badBool } = tools;',
    'let bool = 0;',
    ...scalarsOf(fields).map((scalar) => `const in_${scalar} = inputs.${scalar};`),
    ...scalarsOf(output.fields).map((scalar) => `const out_${scalar} = outputs.${scalar};`),
    ...fields.flatMap((field, i) =>
      isArray(field) ? `const { take: take${i}, check: check${i}, write: write${i} } = writes[${i}];` : [],
    ),
    ...output.fields.flatMap((field, i) => (isArray(field) ? `const read${i} = reads[${i}].read;` : [])),
    'function write(input) {',
    ...written,
    '}',
    'function read() {',
    result,
    '}',
    // `write` and `read` are inlined, because calling them would cost as much as the call itself.
    // A parameter for the options would cost a tenth of the call.
    fields.length > 0
      ? 'function call(input) { if (arguments.length > 1) refuseOptions(arguments[1]);'
      : 'function call() { if (arguments.length > 0) refuseOptions(arguments[0]);',
    ...written,
    'invoke();',
    'if (control[0] !== 0) fail();',
    result,
    '}',
    'return { call, write, read };',
  ].join('\n');
}

function checkSource(field: FieldLayout, i: number): string {
  const test = SCALARS[field.scalar].source.replaceAll('$', () => `v${i}`);
  return `if (!(${test})) refuse(${i}, v${i});`;
}

function stored(field: FieldLayout, i: number): string {
  return field.scalar === 'bool' ? `v${i} ? 1 : 0` : `v${i}`;
}

function readSource(field: FieldLayout, i: number): string {
  if (isArray(field)) return `read${i}()`;
  const element = `out_${field.scalar}[${indexOf(field)}]`;
  return field.scalar === 'bool' ? `(bool = ${element}) > 1 ? badBool(${i}) : bool === 1` : element;
}

function scalarsOf(fields: readonly FieldLayout[]): Scalar[] {
  return [...new Set(fields.filter((field) => !isArray(field)).map((field) => field.scalar))];
}

function isArray(field: FieldLayout): boolean {
  return field.length !== null;
}

/** Makes the same functions as the generated code, with loops over the fields. */
function loop(binding: RecordBinding, tools: Tools): RecordMethodCode {
  const { invoke, control, fail } = binding;
  const { reads, writes, refuse, unreadable } = tools;
  const take = (input: unknown): unknown[] => {
    const members = input as Readonly<Record<string, unknown>>;
    try {
      return writes.map((port) => port.take(members[port.name]));
    } catch (cause) {
      return unreadable(cause);
    }
  };
  const write = (input?: unknown): void => {
    if (writes.length > 0 && (typeof input !== 'object' || input === null)) refuse(-1, input);
    const values = take(input);
    writes.forEach((port, i) => {
      port.check(values[i]);
    });
    writes.forEach((port, i) => {
      port.write(values[i]);
    });
  };
  const read = (): unknown => Object.fromEntries(reads.map((port) => [port.name, port.read()]));
  const call = (input?: unknown, options?: unknown): unknown => {
    tools.refuseOptions(writes.length > 0 ? options : input);
    write(input);
    invoke();
    if (control[0] !== 0) fail();
    return read();
  };
  return { call, write, read };
}
