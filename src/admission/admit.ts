/**
 * The gates of the admission: the checks that a file passes, in order, before it becomes a plugin. If a gate
 * refuses, no later gate runs. The error names the gate, and the result has the time of each gate. Results
 * that may be reused are kept by digest: the digest and facts of an unchanged file, the verdict of the probe,
 * and the opened library. Policies are evaluated every time.
 */
import { realpathSync, statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { loadAddon } from '../addon/addon.js';
import { asTenonError, TenonError } from '../base/errors.js';
import type { Gate } from '../base/gates.js';
import {
  checkDescriptor,
  checkEntryPoints,
  checkKindFacts,
  checkPlatform,
  checkStaticVTable,
  inspectFileSync,
  type LibraryFacts,
} from '../inspect/index.js';
import { type Library, openLibrary, prefersOwn, type VTable } from '../library/library.js';
import { acceptVersion, type VersionRule } from '../library/version.js';
import { type Confinement, confinementKey } from '../tiers/process/confinement.js';
import { isSystemFile } from './companions.js';
import { locate } from './locate.js';
import {
  compareLoaded,
  type LoadedLibrary,
  type OpeningEnvironment,
  type Vouched,
  vouchOutsiders,
} from './outsiders.js';
import { asDenied } from './permission.js';
import {
  type CopyRequest,
  dropCopy,
  ENTRY_POINTS_ONLY,
  identify,
  knownCopy,
  leaveCopy,
  makeCopy,
  type PrivateCopy,
  useCopy,
  withCopy,
} from './private-copy.js';
import { probe } from './probe.js';
import type { Requirement } from './requirement.js';
import type { TrustPolicy } from './trust.js';
import type { StoredVerdict, Verdicts } from './verdicts.js';

/** The duration of one gate. */
export interface GateTime {
  /** The name of the gate. */
  readonly gate: Gate;
  /** The duration in milliseconds. */
  readonly ms: number;
}

/**
 * The choice of the files that are probed in a throwaway process before they are loaded. `known-skips`: files
 * whose digest has not passed the probe before. `always`: every file. `never`: no file, except for plugins of
 * the process tier, which are always probed.
 */
export type ProbeMode = 'known-skips' | 'always' | 'never';

/** The requirements that a host has for its plugins. */
export interface AdmissionPolicy {
  /** The accepted ABI versions. */
  readonly rule: VersionRule;
  /** Whether a plugin must have a descriptor. */
  readonly descriptor: 'optional' | 'required';
  /** Refuses a file whose facts about kinds do not suit the host. */
  readonly judgeKinds: (facts: LibraryFacts, path: string) => void;
  /** The accepted owners, modes and digests of files. */
  readonly trust: TrustPolicy;
  /** The certificate of the safety suite that a file must have; null if it needs none. */
  readonly requirement: Requirement | null;
  /** The known verdicts of the probe. */
  readonly verdicts: Verdicts;
  /** The mode of the probe, and its timeout in milliseconds. */
  readonly probe: { readonly mode: ProbeMode; readonly timeout: number };
  /** The folder for private copies; undefined for the default. */
  readonly cacheDir: string | undefined;
  /** The bound on the bytes of a plugin's private copies: its file and its bundled libraries together. */
  readonly maxCopySize: number;
}

/** A file that passed all gates except `register`, which the host implements. */
export interface Admitted {
  /** The real path of the original file. */
  readonly path: string;
  /** The path of the private copy, which is the file that is loaded. */
  readonly copy: string;
  /** The files and folders of the copy and of the other libraries of the plugin, which its process reads. */
  readonly readable: readonly string[];
  /** Makes the copy again if it has disappeared, and runs a step that opens it. */
  withCopy<T>(step: () => Promise<T>): Promise<T>;
  /** Notes that a process runs the copy, until `leaveCopy` is called. */
  useCopy(): void;
  /** Notes the end of that, and removes a copy that is not used any more and will not be. */
  leaveCopy(): Promise<void>;
  /** Removes the copy, if nothing runs it and the admission is of no use. */
  dropCopy(): Promise<void>;
  /** The SHA-256 digest of the file in hexadecimal. */
  readonly digest: string;
  /** The name that the plugin states. */
  readonly name: string;
  /** The ABI version that the plugin states. */
  readonly abi: string;
  /** Bits of `tenon_plugin.flags`. */
  readonly flags: number;
  /** The facts that inspection found in the file. */
  readonly facts: LibraryFacts;
  /** The library, opened in this process; null if only another process may open it. */
  readonly opened: { readonly library: Library; readonly vtable: VTable } | null;
  /** The time of each gate, in order. */
  readonly gates: GateTime[];
}

/**
 * The process in which the gates `open` to `vtable` run. `host`: this process, after the probe has run them.
 * A confinement, for the process tier: only the probe and the runner, both confined like the plugin itself.
 */
export type Entry = 'host' | Confinement;

/**
 * Decides by the digest of a file where the file is opened. `readable` are the files and folders that a process
 * must read to load it, besides the copy itself. Throws to refuse the file.
 */
export type ChooseEntry = (digest: string, readable: readonly string[]) => Promise<Entry>;

/** An opened library, and the libraries that are not the system's which the loader chose for it. */
interface Opened {
  readonly library: Library;
  readonly chosen: readonly LoadedLibrary[];
}

/** The opened libraries by digest. They live as long as the thread. */
const libraries = new Map<string, Opened>();

/** Passes the file at `path` through the gates. @throws TenonError with the gate that refused */
export async function admit(
  path: string,
  policy: AdmissionPolicy,
  choose: ChooseEntry = async () => 'host',
): Promise<Admitted> {
  const gates: GateTime[] = [];
  const pass = passer(path, gates);
  const { file, identity, known } = await passFirst(path, policy, pass);
  const { copy, entry, vouched } = await pass('copy', async () => {
    const copy = known ?? (await makeCopy(requestOf(file.path, path, identity, policy)));
    if (known !== undefined) await vouch(path, known.digest, policy);
    const entry = await choose(copy.digest, readableOf(copy));
    return { copy, entry, vouched: await vouchOutsiders(copy, path, policy.trust, environmentOf(entry)) };
  });
  const opening = { copy, path, policy, entry, vouched };
  const verdict = await pass('probe', () => withCopy(copy, () => passProbe(opening)));
  const admitted = {
    ...{ path: file.path, copy: copy.path, digest: copy.digest, facts: copy.facts, gates },
    readable: readableOf(copy),
    withCopy: <T>(step: () => Promise<T>) => withCopy(copy, step),
    useCopy: () => useCopy(copy),
    leaveCopy: () => leaveCopy(copy),
    dropCopy: () => dropCopy(copy),
  };
  if (entry !== 'host' && verdict !== undefined) {
    await pass('version', () => acceptVersion(verdict.version, policy.rule, path));
    return { ...admitted, name: verdict.name, abi: verdict.version, flags: verdict.flags, opened: null };
  }
  const library = await pass('open', () => withCopy(copy, () => openCopy(opening)));
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

/** Runs the step of a gate. */
type Pass = <T>(gate: Gate, step: () => T | Promise<T>) => Promise<T>;

/** Returns a function that runs the step of a gate, notes its time, and makes its error one of the gate. */
function passer(path: string, gates: GateTime[]): Pass {
  return async (gate, step) => {
    const start = performance.now();
    try {
      return await step();
    } catch (error) {
      const failed =
        asDenied(error, path) ?? asTenonError(error, 'ERR_TENON_LOAD_FAILED', `Cannot load ${path}`);
      throw failed.with({ path, gate });
    } finally {
      gates.push({ gate, ms: performance.now() - start });
    }
  };
}

/** Passes the file through the gates that neither copy nor run it. */
async function passFirst(path: string, policy: AdmissionPolicy, pass: Pass) {
  const file = await pass('find', () => locate(path));
  await pass('trust', () => policy.trust.checkModes(file.path, file.stats));
  const identity = identify(file.stats, policy.cacheDir);
  const known = knownCopy(identity);
  const facts = await pass('inspect', () => {
    const found = known?.facts ?? inspectFileSync(file.path, ENTRY_POINTS_ONLY);
    judgeFacts(found, path, policy);
    return found;
  });
  return { file, identity, known, facts };
}

/**
 * Passes the file at `path` through the gates that neither copy nor run it. Returns its name and version as the
 * descriptor states them.
 * @throws TenonError with the gate that refused
 */
export async function screen(
  path: string,
  policy: AdmissionPolicy,
): Promise<{ readonly name: string | null; readonly version: string | null }> {
  const { facts } = await passFirst(path, policy, passer(path, []));
  return { name: facts.descriptor?.name ?? null, version: facts.descriptor?.version ?? null };
}

/** The arguments of the gates from `probe` on. */
interface Opening {
  readonly copy: PrivateCopy;
  /** The path that the user passed. */
  readonly path: string;
  readonly policy: AdmissionPolicy;
  readonly entry: Entry;
  readonly vouched: Vouched;
}

/** Checks everything for which the bytes alone can be refused. */
function judgeFacts(facts: LibraryFacts, path: string, policy: AdmissionPolicy): void {
  checkPlatform(facts);
  checkEntryPoints(facts);
  checkDescriptor(facts);
  checkKindFacts(facts);
  if (facts.descriptor === null && policy.descriptor === 'required') {
    throw new TenonError(
      'ERR_TENON_BAD_DESCRIPTOR',
      `Cannot load ${path}: it exports no tenon_descriptor, and this host requires one. Use TENON_PLUGIN or tenon::plugin!, which write it.`,
    );
  }
  if (facts.descriptor !== null) acceptVersion(facts.descriptor.abi, policy.rule, path);
  checkStaticVTable(facts);
  policy.judgeKinds(facts, path);
}

function requestOf(real: string, asked: string, identity: string, policy: AdmissionPolicy): CopyRequest {
  return {
    real,
    identity,
    cacheDir: policy.cacheDir,
    vouch: (digest) => vouch(asked, digest, policy),
    judge: (facts) => judgeFacts(facts, asked, policy),
    maxSize: policy.maxCopySize,
    vouchBundled: async (path, digest) => {
      const bundled = realpathSync(path);
      await policy.trust.checkModes(bundled, statSync(bundled, { bigint: true }));
      await policy.trust.checkDigest(path, digest);
    },
  };
}

/**
 * Checks that the bytes are approved: by the user's list of digests, and by a certificate of the safety
 * suite.
 */
async function vouch(asked: string, digest: string, policy: AdmissionPolicy): Promise<void> {
  await policy.trust.checkDigest(asked, digest);
  await policy.requirement?.check(asked, digest);
}

/**
 * Returns the verdict of the probe, or undefined if no probe is required. A file that only the runner will
 * open is always probed.
 */
async function passProbe(opening: Opening): Promise<StoredVerdict | undefined> {
  const { copy, path, policy, entry, vouched } = opening;
  const { mode, timeout } = policy.probe;
  if (mode === 'never' && entry === 'host') return undefined;
  if (mode === 'known-skips' && entry === 'host' && libraries.has(copy.key)) return undefined;
  const confinement = entry === 'host' ? undefined : entry;
  // In a plugin that has symbols of Node.js too, only a process of Node.js shows what the host will see.
  const likeHost = confinement === undefined && prefersOwn(copy.path, path);
  const place = likeHost ? `node ${process.version}` : confinement && confinementKey(confinement);
  const key = [copy.key, vouched.key, place ?? ''].filter((part) => part !== '').join('+');
  const known = mode === 'always' ? undefined : await policy.verdicts.get(key);
  if (known !== undefined) return known;
  const accept = (version: string) => acceptVersion(version, policy.rule, path);
  const { name, version, size, flags, loaded } = await probe(copy.path, copy.facts, {
    timeout,
    accept,
    shown: path,
    confinement,
    ...(likeHost ? { runner: null } : {}),
  });
  await compare(
    opening,
    loaded.map((one) => ({ path: one, name: null })),
  );
  checkAgainstDescriptor(path, copy.facts, { abi: version, name, size, flags });
  const verdict: StoredVerdict = { name, version, size, flags, date: new Date().toISOString() };
  await policy.verdicts.add(key, verdict);
  return verdict;
}

/** Opens the copy, and checks the libraries that the loader chose for it. */
async function openCopy(opening: Opening): Promise<Library> {
  const { copy, path } = opening;
  const { key, facts } = copy;
  const known = libraries.get(key);
  const library =
    known?.library ?? openLibrary(copy.path, facts, { shown: path, guard: true, keeper: loadAddon() });
  const isKnown = (one: string) => isSystemFile(one, facts.arch);
  const chosen = known?.chosen ?? library.chosen(isKnown).filter((one) => !isKnown(one.path));
  await compare(opening, chosen);
  libraries.set(key, { library, chosen });
  return library;
}

function compare({ copy, path, policy, vouched }: Opening, loaded: readonly LoadedLibrary[]): Promise<void> {
  return compareLoaded(loaded, copy, path, policy.trust, vouched);
}

/** Returns what a process must read to load a copy, besides the file itself. */
function readableOf({ place, outsiders }: PrivateCopy): string[] {
  return [...(place === null ? [] : [place]), ...outsiders.map(({ path }) => path)];
}

function environmentOf(entry: Entry): OpeningEnvironment {
  return entry === 'host' ? { env: process.env } : entry;
}

/**
 * Compares the plugin with its descriptor. A plugin that contradicts its descriptor cannot be trusted at all.
 */
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
