/** The checks of a file's facts, before any of its code runs. The version of the ABI is checked elsewhere. */
import { ENTRY_POINTS, MAX_PLUGIN_SIZE, OPTIONAL_SLOTS, PLUGIN } from '../base/abi.js';
import { TenonError, type TenonErrorCode } from '../base/errors.js';
import { sameAbiName } from './entry-names.js';
import type { LibraryFacts, StaticSlot } from './facts.js';

/**
 * Checks the platform of the library.
 * @throws TenonError ERR_TENON_WRONG_PLATFORM if it is for another system or processor, or for 32 bits
 */
export function checkPlatform(
  facts: LibraryFacts,
  platform: string = process.platform,
  arch: string = process.arch,
): void {
  if (facts.bits === 64 && facts.os === platform && facts.arch === arch) return;
  const found = `${facts.os} ${facts.arch} (${FORMAT_NAMES[facts.format]}, ${facts.bits} bits)`;
  const advice =
    facts.bits === 64
      ? 'Build or fetch the plugin for this host'
      : 'Plugins are 64-bit: build it for a 64-bit processor';
  throw refusal(
    'ERR_TENON_WRONG_PLATFORM',
    facts,
    `found a library for ${found}, this host is ${platform} ${arch}. ${advice}`,
  );
}

const FORMAT_NAMES = { elf: 'ELF', pe: 'PE', macho: 'Mach-O' } as const;

/**
 * Checks that the library exports the entry points.
 * @throws TenonError ERR_TENON_MISSING_SYMBOL that names all missing entry points, or ERR_TENON_BAD_SYMBOL if
 * one is not a function of this library
 */
export function checkEntryPoints(facts: LibraryFacts): void {
  const exported = new Map(facts.exports.map((symbol) => [symbol.name, symbol]));
  const missing = ENTRY_POINTS.filter((name) => !exported.has(name));
  if (missing.length > 0) {
    const found = `it does not export ${enumerate(missing)}; a plugin exports the functions ${enumerate(ENTRY_POINTS)}`;
    throw refusal('ERR_TENON_MISSING_SYMBOL', facts, `${found}. ${missingAdvice(facts)}`);
  }
  for (const name of ENTRY_POINTS) {
    const type = exported.get(name)?.type;
    if (type === 'function') continue;
    const found = type === 'data' ? 'as data' : 'by forwarding to another library';
    throw refusal(
      'ERR_TENON_BAD_SYMBOL',
      facts,
      `${name} is exported ${found}, expected a function. ${USE_THE_SDK}`,
    );
  }
}

const USE_THE_SDK = 'The macros of the SDK write the entry points correctly (TENON_PLUGIN in tenon.h)';

/** Names as C++ compilers (Itanium, Microsoft) and rustc mangle them by default. */
const CPP_MANGLED = /^(_Z(?!N)|\?)/;
const RUST_MANGLED = /^(_ZN|_R)/;

function missingAdvice(facts: LibraryFacts): string {
  const near = facts.exports.find(
    (symbol) => sameAbiName(symbol) && !Object.hasOwn(EXACT_NAMES, symbol.name),
  );
  if (near === undefined)
    return `${USE_THE_SDK}. If the source defines them, they may be hidden: mark them TENON_EXPORT`;
  const cause = CPP_MANGLED.test(near.name)
    ? 'a C++ name: declare it extern "C"'
    : RUST_MANGLED.test(near.name)
      ? 'a Rust name: mark it #[no_mangle] extern "C"'
      : 'not the same name';
  return `It exports ${near.name}, ${cause}`;
}

const EXACT_NAMES = Object.fromEntries([...ENTRY_POINTS, 'tenon_descriptor'].map((name) => [name, true]));

/**
 * Checks the descriptor, if there is one.
 * @throws TenonError ERR_TENON_BAD_DESCRIPTOR if it cannot be decoded
 */
export function checkDescriptor(facts: LibraryFacts): void {
  if (facts.descriptorProblem === null) return;
  throw refusal(
    'ERR_TENON_BAD_DESCRIPTOR',
    facts,
    `its tenon_descriptor is malformed: ${facts.descriptorProblem}. Let the SDK write it (TENON_PLUGIN in tenon.h)`,
  );
}

/**
 * Checks the facts about kinds, if there are any.
 * @throws TenonError ERR_TENON_BAD_DESCRIPTOR if they cannot be decoded
 */
export function checkKindFacts(facts: LibraryFacts): void {
  for (const [id, problem] of Object.entries(facts.kindProblems)) {
    const found = `its facts about the kind ${id} are malformed: ${problem}`;
    const cure = "Let the generated code of the kind write them ('tenon kind bind')";
    throw refusal('ERR_TENON_BAD_DESCRIPTOR', facts, `${found}. ${cure}`);
  }
}

/**
 * Checks the vtable, if it is known without running code.
 * @throws TenonError ERR_TENON_BAD_VTABLE that names the slot
 */
export function checkStaticVTable(facts: LibraryFacts): void {
  const { vtable } = facts;
  if (vtable === null) return;
  const problem = sizeProblem(vtable.size, vtable.address) ?? firstSlotProblem(vtable.slots);
  if (problem === null) return;
  throw refusal(
    'ERR_TENON_BAD_VTABLE',
    facts,
    `${problem}. Let the SDK write the vtable (TENON_PLUGIN in tenon.h)`,
  );
}

function sizeProblem(size: number, address: number): string | null {
  if (address % PLUGIN.align !== 0) {
    return `its vtable is at address 0x${address.toString(16)}, expected a multiple of ${PLUGIN.align}`;
  }
  if (size >= PLUGIN.size && size <= MAX_PLUGIN_SIZE) return null;
  return `its vtable states a size of ${size} bytes, expected at least ${PLUGIN.size} and at most ${MAX_PLUGIN_SIZE}`;
}

function firstSlotProblem(slots: readonly StaticSlot[]): string | null {
  for (const { name, address, code } of slots) {
    if (code) continue;
    if (address !== 0)
      return `the slot \`${name}\` of its vtable points to 0x${address.toString(16)}, which is not code`;
    if (!OPTIONAL_SLOTS.some((optional) => optional === name)) {
      return `the slot \`${name}\` of its vtable is NULL, expected a function`;
    }
  }
  return null;
}

function enumerate(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function refusal(code: TenonErrorCode, facts: LibraryFacts, reason: string): TenonError {
  return new TenonError(code, `Cannot load ${facts.path}: ${reason}.`, { path: facts.path });
}
