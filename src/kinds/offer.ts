/** The part of a kind that a plugin offers: its version, and which of the methods. */
import semver from 'semver';
import { TenonError } from '../base/errors.js';
import type { MethodRef, TierInstance } from '../tiers/tier.js';
import { type Kind, modelOf } from './kind.js';
import { type KindSlot, slotsOf } from './wire.js';

/** The kinds and versions in a plugin's descriptor; null without a descriptor. */
export type Offered = Readonly<Record<string, string>> | null;

/** A slot of a kind, and the references with which instances bind it. */
export interface SlotRef {
  readonly slot: KindSlot;
  /** The name of the slot without the kind. */
  readonly own: string;
  readonly ref: MethodRef;
}

const known = new WeakMap<Kind, readonly SlotRef[]>();

/** Returns the slots of a kind in the order of the method table. */
export function refsOf(kind: Kind): readonly SlotRef[] {
  let refs = known.get(kind);
  if (refs === undefined) {
    refs = slotsOf(modelOf(kind)).map((slot, index) => {
      const ref = { kind: kind.id, slot: index, name: `${kind.name}.${slot.name}` };
      return { slot, own: slot.name, ref };
    });
    known.set(kind, refs);
  }
  return refs;
}

/**
 * Returns the slots of a kind that a plugin has, by the names of their methods. A method of a later version than
 * that of the plugin is absent.
 * @throws TenonError ERR_TENON_MISSING_KIND; the message says which side to upgrade
 */
export function checkOffer(
  kind: Kind,
  instance: TierInstance,
  offered: Offered,
): ReadonlyMap<string, readonly SlotRef[]> {
  const version = offered === null ? null : checkVersion(kind, offered);
  const count = instance.methodCount(kind.id);
  const present = refsOf(kind).filter(({ slot }, index, all) => {
    const { since } = slot.method;
    if (since === undefined) return true;
    if (version !== null && semver.valid(version) !== null) return semver.gte(version, since);
    // A cursor of which the table has only some slots is absent.
    return all.every((one, at) => one.slot.method !== slot.method || at < count) && index < count;
  });
  checkCount(kind, count, present.length);
  const methods = new Map<string, SlotRef[]>();
  for (const one of present) {
    const { name } = one.slot.method;
    methods.set(name, [...(methods.get(name) ?? []), one]);
  }
  return methods;
}

function checkCount(kind: Kind, count: number, needed: number): void {
  if (count >= needed) return;
  throw missingKind(
    kind,
    count === 0
      ? `its get_extension does not know ${kind.id}. Use a plugin of this kind, or build it against this major version`
      : `its table ${kind.id} has ${count} of the ${needed} methods of version ${kind.version}. Upgrade the plugin`,
  );
}

/** Returns the version of the kind that a plugin offers. @throws TenonError ERR_TENON_MISSING_KIND */
export function checkVersion(kind: Kind, offered: Readonly<Record<string, string>>): string {
  const version = Object.hasOwn(offered, kind.name) ? offered[kind.name] : undefined;
  if (version === undefined) {
    const list = Object.entries(offered).map(([name, one]) => `${name} ${one}`);
    throw missingKind(
      kind,
      `its descriptor lists ${list.join(', ') || 'no kinds'}. Use a plugin of this kind`,
    );
  }
  if (semver.satisfies(version, kind.range)) return version;
  const comparable = semver.valid(version) !== null;
  const newer = comparable && semver.gtr(version, kind.range);
  const older = comparable && semver.ltr(version, kind.range);
  const cure = newer
    ? 'Upgrade the host'
    : older
      ? 'Upgrade the plugin'
      : 'Use a version that the host accepts';
  throw missingKind(kind, `it has version ${version} of the kind, this host accepts ${kind.range}. ${cure}`);
}

function missingKind(kind: Kind, problem: string): TenonError {
  return new TenonError(
    'ERR_TENON_MISSING_KIND',
    `Cannot use the plugin as ${kind.name} ${kind.version}: ${problem}.`,
  );
}
