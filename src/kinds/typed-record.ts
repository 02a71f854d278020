/**
 * Calls with records: the input object becomes a C struct, and the output struct becomes an object.
 *
 * A function is compiled for each method with all field names and positions as constants, which is several
 * times faster than a loop over the fields. If the process forbids compilation
 * (`--disallow-code-generation-from-strings`), a loop does the same. Both work in the same order: read every
 * member of the object, check all values, write all values, call, read the result. Members are read first
 * because a getter may run any code, even another call. If a value is refused, the plugin is not called.
 */
import { types } from 'node:util';
import { kindOf, requirePlainMemory } from '../base/bytes.js';
import { invalidArgument, unreadable } from '../base/errors.js';
import { readOptions } from '../base/options.js';
import { type RecordBinding, wholeWords } from '../tiers/tier.js';
import { type FieldLayout, type Layout, SCALAR_SIZE, type Scalar } from './layout.js';
import { arrayClass, newArray, SCALARS, type View, viewOf } from './scalars.js';

/** The functions of a method over the memory of a binding. */
export interface RecordMethodCode {
  /** Checks the members of an object, writes them to the input, calls the method, and reads the output. */
  readonly call: (members?: unknown, options?: unknown) => unknown;
  /** Only checks and writes the input. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
  readonly write: (members?: unknown) => void;
  /** Only reads the output. */
  readonly read: () => unknown;
}

/** Binds a compiled method to memory. */
export type RecordFactory = (binding: RecordBinding) => RecordMethodCode;

/** The arguments of a compiled method besides its binding. */
interface Tools {
  readonly inputs: Views;
  readonly outputs: Views;
  readonly reads: readonly Port[];
  readonly writes: readonly Port[];
  readonly refuse: (index: number, value: unknown) => never;
  /** Throws the error for an input whose members cannot be read. */
  readonly unreadable: (cause: unknown) => never;
  /** Refuses the options of a call, unless none of them is set. */
  readonly refuseOptions: (options: unknown) => void;
}
type Views = Readonly<Record<Scalar, View>>;

/** The accessors of a field in pinned memory. */
interface Port {
  readonly name: string;
  /** Converts the input value to one that `check` and `write` accept. May run code of the user. */
  readonly take: (value: unknown) => unknown;
  /** Refuses a value that does not fit. Runs no code of the user. */
  readonly check: (value: unknown) => void;
  /** Stores a checked value. */
  readonly write: (value: unknown) => void;
  /** Reads the field as a value that belongs to the caller. */
  readonly read: () => unknown;
}

