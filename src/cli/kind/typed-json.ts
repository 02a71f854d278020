/**
 * Values of kinds as JSON. They differ from JavaScript's where JSON has no such value. Bytes are a string in
 * base64. An integer of 64 bits is a number, or a string if a number is not exact. A float that is not finite is the
 * string `NaN`, `Infinity` or `-Infinity`. An absent value is null.
 */
import { invalidArgument } from '../../base/errors.js';
import { didYouMean, isObject } from '../../base/options.js';
import type { FieldModel, TypeModel } from '../../kinds/model.js';

/**
 * Returns the values that JSON stands for. Those of a wrong type are returned as they are: the encoding refuses them.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT for a member that the record does not have
 */
export function fromJson(fields: readonly FieldModel[], json: unknown, at: string): unknown {
  if (!isObject(json) || Array.isArray(json)) return json;
  const names = fields.map(({ name }) => name);
  checkNames(json, names, at);
  const given = json as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    fields
      .filter(({ name }) => Object.hasOwn(given, name))
      .map(({ name, type }) => [name, valueFrom(type, given[name], `${at}.${name}`)]),
  );
}

function checkNames(json: object, names: readonly string[], at: string): void {
  const unknown = Object.keys(json).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const problem = `is not a field of ${at} (${names.join(', ') || 'it has none'})`;
  throw invalidArgument(`${at}.${unknown}`, problem, didYouMean(unknown, names));
}

function valueFrom(type: TypeModel, json: unknown, at: string): unknown {
  switch (type.form) {
    case 'scalar':
      return scalarFrom(type.scalar, json);
    case 'array':
      return Array.isArray(json) ? json.map((one: unknown) => scalarFrom(type.scalar, one)) : json;
    case 'bytes':
      return typeof json === 'string' && BASE64.test(json) ? Buffer.from(json, 'base64') : json;
    case 'list':
      return Array.isArray(json)
        ? json.map((one: unknown, i) => valueFrom(type.element, one, `${at}[${i}]`))
        : json;
    case 'option':
      return json === null ? undefined : valueFrom(type.value, json, at);
    case 'record':
      return fromJson(type.fields, json, at);
    case 'union': {
      if (!isObject(json)) return json;
      const { tag, value } = json as { readonly tag?: unknown; readonly value?: unknown };
      const member = type.members.find(({ name }) => name === tag);
      const inner = member?.type;
      return inner === undefined || inner === null
        ? json
        : { tag, value: valueFrom(inner, value, `${at}.${member?.name}`) };
    }
    default:
      return json;
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const NOT_FINITE = ['NaN', 'Infinity', '-Infinity'];

function scalarFrom(scalar: string, json: unknown): unknown {
  if (scalar === 'i64' || scalar === 'u64') {
    if (Number.isSafeInteger(json)) return BigInt(json as number);
    return typeof json === 'string' && /^-?\d{1,20}$/.test(json) ? BigInt(json) : json;
  }
  const isFloat = scalar === 'f32' || scalar === 'f64';
  return isFloat && typeof json === 'string' && NOT_FINITE.includes(json) ? Number(json) : json;
}

/** Returns a value that was decoded as JSON can have it. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === undefined) return null;
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>, toJson);
  if (Array.isArray(value)) return value.map(toJson);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]: [string, unknown]) => [name, toJson(one)]),
  );
}
