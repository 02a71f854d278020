/**
 * The gates that a file passes, in order, on its way to becoming a plugin. Nothing later runs when an earlier one refuses;
 * the name of the gate stands in the error, its time in the result. What may be known beforehand (digest and facts of an
 * unchanged file, the verdict of the probe, the opened library) is kept by digest; policies are judged anew every time.
 */
import { performance } from 'node:perf_hooks';
import { asTenonError, TenonError } from '../base/errors.js';
import type { Gate } from '../base/gates.js';
import {
  checkDescriptor,
  checkEntryPoints,
  checkPlatform,
  checkStaticVTable,
  inspectFileSync,
  type LibraryFacts,
} from '../inspect/index.js';
import { type Library, openLibrary, type VTable } from '../library/library.js';
import { acceptVersion, type VersionRule } from '../library/version.js';
import { type Confinement, confinementKey } from '../tiers/process/confinement.js';
import { locate } from './locate.js';
import {
  type CopyRequest,
  ENTRY_POINTS_ONLY,
  identify,
  knownCopy,
  makeCopy,
  type PrivateCopy,
} from './private-copy.js';
import { probe } from './probe.js';
import type { Requirement } from './requirement.js';
import type { TrustPolicy } from './trust.js';
import type { StoredVerdict, Verdicts } from './verdicts.js';

/** How long a gate took. */
export interface GateTime {
  readonly gate: Gate;
  readonly ms: number;
}

/** `known-skips`: a digest that passed before is not probed again. `always` and `never` say it themselves. */
export type ProbeMode = 'known-skips' | 'always' | 'never';

/** What a host demands of its plugins. */
export interface AdmissionPolicy {
  readonly rule: VersionRule;
  readonly descriptor: 'optional' | 'required';
  readonly trust: TrustPolicy;
  /** What the safety suite must have said of the file; null if nothing. */
  readonly requirement: Requirement | null;
  readonly verdicts: Verdicts;
  readonly probe: { readonly mode: ProbeMode; readonly timeout: number };
  /** Folder for private copies; undefined for the default. */
  readonly cacheDir: string | undefined;
}

/** A file that passed all gates but `register`, which is the host's. */
export interface Admitted {
  /** The real path of the original file. */
  readonly path: string;
  /** The private copy, which is what runs. */
  readonly copy: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly digest: string;
  readonly name: string;
  /** The ABI version that it states. */
  readonly abi: string;
  /** Bits of `tenon_plugin.flags`. */
  readonly flags: number;
  readonly facts: LibraryFacts;
  /** The library, opened in this process; null where only another process may open it. */
  readonly opened: { readonly library: Library; readonly vtable: VTable } | null;
  readonly gates: GateTime[];
}

/**
 * Where the gates `open` to `vtable` are walked: in this process, after the probe has walked them, or, for the process tier, by the
 * probe and by the runner only, both confined as the plugin is to be.
 */
export type Entry = 'host' | Confinement;

/** Decides by the file's digest and its private copy where it is opened; refuses it by throwing. */
export type ChooseEntry = (digest: string, copy: string) => Promise<Entry>;

/** Opened libraries by digest; they live as long as the thread. */
const libraries = new Map<string, Library>();

/** Leads the file at `path` through the gates. @throws TenonError with the gate that refused */
export async function admit(
  path: string,
  policy: AdmissionPolicy,
  choose: ChooseEntry = async () => 'host',
): Promise<Admitted> {
  const gates: GateTime[] = [];
  const pass = async <T>(gate: Gate, step: () => T | Promise<T>): Promise<T> => {
    const start = performance.now();
    try {
      return await step();
    } catch (error) {
      throw asTenonError(error, 'ERR_TENON_LOAD_FAILED', `Cannot load ${path}`).with({ path, gate });
    } finally {
      gates.push({ gate, ms: performance.now() - start });
    }
  };
  const file = await pass('find', () => locate(path));
  await pass('trust', () => policy.trust.checkModes(file.path, file.stats));
  const identity = identify(file.stats, policy.cacheDir);
  const known = knownCopy(identity);
  await pass('inspect', () =>
    judgeFacts(known?.facts ?? inspectFileSync(file.path, ENTRY_POINTS_ONLY), path, policy),
  );
  const { copy, entry } = await pass('copy', async () => {
    const copy = known ?? (await makeCopy(requestOf(file.path, path, identity, policy)));
    if (known !== undefined) await vouch(path, known.digest, policy);
    return { copy, entry: await choose(copy.digest, copy.path) };
  });
  const verdict = await pass('probe', () => passProbe(copy, path, policy, entry));
  const admitted = { path: file.path, copy: copy.path, digest: copy.digest, facts: copy.facts, gates };
  if (entry !== 'host' && verdict !== undefined) {
    await pass('version', () => acceptVersion(verdict.version, policy.rule, path));
    return { ...admitted, name: verdict.name, abi: verdict.version, flags: verdict.flags, opened: null };
  }
  const library = await pass('open', () => openCopy(copy, path));
  const abi = await pass('version', () => {
    const version = library.version();
    acceptVersion(version, policy.rule, path);
    return version;
  });
  const name = await pass('name', () => library.pluginName());
  const vtable = await pass('vtable', () => {
    const found = library.vtable();
    checkAgainstDescriptor(path, copy.facts, { abi, name, size: found.size, flags: found.flags });
    return found;
  });
  return { ...admitted, name, abi, flags: vtable.flags, opened: { library, vtable } };
}

