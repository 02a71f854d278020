/** Checks of group `abi`: entry points, vtable, extensions, and hosts of other versions. */
import type { CheckDefinition } from '../definition.js';
import type { Subject } from '../subject.js';
import { hostChecks } from './abi-hosts.js';

/** The method of checks that only load the library and call its entry points. */
const method = { type: 'scenario', timeout: 10_000 } as const;

const withoutDescriptor = ({ facts }: Subject) => (facts.descriptor === null ? 'it has no descriptor' : null);

export const abiChecks: readonly CheckDefinition[] = [
  {
    id: 'abi/load',
    title: 'The library and everything that it needs can be loaded.',
    why: 'No host can use the plugin if a constructor crashes or hangs, a library is missing, or a symbol is undefined.',
    fix: 'Link the missing library (-Wl,-z,defs reports undefined symbols at build time), and do no work in constructors.',
    severity: 'error',
    level: 'basic',
    needs: ['file/entry-points', 'file/libraries', 'file/versions'],
    method,
  },
  {
    id: 'abi/version',
    title: 'get_version returns the ABI version that the plugin was built for, and current hosts accept it.',
    why: 'It is the first function that a host calls. Its result decides whether the host reads anything else.',
    fix: 'Return TENON_ABI_VERSION from tenon.h, in static storage.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/load'],
    method,
  },
  {
    id: 'abi/name',
    title: 'get_name returns 1 to 63 letters, digits, dots, underscores or hyphens.',
    why: 'Hosts find a plugin by its name, and use the name in paths and messages.',
    fix: 'Return a string literal, which has static storage.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/version'],
    method,
  },
  {
    id: 'abi/vtable',
    title: 'get_plugin returns a vtable whose slots are functions of this library.',
    why: 'Every call goes through the vtable. A wrong slot makes the host jump to an arbitrary address.',
    fix: 'Let TENON_PLUGIN or tenon::plugin! write the vtable.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/name'],
    method,
  },
  {
    id: 'abi/descriptor',
    title: 'The descriptor and the loaded library agree on version, name, vtable size and flags.',
    why: 'Hosts decide by the descriptor, before they load the plugin. They refuse a plugin that contradicts its descriptor once it is loaded.',
    fix: 'Let TENON_PLUGIN or tenon::plugin! write the descriptor and the vtable from the same values.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/vtable', 'file/descriptor'],
    method: { ...method, skip: withoutDescriptor },
  },
  {
    id: 'abi/flags',
    title: 'The vtable sets only flags that the ABI defines.',
    why: 'Current hosts ignore other bits. If a later ABI gives such a bit a meaning, the plugin makes a promise that its author never made.',
    fix: 'Set only the TENON_ flags that tenon.h defines.',
    severity: 'warning',
    level: 'basic',
    needs: ['abi/vtable'],
    method,
  },
  {
    id: 'abi/kinds',
    title: 'get_extension returns a table for each kind that the descriptor lists.',
    why: 'Hosts choose plugins by the kinds in their descriptors, and then fail when they bind the first method.',
    fix: 'Return the table of the kind for NAME/MAJOR ("codec/1" for "codec/1.0.0"), or remove the kind from the descriptor.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/vtable', 'file/descriptor'],
    method: { ...method, skip: withoutDescriptor },
  },
  {
    id: 'abi/kind-tables',
    title:
      'The method table of a kind is well-formed and constant, and its slots are functions of this library.',
    why: 'Hosts read the table once, keep what they read, and call its slots. A wrong slot makes the host jump to an arbitrary address.',
    fix: 'Begin a static const table with TENON_KIND_HEADER, which writes its size and count, and fill every slot.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/kinds'],
    method,
  },
  {
    id: 'abi/unknown-extensions',
    title:
      'get_extension returns NULL for every id that is not exactly one of its own, and does not read past the end of the id.',
    why: 'The host takes any other result for a method table and calls its slots.',
    fix: 'Compare the whole id, not its beginning: strcmp(id, "codec/1") == 0.',
    severity: 'error',
    level: 'strict',
    needs: ['abi/vtable'],
    method,
  },
  {
    id: 'abi/stable-strings',
    title:
      'The version and the name never change: not in a later call, on another thread, or after an instance was created and dropped.',
    why: 'Hosts keep the pointers, and call these functions at any time from any thread.',
    fix: 'Return string literals. Do not build the strings in a buffer.',
    severity: 'error',
    level: 'strict',
    needs: ['lifecycle/new'],
    method,
  },
  {
    id: 'abi/constant-vtable',
    title: 'The vtable never moves or changes.',
    why: 'Hosts read the vtable once. They continue to use the old slots and flags of a vtable that changes.',
    fix: 'Make the vtable static const.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method,
  },
  ...hostChecks,
];
