/** The differences between two versions of a kind, and what each means for hosts and plugins that exist. */
import semver from 'semver';
import type { FieldModel, KindModel, MemberModel, MethodModel, TypeModel } from './model.js';
import { eventId, wordsOfType } from './wire.js';

/**
 * The meaning of a change. `major`: the two versions do not understand each other. `minor`: the newer one has
 * more. `source`: nothing changes between host and plugin, but sources that use the old name no longer compile.
 */
export type ChangeVerdict = 'major' | 'minor' | 'source';

/** One difference. */
export interface KindChange {
  readonly verdict: ChangeVerdict;
  /** The place, for example `find.output.hits[].at`. */
  readonly at: string;
  /** The change in words. */
  readonly what: string;
}

/** The differences of two versions. */
export interface KindComparison {
  readonly changes: readonly KindChange[];
  /** The most severe verdict; null without changes. */
  readonly verdict: ChangeVerdict | null;
  /** Whether the version of the newer kind allows the changes. */
  readonly allowed: boolean;
  /** The lowest version that allows the changes. */
  readonly needed: string;
}

const ORDER: readonly ChangeVerdict[] = ['major', 'minor', 'source'];

/** Compares two versions of a kind. */
export function compareKinds(old: KindModel, now: KindModel): KindComparison {
  const list = new Changes();
  if (old.name !== now.name) list.add('major', 'name', `is ${now.name} instead of ${old.name}`);
  compareMethods(list, old, now);
  compareEvents(list, old, now);
  const changes = list.all.toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
  const verdict = changes[0]?.verdict ?? null;
  const needed = neededVersion(old.version, verdict);
  return { changes, verdict, needed, allowed: semver.gte(now.version, needed) };
}

function neededVersion(version: string, verdict: ChangeVerdict | null): string {
  if (verdict === null) return version;
  return semver.inc(version, verdict === 'source' ? 'patch' : verdict) ?? version;
}

class Changes {
  readonly all: KindChange[] = [];

  add(verdict: ChangeVerdict, at: string, what: string): void {
    this.all.push({ verdict, at, what });
  }
}

function compareMethods(list: Changes, old: KindModel, now: KindModel): void {
  const names = new Set(now.methods.map((method) => method.name));
  for (const [i, method] of old.methods.entries()) {
    const same = now.methods[i];
    const at = now.methods.findIndex((one) => one.name === method.name);
    if (at === i && same !== undefined) compareMethod(list, method, same);
    else if (at >= 0) list.add('major', method.name, `was moved: it was method ${i}, and is method ${at}`);
    else if (same !== undefined && !old.methods.some((one) => one.name === same.name)) {
      list.add('source', method.name, `was renamed to ${same.name}`);
      compareMethod(list, method, same);
    } else list.add('major', method.name, 'was removed');
    names.delete(method.name);
    if (at < 0 && same !== undefined) names.delete(same.name);
  }
  for (const [i, method] of now.methods.entries()) {
    if (names.has(method.name)) addedMethod(list, old, method, i);
  }
}

function addedMethod(list: Changes, old: KindModel, method: MethodModel, index: number): void {
  const { name, since } = method;
  if (index < old.methods.length) list.add('major', name, `was inserted as method ${index}`);
  else if (since === undefined)
    list.add('major', name, 'was appended without since, so every plugin must have it');
  else if (semver.gt(since, old.version)) list.add('minor', name, `was appended, since ${since}`);
  else list.add('major', name, `was appended since ${since}, but version ${old.version} does not have it`);
}

function compareMethod(list: Changes, old: MethodModel, now: MethodModel): void {
  const at = old.name;
  if (old.since !== now.since)
    list.add('major', at, `has since ${now.since ?? 'no version'} instead of ${old.since ?? 'no version'}`);
  if (old.form === 'record' && now.form === 'record') {
    compareFields(list, `${at}.input`, old.input, now.input);
    compareFields(list, `${at}.output`, old.output, now.output);
  } else if (old.form === 'cursor' && now.form === 'cursor') {
    compareFields(list, `${at}.input`, old.input, now.input);
    compareFields(list, `${at}.cursor`, old.item, now.item);
  } else if (old.form !== now.form)
    list.add('major', at, `is a method with ${FORMS[now.form]} instead of ${FORMS[old.form]}`);
}

const FORMS = { record: 'records', bytes: 'bytes', cursor: 'a cursor' } as const;

