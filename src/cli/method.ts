/** The method that `tenon call` calls: a method of a kind, by its slot or by its name. */
import { didYouMean } from '../base/options.js';
import { type Manifest, TenonError } from '../index.js';
import { type TypedMethod, typedMethod } from './kind/typed-call.js';
import { UsageError } from './usage.js';

/** A method in the form of the option. */
export type Method =
  | { readonly type: 'something' }
  | {
      readonly type: 'slot';
      readonly kind: string;
      readonly major: string | undefined;
      readonly slot: number;
    }
  | { readonly type: 'name'; readonly kind: string; readonly name: string };

/**
 * Parses `something`, `codec/1#0`, `codec#0` or `codec.encode`. `what` is the argument.
 * @throws UsageError
 */
export function readMethod(text: string, what = '--method'): Method {
  if (text === 'something') return { type: 'something' };
  const [, kind, major, slot] = /^([a-z][a-z0-9_-]*)(?:\/(\d{1,9}))?#(\d{1,3})$/.exec(text) ?? [];
  if (kind !== undefined) return { type: 'slot', kind, major, slot: Number(slot) };
  const [, named, name] = /^([a-z][a-z0-9_-]*)(?:\/\d{1,9})?\.([A-Za-z_]\w*)$/.exec(text) ?? [];
  if (named !== undefined && name !== undefined) return { type: 'name', kind: named, name };
  throw new UsageError(`${what} must be 'something', or like 'codec/1#0' or 'codec.encode', not '${text}'.`);
}

/** Returns the method that was given as an argument or as the option. @throws UsageError */
export function chosenMethod(named: string | undefined, option: string | undefined): Method {
  if (named !== undefined && option !== undefined)
    throw new UsageError(`the method is given twice: '${named}' and --method ${option}.`);
  return named === undefined ? readMethod(option ?? 'something') : readMethod(named, 'the method');
}

/** A slot of a plugin, and the typed method that it belongs to if it was found by its name. */
export interface FoundMethod {
  readonly kind: string;
  readonly slot: number;
  readonly typed: TypedMethod | null;
}

/** Returns the kind and slot of the method; null for `something`. @throws TenonError ERR_TENON_MISSING_KIND */
export function methodOf(method: Method, manifest: Manifest): FoundMethod | null {
  const { name: plugin, kinds, described } = manifest;
  if (method.type === 'something') return null;
  const { kind } = method;
  const version = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (method.type === 'slot' && method.major !== undefined)
    return { kind: `${kind}/${method.major}`, slot: method.slot, typed: null };
  if (version === undefined) throw missing(plugin, kind, kinds, described);
  const id = `${kind}/${version.split('.')[0]}`;
  if (method.type === 'slot') return { kind: id, slot: method.slot, typed: null };
  const typed = typedMethod(manifest, id, method.name);
  return { kind: id, slot: typed.first, typed };
}

function missing(plugin: string, kind: string, kinds: Manifest['kinds'], described: boolean): TenonError {
  const names = Object.keys(kinds);
  const offered = !described
    ? 'it has no descriptor, so its kinds are unknown. Give the id of the kind and the slot, such as codec/1#0'
    : `it offers ${names.join(', ') || 'no kinds'}`;
  const message = `Plugin ${plugin} has no kind '${kind}': ${offered}.${didYouMean(kind, names)}`;
  return new TenonError('ERR_TENON_MISSING_KIND', message, { plugin });
}
