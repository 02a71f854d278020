/**
 * Values of kinds as JSON. They differ from JavaScript's where JSON has no such value. Bytes are a string in
 * base64. An integer of 64 bits is a number, or a string if a number is not exact. A float that is not finite is the
 * string `NaN`, `Infinity` or `-Infinity`. An absent value is null.
 */
import { didYouMean, isObject } from '../../base/options.js';
import type { Scalar } from '../../kinds/layout.js';
import type { FieldModel, MemberModel, NamesType, TypeModel, UnionType } from '../../kinds/model.js';
import { SCALARS } from '../../kinds/scalars.js';
import { isWellFormed } from '../../kinds/utf8.js';
import { shortened } from '../text.js';
import { UsageError } from '../usage.js';

/**
 * Returns the values that JSON stands for. `at` is the place of the record: `$` for all of the JSON.
 * @throws UsageError that names the place of a value that does not fit: `$.names[3]: expected a string, got 5`
 */
export function fromJson(fields: readonly FieldModel[], json: unknown, at: string): Record<string, unknown> {
  const names = fields.map(({ name }) => name);
  if (!isObject(json))
    throw wrong(at, `an object${names.length === 0 ? '' : ` with ${names.join(', ')}`}`, json);
  const unknown = Object.keys(json).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const known = names.length === 0 ? 'no fields' : names.join(', ');
    throw new UsageError(`${at}: expected ${known}, got ${shown(unknown)}.${didYouMean(unknown, names)}`);
  }
  const given = json as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    fields.map(({ name, type }) => {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      return [name, valueFrom(type, value, `${at}.${name}`)];
    }),
  );
}

/** `json` is undefined for a member that is missing. */
function valueFrom(type: TypeModel, json: unknown, at: string): unknown {
  switch (type.form) {
    case 'scalar':
      return scalarFrom(type.scalar, json, at);
    case 'array':
    case 'list':
      return arrayFrom(type, json, at);
    case 'str':
      return strFrom(json, at);
    case 'bytes':
      return bytesFrom(json, at);
    case 'option':
      return json === null || json === undefined ? undefined : valueFrom(type.value, json, at);
    case 'record':
      return fromJson(type.fields, json, at);
    case 'union':
      return unionFrom(type, json, at);
    case 'enum':
      return memberFrom(type, json, at);
    case 'flags':
      if (!Array.isArray(json)) throw wrong(at, 'an array of flags', json);
      return json.map((one: unknown, i) => memberFrom(type, one, `${at}[${i}]`));
  }
}

function arrayFrom(type: TypeModel & { form: 'array' | 'list' }, json: unknown, at: string): unknown[] {
  const element: TypeModel = type.form === 'list' ? type.element : { form: 'scalar', scalar: type.scalar };
  const isBytes = element.form === 'scalar' && element.scalar === 'u8';
  // Results have u8 in base64.
  const given = isBytes && typeof json === 'string' ? [...bytesFrom(json, at)] : json;
  const expected = type.form === 'list' ? 'an array' : `an array of ${type.length} elements`;
  if (!Array.isArray(given)) throw wrong(at, isBytes ? `${expected}, or a string in base64` : expected, json);
  if (type.form === 'array' && given.length !== type.length)
    throw new UsageError(`${at}: expected ${expected}, got ${given.length}.`);
  return given.map((one: unknown, i) => valueFrom(element, one, `${at}[${i}]`));
}

function strFrom(json: unknown, at: string): string {
  if (typeof json !== 'string') throw wrong(at, 'a string', json);
  if (isWellFormed(json)) return json;
  throw new UsageError(`${at}: expected a string without lone surrogates, got ${shown(json)}.`);
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Returns the bytes that a string in base64 stands for. @throws UsageError */
export function bytesFrom(json: unknown, at: string): Buffer {
  if (typeof json !== 'string' || !BASE64.test(json)) throw wrong(at, 'a string in base64', json);
  return Buffer.from(json, 'base64');
}

const NOT_FINITE = ['NaN', 'Infinity', '-Infinity'];
const BIG: Readonly<Record<string, string>> = {
  i64: 'an integer from -9223372036854775808 to 9223372036854775807, in quotes if it is above 2^53',
  u64: 'an integer from 0 to 18446744073709551615, in quotes if it is above 2^53',
};

function scalarFrom(scalar: Scalar, json: unknown, at: string): unknown {
  const value = numberFrom(scalar, json);
  if (SCALARS[scalar].accepts(value)) return value;
  throw wrong(at, BIG[scalar] ?? SCALARS[scalar].expected, json);
}

/** Converts JSON to the type of a scalar's values, where it can stand for one. */
function numberFrom(scalar: Scalar, json: unknown): unknown {
  if (scalar === 'i64' || scalar === 'u64') {
    if (Number.isSafeInteger(json)) return BigInt(json as number);
    return typeof json === 'string' && /^-?\d{1,20}$/.test(json) ? BigInt(json) : undefined;
  }
  const isFloat = scalar === 'f32' || scalar === 'f64';
  return isFloat && typeof json === 'string' && NOT_FINITE.includes(json) ? Number(json) : json;
}

/** A member of an enum or of flags by its name. An open one may have members that only have a number. */
function memberFrom({ form, members, open }: NamesType, json: unknown, at: string): unknown {
  const most = form === 'flags' ? 31 : 2 ** 32 - 1;
  if (open && typeof json === 'number' && Number.isInteger(json) && json >= 0 && json <= most) return json;
  return knownName(members, json, at);
}

function unionFrom({ members }: UnionType, json: unknown, at: string): unknown {
  if (!isObject(json)) throw wrong(at, 'an object with the member tag', json);
  const given = json as { readonly tag?: unknown; readonly value?: unknown };
  const tag = knownName(members, given.tag, `${at}.tag`);
  const type = members.find(({ name }) => name === tag)?.type ?? null;
  const unknown = Object.keys(json).find((name) => name !== 'tag' && (name !== 'value' || type === null));
  if (unknown !== undefined) {
    const known = type === null ? 'only tag' : 'tag and value';
    throw new UsageError(`${at}: expected ${known}, got ${shown(unknown)}.`);
  }
  return type === null ? { tag } : { tag, value: valueFrom(type, given.value, `${at}.value`) };
}

function knownName(members: readonly MemberModel[], json: unknown, at: string): string {
  const names = members.map(({ name }) => name);
  if (typeof json === 'string' && names.includes(json)) return json;
  const few = names.length <= 12 ? names : [...names.slice(0, 11), '…'];
  const hint = typeof json === 'string' ? didYouMean(json, names) : '';
  throw new UsageError(`${at}: expected ${few.join(', ')}, got ${shown(json)}.${hint}`);
}

function wrong(at: string, expected: string, json: unknown): UsageError {
  return new UsageError(`${at}: expected ${expected}, got ${shown(json)}.`);
}

/** Formats JSON for a message. */
function shown(json: unknown): string {
  if (json === undefined) return 'nothing';
  if (Array.isArray(json)) return 'an array';
  return isObject(json) ? 'an object' : shortened(JSON.stringify(json), 40);
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