/** All that the bytes alone can be refused for. */
function judgeFacts(facts: LibraryFacts, path: string, policy: AdmissionPolicy): void {
  checkPlatform(facts);
  checkEntryPoints(facts);
  checkDescriptor(facts);
  if (facts.descriptor === null && policy.descriptor === 'required') {
    throw new TenonError(
      'ERR_TENON_BAD_DESCRIPTOR',
      `Cannot load ${path}: it exports no tenon_descriptor, and this host demands one. Use TENON_PLUGIN or tenon::plugin!, which write it.`,
    );
  }
  if (facts.descriptor !== null) acceptVersion(facts.descriptor.abi, policy.rule, path);
  checkStaticVTable(facts);
}

function requestOf(real: string, asked: string, identity: string, policy: AdmissionPolicy): CopyRequest {
  return {
    real,
    identity,
    cacheDir: policy.cacheDir,
    vouch: (digest) => vouch(asked, digest, policy),
    judge: (facts) => judgeFacts(facts, asked, policy),
    vouchDependency: (path, digest) => policy.trust.checkDigest(path, digest),
  };
}

/** Whether somebody vouches for the bytes: the user by digest, the safety suite by a record. */
async function vouch(asked: string, digest: string, policy: AdmissionPolicy): Promise<void> {
  await policy.trust.checkDigest(asked, digest);
  await policy.requirement?.check(asked, digest);
}

/** The verdict of the probe; undefined if it is not asked for. What only the runner will open is always probed. */
async function passProbe(
  copy: PrivateCopy,
  path: string,
  policy: AdmissionPolicy,
  entry: Entry,
): Promise<StoredVerdict | undefined> {
  const { mode, timeout } = policy.probe;
  if (mode === 'never' && entry === 'host') return undefined;
  const confinement = entry === 'host' ? undefined : entry;
  const key = confinement === undefined ? copy.key : `${copy.key}+${confinementKey(confinement)}`;
  const known = mode === 'always' ? undefined : await policy.verdicts.get(key);
  if (known !== undefined) return known;
  const accept = (version: string) => acceptVersion(version, policy.rule, path);
  const { name, version, size, flags } = await probe(copy.path, copy.facts, {
    timeout,
    accept,
    shown: path,
    confinement,
  });
  checkAgainstDescriptor(path, copy.facts, { abi: version, name, size, flags });
  const verdict: StoredVerdict = { name, version, size, flags, date: new Date().toISOString() };
  await policy.verdicts.add(key, verdict);
  return verdict;
}

function openCopy(copy: PrivateCopy, path: string): Library {
  const opened = libraries.get(copy.key) ?? openLibrary(copy.path, copy.facts, path);
  libraries.set(copy.key, opened);
  return opened;
}

/** A plugin whose descriptor says one thing and whose code says another is not to be trusted in anything. */
function checkAgainstDescriptor(
  path: string,
  { descriptor }: LibraryFacts,
  found: { abi: string; name: string; size: number; flags: number },
): void {
  if (descriptor === null) return;
  const pairs = [
    ['ABI version', descriptor.abi, found.abi],
    ['name', descriptor.name, found.name],
    ['vtable size', descriptor.vtableSize, found.size],
    ['flags', descriptor.flags, found.flags],
  ] as const;
  for (const [what, stated, actual] of pairs) {
    if (stated === actual) continue;
    throw new TenonError(
      'ERR_TENON_BAD_DESCRIPTOR',
      `Cannot load ${path}: its descriptor states the ${what} ${stated}, the loaded library says ${actual}. Rebuild it, and let the SDK's macro write both.`,
      { path, gate: 'vtable' },
    );
  }
}
