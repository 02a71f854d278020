/** The rules of kinds. They are the same for definitions and for documents. */
import semver from 'semver';
import { METHODS } from '../base/abi.js';
import { invalidArgument } from '../base/errors.js';
import { shown } from '../base/options.js';
import { MAX_RECORD_SIZE } from './layout.js';
import { type FieldModel, type KindModel, LIMITS, type MemberModel, type TypeModel } from './model.js';
import { place, sizeOf, slotsOf } from './wire.js';

const KIND_NAME = /^[a-z][a-z0-9_-]{0,31}$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
/** An object with a member `then` would be treated as a promise, and `__proto__` is not an ordinary member. */
const RESERVED = ['then', '__proto__'];

/**
 * Checks a kind.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT; `argument` is the place, for example `methods.find.output.hits`
 */
export function checkModel(kind: KindModel): void {
  if (typeof kind.name !== 'string' || !KIND_NAME.test(kind.name)) {
    const rule = 'must be 1 to 32 of a-z, 0-9, _ and -, beginning with a letter';
    throw invalidArgument('name', `${rule}, not ${shown(kind.name)}`);
  }
  if (semver.valid(kind.version) !== kind.version)
    throw invalidArgument('version', `must be a semantic version such as 1.0.0, not ${shown(kind.version)}`);
  checkMethods(kind);
  distinct('events', kind.events);
  for (const event of kind.events) checkRecord(`events.${event.name}`, event.fields, 1);
  checkAliases(kind);
}

/** Refuses different types that have the same name in generated code. */
function checkAliases(kind: KindModel): void {
  const known = new Map<string, string>();
  const visit = (at: string, type: TypeModel): void => {
    if ('as' in type && type.as !== undefined) {
      const shape = JSON.stringify(type);
      if ((known.get(type.as) ?? shape) !== shape)
        throw invalidArgument(`${at}.as`, `must not be ${type.as}, which is the name of a different type`);
      known.set(type.as, shape);
    }
    if (type.form === 'list') visit(`${at}[]`, type.element);
    if (type.form === 'option') visit(at, type.value);
    if (type.form === 'record') for (const field of type.fields) visit(`${at}.${field.name}`, field.type);
    if (type.form !== 'union') return;
    for (const member of type.members) if (member.type !== null) visit(`${at}.${member.name}`, member.type);
  };
  const records = kind.methods.flatMap((method) => {
    if (method.form === 'bytes') return [];
    const at = `methods.${method.name}`;
    const { output, name } =
      method.form === 'record'
        ? { output: method.output, name: 'output' }
        : { output: method.item, name: 'cursor' };
    return [
      { at: `${at}.input`, fields: method.input },
      { at: `${at}.${name}`, fields: output },
    ];
  });
  const events = kind.events.map(({ name, fields }) => ({ at: `events.${name}`, fields }));
  for (const { at, fields } of [...records, ...events]) visit(at, { form: 'record', fields });
}

function checkMethods(kind: KindModel): void {
  const count = slotsOf(kind).length;
  if (count === 0 || count > METHODS.max)
    throw invalidArgument(
      'methods',
      `must take 1 to ${METHODS.max} slots (three for each cursor), not ${count}`,
    );
  distinct('methods', kind.methods);
  distinct('methods', slotsOf(kind));
  let last = `${semver.major(kind.version)}.0.0`;
  for (const method of kind.methods) {
    const at = `methods.${method.name}`;
    last = checkSince(`${at}.since`, method.since, last, kind.version);
    if (method.form === 'bytes') continue;
    checkRecord(`${at}.input`, method.input, 1);
    if (method.form === 'record') checkRecord(`${at}.output`, method.output, 1);
    else checkRecord(`${at}.cursor`, method.item, 3);
    if (method.form === 'cursor') checkElement(`${at}.cursor`, { form: 'record', fields: method.item });
  }
}

/** Checks the version that appended a method. Methods are in the order of these versions. */
function checkSince(at: string, since: string | undefined, last: string, version: string): string {
  if (since === undefined) {
    if (last.endsWith('.0.0')) return last;
    throw invalidArgument(at, `must not be missing behind a method that has it: new methods are appended`);
  }
  const valid = semver.valid(since) === since && semver.major(since) === semver.major(version);
  if (valid && semver.gte(since, last) && semver.lte(since, version)) return since;
  throw invalidArgument(at, `must be a version from ${last} to ${version}, not ${shown(since)}`);
}

function distinct(at: string, members: readonly MemberModel[]): void {
  const seen = new Set<string>();
  for (const { name } of members) {
    if (!NAME.test(name) || RESERVED.includes(name)) {
      const rule = `a name must be a letter or _ and at most 62 more letters, digits or _, and not one of ${RESERVED.join(', ')}`;
      throw invalidArgument(at, `has ${JSON.stringify(name)}, but ${rule}`);
    }
    if (seen.has(name)) throw invalidArgument(at, `has the name ${name} twice`);
    seen.add(name);
  }
}

/** Checks the fields of a record. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function checkRecord(at: string, fields: readonly FieldModel[], depth: number): void {
  distinct(at, fields);
  if (fields.length > LIMITS.fields)
    throw invalidArgument(at, `has ${fields.length} fields, but a record has at most ${LIMITS.fields}`);
  for (const field of fields) checkType(`${at}.${field.name}`, field.type, depth);
  const { size } = place(fields);
  if (size > MAX_RECORD_SIZE)
    throw invalidArgument(at, `has ${size} bytes, but a record has at most ${MAX_RECORD_SIZE}; use bytes`);
}

function checkType(at: string, type: TypeModel, depth: number): void {
  if (depth > LIMITS.depth) throw invalidArgument(at, `is nested deeper than ${LIMITS.depth} levels`);
  if ('as' in type && type.as !== undefined && !NAME.test(type.as))
    throw invalidArgument(`${at}.as`, `must be a name, not ${shown(type.as)}`);
  if (type.form === 'list') {
    checkType(`${at}[]`, type.element, depth + 1);
    checkElement(at, type.element);
  } else if (type.form === 'option') {
    if (type.value.form === 'option') throw invalidArgument(at, 'must not be an option of an option');
    checkType(at, type.value, depth + 1);
  } else if (type.form === 'record') {
    checkRecord(at, type.fields, depth + 1);
  } else if ('members' in type) {
    checkMembers(at, type, depth);
  }
}

/** Refuses elements without bytes: a few bytes could claim 2^32 of them. */
function checkElement(at: string, element: TypeModel): void {
  if (sizeOf(element) === 0) throw invalidArgument(at, 'has elements without fields');
}

function checkMembers(
  at: string,
  type: TypeModel & { members: readonly MemberModel[] },
  depth: number,
): void {
  const max = type.form === 'flags' ? LIMITS.flags : LIMITS.members;
  const count = type.members.length;
  if (count === 0 || count > max) throw invalidArgument(at, `must have 1 to ${max} members, not ${count}`);
  distinct(at, type.members);
  if (type.form !== 'union') return;
  for (const member of type.members)
    if (member.type !== null) checkType(`${at}.${member.name}`, member.type, depth + 1);
}
