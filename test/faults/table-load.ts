/** Faults that a gate of admission refuses, each with its code and gate. */

import type { TenonErrorCode } from '../../src/base/errors.js';
import type { Gate } from '../../src/base/gates.js';
import type { Death, FaultRow } from './table.js';

type Extra = Partial<FaultRow>;

const load = (
  library: string,
  what: string,
  gate: Gate,
  code: TenonErrorCode,
  extra: Extra = {},
): FaultRow => ({
  library,
  language: 'c',
  what,
  where: 'load',
  code,
  isolated: code,
  gate,
  ...extra,
});

const missing = (library: string, what: string, mentions: string) =>
  load(library, what, 'inspect', 'ERR_TENON_MISSING_SYMBOL', { mentions });
const descriptor = (library: string, what: string, gate: Gate, mentions?: string) =>
  load(library, what, gate, 'ERR_TENON_BAD_DESCRIPTOR', mentions === undefined ? {} : { mentions });
const mismatch = (library: string, what: string, mentions: string) =>
  load(library, what, 'version', 'ERR_TENON_VERSION_MISMATCH', { mentions });
const pointer = (library: string, what: string, gate: Gate) =>
  load(library, what, gate, 'ERR_TENON_BAD_POINTER');
const version = (library: string, what: string) => load(library, what, 'version', 'ERR_TENON_BAD_VERSION');
const name = (library: string, what: string) => load(library, what, 'name', 'ERR_TENON_BAD_NAME');
const vtable = (library: string, what: string, mentions = '') =>
  load(library, what, 'vtable', 'ERR_TENON_BAD_VTABLE', { mentions });
const crash = (library: string, what: string, signal: NodeJS.Signals) =>
  load(library, what, 'probe', 'ERR_TENON_PROBE_CRASHED', {
    mentions: signal,
    death: { signal } satisfies Death,
  });
const exit = (library: string, what: string) =>
  load(library, what, 'probe', 'ERR_TENON_PROBE_EXITED', { death: { exit: 0 } satisfies Death });
const hang = (library: string, what: string) =>
  load(library, what, 'probe', 'ERR_TENON_PROBE_TIMEOUT', { death: 'hangs' });
/** Returns the rows of a place that does not return. */
const endsIn = (name: string, place: string) => [
  crash(`${name}-segfault`, `segfaults in ${place}`, 'SIGSEGV'),
  exit(`${name}-exit`, `calls \`exit(0)\` in ${place}`),
  hang(`${name}-hang`, `never returns from ${place}`),
];
/** Returns the rows of an entry point that returns a string that cannot be read. */
const unreadable = (gate: 'version' | 'name') => [
  pointer(`${gate}-null`, `returns NULL from \`get_${gate}\``, gate),
  pointer(`${gate}-forbidden`, `returns a page without read permission from \`get_${gate}\``, gate),
  pointer(`${gate}-unterminated`, `returns a ${gate} without a terminator in its mapping`, gate),
];

const inspected: readonly FaultRow[] = [
  missing('no-get-version', 'does not export `get_version`', 'get_version'),
  missing('no-get-name', 'does not export `get_name`', 'get_name'),
  missing('no-get-plugin', 'does not export `get_plugin`', 'get_plugin'),
  missing('no-entry-points', 'exports no entry point at all', 'get_version, get_name'),
  missing('borrowed-version', 'has `get_version` only in a library that it needs', 'get_version'),
  load(
    'version-is-data',
    'exports `get_version` as a string, not a function',
    'inspect',
    'ERR_TENON_BAD_SYMBOL',
  ),
  load('descriptor-other-major', 'has a descriptor of ABI 2.0.0', 'inspect', 'ERR_TENON_VERSION_MISMATCH', {
    mentions: '2.0.0',
  }),
  descriptor('descriptor-32-bit', 'has a descriptor for 4-byte pointers', 'inspect'),
  descriptor('descriptor-big-endian', 'has a descriptor for big-endian machines', 'inspect'),
  descriptor('descriptor-bad-magic', 'has a descriptor without the magic bytes', 'inspect'),
  descriptor('descriptor-bad-size', 'has a descriptor of 12 bytes', 'inspect'),
  descriptor('descriptor-bad-name', 'has the name `../../etc/passwd` in its descriptor', 'inspect'),
  descriptor('descriptor-no-name', 'has no name in its descriptor', 'inspect'),
  descriptor('descriptor-bad-version', 'has the plugin version `first` in its descriptor', 'inspect'),
  descriptor('descriptor-bad-kinds', 'has a malformed list of kinds in its descriptor', 'inspect'),
  load(
    'slot-null-static',
    'has NULL in the slot `something` of a constant vtable',
    'inspect',
    'ERR_TENON_BAD_VTABLE',
    { mentions: 'something' },
  ),
];

