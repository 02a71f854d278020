/** Binds the methods of kinds to instances. */
import type { CallOptions, TierBinding, TierInstance } from '../tiers/tier.js';
import type { KindApi, KindApiSync } from './api.js';
import { asyncCursor, syncCursor } from './cursor.js';
import { flatLayout, type Layout } from './flat-layout.js';
import { type Kind, requireKind } from './kind.js';
import { many, manySync } from './many.js';
import type { FieldModel, MethodModel } from './model.js';
import { checkOffer, type Offered, type SlotRef } from './offer.js';
import { asyncSpanMethod, refusal, type SpanMethod, syncSpanMethod } from './span-record.js';
import { compileRecord, looseRecord, type RecordFactory, type RecordMethodCode } from './typed-record.js';

/**
 * Binds all methods of a kind to an instance, without blocking. `offered` is the descriptor's list of kinds
 * and versions; without a descriptor it is null, and only the method table itself is checked.
 * @throws TenonError ERR_TENON_MISSING_KIND; the message says which side to upgrade
 */
export function bindKind<K extends Kind>(kind: K, instance: TierInstance, offered: Offered): KindApi<K> {
  return bindMethods(kind, instance, offered, (slots, place) => {
    const [{ slot, ref }] = slots;
    const { method } = slot;
    if (method.form === 'cursor') return asyncCursor(slots, instance, place);
    const binding = instance.bind(ref);
    if (method.form === 'bytes')
      return (input: Uint8Array, options?: CallOptions) => binding.call(input, options);
    const call = asyncRecord(method, binding, place);
    if (method.input.length === 0) return (options?: CallOptions) => call(undefined, options);
    return Object.assign(call, { many: many(method, binding, place) });
  }) as KindApi<K>;
}

/** Binds all methods of a kind to an instance, as {@link bindKind} does, but as blocking methods. */
export function bindKindSync<K extends Kind>(
  kind: K,
  instance: TierInstance,
  offered: Offered,
): KindApiSync<K> {
  return bindMethods(kind, instance, offered, (slots, place) => {
    const [{ slot, ref }] = slots;
    const { method } = slot;
    if (method.form === 'cursor') return syncCursor(slots, instance, place);
    const binding = instance.bind(ref);
    if (method.form === 'bytes')
      return (input: Uint8Array, options?: CallOptions) => binding.callSync(input, options);
    const call = syncRecord(method, binding, place);
    return method.input.length === 0 ? call : Object.assign(call, { many: manySync(method, binding, place) });
  }) as KindApiSync<K>;
}

/** The slots of a method: one, or the three of a cursor. */
type Slots = readonly [SlotRef, ...SlotRef[]];

function bindMethods(
  kind: Kind,
  instance: TierInstance,
  offered: Offered,
  bind: (slots: Slots, place: string) => unknown,
): unknown {
  requireKind('kind', kind);
  const present = checkOffer(kind, instance, offered);
  const api: Record<string, unknown> = {};
  for (const name of Object.keys(kind.methods)) {
    const [first, ...others] = present.get(name) ?? [];
    api[name] = first === undefined ? undefined : bind([first, ...others], `${kind.name}.${name}`);
  }
  return Object.freeze(api);
}

type RecordModel = MethodModel & { readonly form: 'record' };

/** The compiled code of methods with flat records. It is compiled once and bound to each instance. */
interface FlatMethod {
  readonly input: Layout;
  readonly output: Layout;
  readonly factory: RecordFactory;
}
const flat = new WeakMap<readonly FieldModel[], FlatMethod | null>();

/** Returns the compiled code of a method; null if one of its records is not flat. */
function flatMethod(method: RecordModel): FlatMethod | null {
  let known = flat.get(method.output);
  if (known === undefined) {
    const input = flatLayout(method.input);
    const output = flatLayout(method.output);
    known =
      input === null || output === null ? null : { input, output, factory: compileRecord(input, output) };
    flat.set(method.output, known);
  }
  return known;
}

function syncRecord(method: RecordModel, binding: TierBinding, place: string): RecordMethodCode['call'] {
  const code = flatMethod(method);
  if (code === null) return syncSpanMethod(method, binding, place);
  return code.factory(binding.record(code.input.size, code.output.size), place, refusal(binding)).call;
}

type AsyncRecordCall = SpanMethod['call'];

/**
 * Binds a record method as a method with a promise. If calls run on this thread, it is the blocking method.
 * Otherwise the same code writes the input and reads the output of a call with plain bytes, which copies its
 * input before it returns.
 */
function asyncRecord(method: RecordModel, binding: TierBinding, place: string): AsyncRecordCall {
  const code = flatMethod(method);
  if (code === null) return asyncSpanMethod(method, binding, place);
  return binding.blocking ? promised(method, code, binding, place) : sentRecord(code, binding, place);
}

/** Calls the blocking method. A call with options is sent like one of another tier, which checks them. */
function promised(
  method: RecordModel,
  code: FlatMethod,
  binding: TierBinding,
  place: string,
): AsyncRecordCall {
  const call = syncRecord(method, binding, place);
  let sent: AsyncRecordCall | undefined;
  return async (members, options) => {
    if (options === undefined) return method.input.length === 0 ? call() : call(members);
    sent ??= sentRecord(code, binding, place);
    return sent(members, options);
  };
}

function sentRecord(code: FlatMethod, binding: TierBinding, place: string): AsyncRecordCall {
  const { size } = code.output;
  const memory = looseRecord(code.input.size, size);
  const { write, read } = code.factory(memory, place, refusal(binding));
  const input = new Uint8Array(memory.input, 0, code.input.size);
  const output = new Uint8Array(memory.output, 0, size);
  return async (members, options) => {
    write(members);
    output.set(await binding.callRecord(input, size, options));
    return read();
  };
}