function compareFields(
  list: Changes,
  at: string,
  old: readonly FieldModel[],
  now: readonly FieldModel[],
): void {
  for (const [i, field] of old.entries()) {
    const place = `${at}.${field.name}`;
    const same = now[i];
    const index = now.findIndex((one) => one.name === field.name);
    if (index === i && same !== undefined) compareTypes(list, place, field.type, same.type);
    else if (index >= 0) list.add('major', place, `was moved: it was field ${i}, and is field ${index}`);
    else if (same !== undefined && !old.some((one) => one.name === same.name)) {
      list.add('source', place, `was renamed to ${same.name}`);
      compareTypes(list, place, field.type, same.type);
    } else list.add('major', place, 'was removed');
  }
  for (const [i, field] of now.entries()) {
    if (old.some((one) => one.name === field.name)) continue;
    const renamed = old[i] !== undefined && !now.some((one) => one.name === old[i]?.name);
    if (!renamed) list.add('major', `${at}.${field.name}`, 'was added');
  }
}

function compareTypes(list: Changes, at: string, old: TypeModel, now: TypeModel): void {
  if ('as' in old || 'as' in now) compareAliases(list, at, old, now);
  if (old.form === 'record' && now.form === 'record') compareFields(list, at, old.fields, now.fields);
  else if (old.form === 'list' && now.form === 'list')
    compareTypes(list, `${at}[]`, old.element, now.element);
  else if (old.form === 'option' && now.form === 'option') compareTypes(list, at, old.value, now.value);
  else if ('members' in old && 'members' in now && old.form === now.form) compareMembers(list, at, old, now);
  else if (old.form !== now.form || wordsOfType(old) !== wordsOfType(now)) retyped(list, at, old, now);
}

function retyped(list: Changes, at: string, old: TypeModel, now: TypeModel): void {
  list.add('major', at, `has type ${wordsOfType(now)} instead of ${wordsOfType(old)}`);
}

function compareAliases(list: Changes, at: string, old: TypeModel, now: TypeModel): void {
  if (old.form !== now.form) return;
  const [before, after] = [old, now].map((type) => ('as' in type ? type.as : undefined));
  if (before !== after)
    list.add(
      'source',
      at,
      `has the type name ${after ?? 'of its place'} instead of ${before ?? 'that of its place'}`,
    );
}

type Members = TypeModel & { readonly members: readonly MemberModel[]; readonly open: boolean };

function compareMembers(list: Changes, at: string, old: Members, now: Members): void {
  if (old.open !== now.open) {
    const change = now.open ? 'was opened: readers of the old version accept no other members' : 'was closed';
    list.add('major', at, change);
  }
  for (const [i, member] of old.members.entries()) {
    const place = `${at}.${member.name}`;
    const same = now.members[i];
    const index = now.members.findIndex((one) => one.name === member.name);
    if (index >= 0 && index !== i)
      list.add('major', place, `was moved: it was member ${i}, and is member ${index}`);
    else if (same === undefined) list.add('major', place, 'was removed');
    else {
      if (index !== i) list.add('source', place, `was renamed to ${same.name}`);
      compareMemberTypes(list, place, member, same);
    }
  }
  for (const member of now.members.slice(old.members.length)) {
    if (old.members.some((one) => one.name === member.name)) continue;
    const open = old.open && now.open;
    const why = open ? '' : ', but the type is closed';
    list.add(open ? 'minor' : 'major', `${at}.${member.name}`, `was appended${why}`);
  }
}

/** Compares the values of the members of a union. */
function compareMemberTypes(list: Changes, at: string, old: MemberModel, now: MemberModel): void {
  const [before, after] = [old, now].map((one) => ('type' in one ? (one.type as TypeModel | null) : null));
  if (before && after) compareTypes(list, at, before, after);
  else if (before || after) list.add('major', at, before ? 'has no value any more' : 'has a value now');
}

function compareEvents(list: Changes, old: KindModel, now: KindModel): void {
  for (const event of old.events) {
    const at = `events.${event.name}`;
    const same = now.events.find((one) => one.name === event.name);
    if (same === undefined) list.add('major', at, 'was removed or renamed');
    else {
      const before = list.all.length;
      compareFields(list, at, event.fields, same.fields);
      const changed = eventId({ ...old, version: now.version }, event) !== eventId(now, same);
      if (changed && !list.all.slice(before).some(({ verdict }) => verdict === 'major'))
        list.add('major', at, 'has another layout');
    }
  }
  for (const event of now.events)
    if (!old.events.some((one) => one.name === event.name))
      list.add('minor', `events.${event.name}`, 'was added');
}