const probed: readonly FaultRow[] = [
  ...endsIn('constructor', 'a constructor'),
  crash('constructor-abort', 'aborts in a constructor', 'SIGABRT'),
  ...endsIn('version', '`get_version`'),
  ...endsIn('name', '`get_name`'),
  ...endsIn('vtable', '`get_plugin`'),
];

const opened: readonly FaultRow[] = [
  load('missing-dependency', 'needs a library that does not exist', 'open', 'ERR_TENON_LOAD_FAILED', {
    mentions: 'tenon-fault-gone',
  }),
  load('undefined-symbol', 'calls an undefined function', 'open', 'ERR_TENON_LOAD_FAILED', {
    mentions: 'fault_lent',
  }),
];

const versions: readonly FaultRow[] = [
  mismatch('version-zero', 'was built for ABI 0.0.0', '0.0.0'),
  mismatch('version-other-major', 'was built for ABI 2.0.0', '2.0.0'),
  mismatch('version-newer-minor', 'was built for ABI 1.99.0, a newer minor', '1.99.0'),
  mismatch('version-prerelease', 'was built for ABI 1.0.0-rc.1, a pre-release', '1.0.0-rc.1'),
  ...unreadable('version'),
  pointer('version-one', 'returns the address 1 from `get_version`', 'version'),
  pointer('version-in-nothing', 'returns an unmapped address from `get_version`', 'version'),
  version('version-banana', 'states the ABI version `banana`'),
  version('version-empty', 'states an empty ABI version'),
  version('version-endless', 'states an ABI version of 1 MiB'),
  version('version-not-utf8', 'states an ABI version that is not UTF-8'),
];

const names: readonly FaultRow[] = [
  ...unreadable('name'),
  pointer('name-integer', 'returns the integer 42 from `get_name`', 'name'),
  pointer('name-garbage', 'returns a garbage address from `get_name`', 'name'),
  name('name-empty', 'states an empty name'),
  name('name-too-long', 'states a name of 64 bytes'),
  name('name-bad-characters', 'states the name `../evil name`'),
  name('name-not-utf8', 'states a name that is not UTF-8'),
];

const slots = ['get_version', 'get_name', 'new', 'drop', 'something'];

const vtables: readonly FaultRow[] = [
  vtable('vtable-null', 'returns NULL from `get_plugin`', 'NULL'),
  vtable('vtable-unmapped', 'returns an unmapped address from `get_plugin`'),
  vtable('vtable-garbage', 'returns a garbage address from `get_plugin`'),
  vtable('vtable-misaligned', 'returns a vtable that is aligned to 4 bytes only', 'aligned'),
  vtable('vtable-cut-off', 'returns a vtable that extends past its mapping'),
  vtable('vtable-size-zero', 'states a vtable of 0 bytes', 'size'),
  vtable('vtable-size-small', 'states a vtable of 40 bytes, which has no `something`', '40'),
  vtable('vtable-size-absurd', 'states a vtable of 4 GiB', '4294967295'),
  ...slots.map((slot) =>
    vtable(`slot-null-${slot.replace('_', '-')}`, `has NULL in the slot \`${slot}\``, `${slot} is NULL`),
  ),
  vtable('slot-data', 'has a pointer to its own data in the slot `something`', 'something'),
  vtable('slot-heap', 'has a pointer to the heap in the slot `drop`', 'drop'),
  vtable('slot-foreign', 'has a pointer into the C library in the slot `new`', 'new'),
  vtable('slot-data-optional', 'has a pointer to data in the optional slot `get_extension`', 'get_extension'),
  vtable('vtable-other-version', 'has a vtable whose version differs from the exported one', 'get_version'),
  vtable('vtable-other-name', 'has a vtable whose name differs from the exported one', 'get_name'),
  vtable(
    'vtable-version-points',
    'returns an unmapped address from the `get_version` of the vtable',
    'get_version',
  ),
];

const disagreements: readonly FaultRow[] = [
  descriptor(
    'descriptor-disagrees-name',
    'states a different name in its descriptor',
    'vtable',
    'somebody-else',
  ),
  descriptor(
    'descriptor-disagrees-version',
    'states a different ABI version in its descriptor',
    'vtable',
    '1.0.7',
  ),
  descriptor('descriptor-disagrees-flags', 'states different flags in its descriptor', 'vtable', 'flags'),
  descriptor(
    'descriptor-disagrees-size',
    'states a different size of the vtable in its descriptor',
    'vtable',
    'size',
  ),
];

export const loadRows: readonly FaultRow[] = [
  ...inspected,
  ...probed,
  ...opened,
  ...versions,
  ...names,
  ...vtables,
  ...disagreements,
];
