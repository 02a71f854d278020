/** Checks of group `abi`: what the entry points, the vtable and the extensions say, and to which hosts. */
import type { CheckDefinition } from '../definition.js';
import type { Subject } from '../subject.js';
import { hostChecks } from './abi-hosts.js';

/** These only load the library and ask it things. */
const method = { type: 'scenario', timeout: 10_000 } as const;

const withoutDescriptor = ({ facts }: Subject) => (facts.descriptor === null ? 'it has no descriptor' : null);

export const abiChecks: readonly CheckDefinition[] = [
  {
    id: 'abi/load',
    title: 'The library can be loaded, with everything that it needs.',
    why: 'A constructor that crashes or hangs, a missing library or an undefined symbol keeps every host from using the plugin.',
    fix: 'Link what is missing (-Wl,-z,defs finds it when you build), and do no work in constructors.',
    severity: 'error',
    level: 'basic',
    needs: ['file/entry-points', 'file/libraries', 'file/versions'],
    method,
  },
  {
    id: 'abi/version',
    title: 'get_version returns the ABI version that the plugin was built for, and hosts of today accept it.',
    why: 'It is the first thing that a host calls, and decides whether anything else is read.',
    fix: 'Return TENON_ABI_VERSION of tenon.h, in static storage.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/load'],
    method,
  },
  {
    id: 'abi/name',
    title: 'get_name returns 1 to 63 letters, digits, dots, underscores or hyphens.',
    why: 'Hosts find a plugin by its name, and use it in paths and messages.',
    fix: 'Return a literal, in static storage.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/version'],
    method,
  },
  {
    id: 'abi/vtable',
    title: 'get_plugin returns a vtable whose slots are functions of this library.',
    why: 'Every call goes through it: a wrong slot is a jump to nowhere.',
    fix: 'Let TENON_PLUGIN or tenon::plugin! write the vtable.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/name'],
    method,
  },
  {
    id: 'abi/descriptor',
    title: 'The descriptor says what the loaded library says: version, name, size of the vtable and flags.',
    why: 'Hosts judge a plugin by its descriptor before they load it, and refuse one that then turns out to be something else.',
    fix: 'Let TENON_PLUGIN or tenon::plugin! write the descriptor and the vtable from the same values.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/vtable', 'file/descriptor'],
    method: { ...method, skip: withoutDescriptor },
  },
  {
    id: 'abi/flags',
    title: 'The flags of the vtable are flags of the ABI.',
    why: 'Hosts of today ignore other bits. A later ABI gives them a meaning, and the plugin then promises what it does not know.',
    fix: 'Set only the TENON_ flags that tenon.h defines.',
    severity: 'warning',
    level: 'basic',
    needs: ['abi/vtable'],
    method,
  },
  {
    id: 'abi/kinds',
    title: 'get_extension knows each kind that the descriptor lists.',
    why: 'Hosts choose plugins by the kinds in their descriptors, and fail when they bind the first method.',
    fix: 'Answer NAME/MAJOR ("codec/1" for "codec/1.0.0") with the table of the kind, or take the kind out of the list.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/vtable', 'file/descriptor'],
    method: { ...method, skip: withoutDescriptor },
  },
  {
    id: 'abi/kind-tables',
    title:
      'The method table of a kind is well-formed, full of functions of this library, and always the same.',
    why: 'Hosts call its slots, read it once and keep what they read: a wrong slot is a jump to nowhere.',
    fix: 'Begin a static const table with TENON_KIND_HEADER, which writes its size and count, and fill every slot.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/kinds'],
    method,
  },
  {
    id: 'abi/unknown-extensions',
    title:
      'get_extension answers NULL to every id that it does not know exactly, and reads no further than its end.',
    why: 'A host takes another answer for a table of methods, and calls what is in there.',
    fix: 'Compare the whole id: strcmp(id, "codec/1") == 0, not its beginning.',
    severity: 'error',
    level: 'strict',
    needs: ['abi/vtable'],
    method,
  },
  {
    id: 'abi/stable-strings',
    title: 'Version and name stay as they are: when asked again, on another thread, and after an instance.',
    why: 'Hosts keep the pointers, and ask any time from any thread.',
    fix: 'Return literals. Do not build the strings in a buffer.',
    severity: 'error',
    level: 'strict',
    needs: ['lifecycle/new'],
    method,
  },
  {
    id: 'abi/constant-vtable',
    title: 'The vtable stays where and as it is.',
    why: 'Hosts read it once and call what they read; a table that changes is called by its old slots or flags.',
    fix: 'Make it static const.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method,
  },
  ...hostChecks,
];
