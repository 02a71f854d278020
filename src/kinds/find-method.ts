/** Finds methods of kinds by name. */
import { invalidArgument, TenonError } from '../base/errors.js';
import { shown } from '../base/options.js';
import { type MethodRef, SOMETHING, type TierBinding, type TierInstance } from '../tiers/tier.js';
import { type Kind, requireKind } from './kind.js';
import { checkVersion, refsOf } from './offer.js';

/** A method and its possible names. */
interface Named {
  readonly kind: Kind;
  readonly ref: MethodRef;
  /** The names from the shortest to the longest: `encode`, `codec.encode`, `codec/1.encode`. */
  readonly names: readonly [own: string, withKind: string, withId: string];
}

/**
 * Returns the method of that name. `encode` suffices if only one kind has the method; otherwise the name must
 * include the kind, as in `codec.encode`. The name `something` is the method that every plugin has.
 * @throws TenonError ERR_TENON_MISSING_KIND if none of the kinds has the method
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT if several kinds have it
 */
export function findMethod(kinds: readonly Kind[], name: string): MethodRef {
  return name === SOMETHING.name ? SOMETHING : lookUp(kinds, name).ref;
}

/**
 * Binds the method of that name; see {@link findMethod}. The version of its kind is checked first, as in
 * {@link checkOffer}.
 * @throws TenonError ERR_TENON_MISSING_KIND, ERR_TENON_INVALID_ARGUMENT, ERR_TENON_CLOSED
 */
export function bindMethod(
  kinds: readonly Kind[],
  name: string,
  instance: TierInstance,
  offered: Readonly<Record<string, string>> | null,
): TierBinding {
  if (name === SOMETHING.name) return instance.bind(SOMETHING);
  const { kind, ref } = lookUp(kinds, name);
  if (offered !== null) checkVersion(kind, offered);
  return instance.bind(ref);
}

function lookUp(kinds: readonly Kind[], name: string): Named {
  if (typeof name !== 'string' || name === '')
    throw invalidArgument('name', `must be the name of a method, not ${shown(name)}`);
  const all = kinds.flatMap(namesOf);
  const found = all.filter((one) => one.names.includes(name));
  const [first, second] = found;
  if (first === undefined) {
    const known = [SOMETHING.name, ...all.map((one) => one.ref.name)].join(', ');
    const cure = "Pass its kind in the host's option 'kinds', or use method(id, slot)";
    throw new TenonError(
      'ERR_TENON_MISSING_KIND',
      `Cannot find the method ${name}: the host knows ${known}. ${cure}.`,
    );
  }
  if (second === undefined) return first;
  const longer = found.map(({ names: [, withKind, withId] }) => (withKind === name ? withId : withKind));
  const candidates = [...new Set(longer)].join(', ');
  throw invalidArgument('name', `means more than one method: ${candidates}; name the kind too`);
}

function namesOf(kind: Kind): Named[] {
  requireKind('kind', kind);
  return refsOf(kind).map(({ own, ref }) => {
    return { kind, ref, names: [own, ref.name, `${kind.id}.${own}`] };
  });
}