/** Compiles the call of a method with records. */
export function compileRecord(input: Layout, output: Layout): RecordFactory {
  const compiled = generate(input, output) ?? loop;
  return (binding) => compiled(binding, toolsFor(binding, input, output));
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

function toolsFor(binding: RecordBinding, input: Layout, output: Layout): Tools {
  const inputs = viewsOf(binding.input);
  const outputs = viewsOf(binding.output);
  return {
    inputs,
    outputs,
    writes: input.fields.map((field) => portOf(field, inputs)),
    reads: output.fields.map((field) => portOf(field, outputs)),
    refuse: (index, value) => refuseField(input, index, value),
    unreadable: (cause) => {
      throw unreadable('input', cause);
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
function refuseField(layout: Layout, index: number, value: unknown): never {
  const field = layout.fields[index];
  if (field !== undefined)
    throw invalidArgument(field.name, `must be ${SCALARS[field.scalar].expected}, not ${show(value)}`);
  const names = layout.fields.map((one) => one.name).join(', ');
  throw invalidArgument('input', `must be an object with the members ${names}, not ${show(value)}`);
}

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT */
function refuseOptions(given: unknown): void {
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

function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'bigint') return value.toString().length > 40 ? 'a larger bigint' : `${value}n`;
  return typeof value === 'string' ? `the string ${JSON.stringify(value.slice(0, 40))}` : kindOf(value);
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
    'const { inputs, outputs, reads, writes, refuse, unreadable, refuseOptions } = tools;',
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
  return field.scalar === 'bool' ? `${element} !== 0` : element;
}

function scalarsOf(fields: readonly FieldLayout[]): Scalar[] {
  return [...new Set(fields.filter((field) => !isArray(field)).map((field) => field.scalar))];
}

function isArray(field: FieldLayout): boolean {
  return field.length !== null;
}

/**
 * Returns the index of a field in its typed array. It is an integer because fields are aligned to their own
 * size.
 */
function indexOf(field: FieldLayout): number {
  return field.offset / SCALAR_SIZE[field.scalar];
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

function portOf(field: FieldLayout, views: Views): Port {
  return field.length === null
    ? scalarPort(field, views[field.scalar])
    : arrayPort(field, field.length, views[field.scalar]);
}

/** Stores a value in a view of numbers or bigints. The value has been checked, so it fits. */
function store(view: View, index: number, value: unknown): void {
  (view as { [index: number]: unknown })[index] = value;
}

function scalarPort(field: FieldLayout, view: View): Port {
  const { name, scalar } = field;
  const index = indexOf(field);
  const { accepts, expected } = SCALARS[scalar];
  return {
    name,
    take: (value) => value,
    check: (value) => {
      if (!accepts(value)) throw invalidArgument(name, `must be ${expected}, not ${show(value)}`);
    },
    write: (value) => store(view, index, scalar === 'bool' ? Number(value) : value),
    read: () => (scalar === 'bool' ? Boolean(view[index]) : view[index]),
  };
}

function arrayPort(field: FieldLayout, length: number, view: View): Port {
  const { name, scalar } = field;
  const index = indexOf(field);
  const end = index + length;
  return {
    name,
    take: (value) => takeArray(field, length, value),
    check: (value) => checkArray(field, length, value),
    write: (value) => copyInto(view, index, value as View, length),
    read: () => {
      if (scalar === 'bool') return Array.from(view.subarray(index, end) as Uint8Array, Boolean);
      return scalar === 'u8' ? Buffer.from(view.subarray(index, end) as Uint8Array) : view.slice(index, end);
    },
  };
}

/** The number of elements up to which a loop is faster than `set`. */
const SHORT = 32;

function copyInto(view: View, index: number, elements: View, length: number): void {
  if (length > SHORT) (view as Uint8Array).set(elements as Uint8Array, index);
  else for (let i = 0; i < length; i++) store(view, index + i, elements[i]);
}

/** Converts a plain array to a typed array. Leaves other values to {@link checkArray}. */
function takeArray(field: FieldLayout, length: number, value: unknown): unknown {
  const { name, scalar } = field;
  if (!Array.isArray(value)) {
    if (scalar === 'bool') throw wrongArray(field, length, value);
    return value;
  }
  if (value.length !== length) throw wrongLength(field, length, value.length);
  const { accepts, expected } = SCALARS[scalar];
  const elements = newArray(scalar, length);
  for (let i = 0; i < length; i++) {
    const element: unknown = value[i];
    if (!accepts(element))
      throw invalidArgument(`${name}[${i}]`, `must be ${expected}, not ${show(element)}`);
    store(elements, i, scalar === 'bool' ? Number(element) : element);
  }
  return elements;
}

function checkArray(field: FieldLayout, length: number, value: unknown): void {
  if (!types.isTypedArray(value) || classOf(value) !== arrayClass(field.scalar))
    throw wrongArray(field, length, value);
  requirePlainMemory(field.name, value);
  if (lengthOf(value) !== length) throw wrongLength(field, length, lengthOf(value));
}

/** The accessors of the typed array prototype, which ignore properties that the user added to the array. */
const typedArray = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(Int8Array.prototype)) as {
  readonly length: PropertyDescriptor;
  readonly [Symbol.toStringTag]: PropertyDescriptor;
};

function lengthOf(value: NodeJS.TypedArray): number {
  return typedArray.length.get?.call(value);
}

function classOf(value: NodeJS.TypedArray): string {
  return typedArray[Symbol.toStringTag].get?.call(value);
}

function wrongArray(field: FieldLayout, length: number, value: unknown): Error {
  const accepted =
    field.scalar === 'bool' ? 'an array of true and false' : `a ${arrayClass(field.scalar)} or an array`;
  return invalidArgument(field.name, `must be ${accepted} with ${length} elements, not ${show(value)}`);
}

function wrongLength(field: FieldLayout, length: number, found: number): Error {
  return invalidArgument(field.name, `must have ${length} elements, not ${found}`);
}
