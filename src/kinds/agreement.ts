/**
 * Whether a host's definition of a kind agrees with the facts about it in a plugin's file. Both are compared slot
 * by slot, by the hashes of the layouts, before any code of the plugin is called.
 */
import semver from 'semver';
import { hexOf } from '../base/bytes.js';
import { TenonError } from '../base/errors.js';
import type { KindFacts, LibraryFacts } from '../inspect/facts.js';
import { documentedSlots } from './documented.js';
import { type Kind, modelOf } from './kind.js';
import { type KindSlot, slotsOf } from './wire.js';

/** Refuses the facts of a file, or accepts them by returning. */
export type KindRule = (facts: LibraryFacts, path: string) => void;

/**
 * Returns the rule of a host for the facts of a file: the definitions of its kinds must agree with them. If facts
 * are required, the file must have them about all of its kinds.
 */
export function kindRule(kinds: readonly Kind[], required: boolean): KindRule {
  return (facts, path) => {
    if (required) requireFacts(facts, path);
    for (const kind of kinds) checkAgreement(kind, facts.kindFacts, `Cannot load ${path}`, path);
  };
}

/**
 * Compares a kind with the facts of a plugin. Without facts about the kind it accepts the plugin. Slots that only
 * one side has are not compared: a later minor version appends them.
 * @param task the beginning of the message: what cannot be done
 * @throws TenonError ERR_TENON_MISSING_KIND with both layouts, and the side to rebuild
 */
export function checkAgreement(
  kind: Kind,
  all: readonly KindFacts[],
  task: string,
  path: string | undefined,
): void {
  const facts = all.find((one) => one.id === kind.id);
  if (facts === undefined) return;
  for (const [index, slot] of slotsOfKind(kind).entries()) {
    const found = facts.hashes[index];
    if (found === undefined || found === hexOf(slot.hash)) continue;
    const message = `${task}: ${differenceOf(kind, facts, slot, index)} ${cureOf(kind, facts)}`;
    throw new TenonError('ERR_TENON_MISSING_KIND', message, { path });
  }
}

const slots = new WeakMap<Kind, readonly KindSlot[]>();

function slotsOfKind(kind: Kind): readonly KindSlot[] {
  let known = slots.get(kind);
  if (known === undefined) {
    known = slotsOf(modelOf(kind));
    slots.set(kind, known);
  }
  return known;
}

function differenceOf(kind: Kind, facts: KindFacts, slot: KindSlot, index: number): string {
  const theirs = documentedSlots(facts)?.[index];
  const name =
    theirs === undefined || theirs.name === slot.name ? '' : `, where the plugin has ${theirs.name}`;
  const found = theirs?.layout ?? `the hash ${facts.hashes[index]}`;
  const expected = theirs === undefined ? `${slot.layout}, hash ${hexOf(slot.hash)}` : slot.layout;
  return `the host and the plugin define the method ${kind.name}.${slot.name} (slot ${index}${name}) differently. The host (${kind.name} ${kind.version}) has ${expected}. The plugin (${kind.name} ${facts.version}) has ${found}.`;
}

/** Says which side to rebuild: that with the older version. */
function cureOf(kind: Kind, facts: KindFacts): string {
  const command = facts.document === null ? '' : " ('tenon kind bind FILE --lang ts' writes it)";
  const order = semver.compare(facts.version, kind.version);
  if (order < 0) return `The plugin has the older version: rebuild it for ${kind.name} ${kind.version}.`;
  const update = `the plugin's definition of ${kind.name} ${facts.version}${command}`;
  if (order > 0) return `The host has the older version: rebuild it with ${update}.`;
  return `Both have the same version, so one of them is out of date: rebuild the plugin, or rebuild the host with ${update}.`;
}

function requireFacts({ descriptor, kindFacts }: LibraryFacts, path: string): void {
  const rule = "this host requires facts about kinds (kinds: { facts: 'required' })";
  const cure = "Rebuild the plugin with the generated code of its kinds ('tenon kind bind')";
  if (descriptor === null) {
    const problem = 'it exports no tenon_descriptor, so its kinds are unknown';
    throw refusal(path, `${problem}, and ${rule}. ${cure}, and TENON_PLUGIN or tenon::plugin!`);
  }
  for (const [name, version] of Object.entries(descriptor.kinds)) {
    if (kindFacts.some(({ id }) => id === `${name}/${semver.major(version)}`)) continue;
    throw refusal(path, `it has no facts about its kind ${name} ${version}, and ${rule}. ${cure}`);
  }
}

function refusal(path: string, reason: string): TenonError {
  return new TenonError('ERR_TENON_BAD_DESCRIPTOR', `Cannot load ${path}: ${reason}.`, { path });
}
