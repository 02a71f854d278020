/** Checks of group `abi`: what the entry points, the vtable and the extensions say. */
import type { CheckDefinition } from '../definition.js';

/** Milliseconds: these only load the library and ask it things. */
const QUICK = 10_000;

export const abiChecks: readonly CheckDefinition[] = [
  {
    id: 'abi/load',
    title: 'The library can be loaded, with everything that it needs.',
    why: 'A constructor that crashes or hangs, a missing library or an undefined symbol keeps every host from using the plugin.',
    fix: 'Link what is missing (-Wl,-z,defs finds it when you build), and do no work in constructors.',
    severity: 'error',
    level: 'basic',
    needs: ['file/entry-points'],
    method: { type: 'scenario', deadline: QUICK },
  },
  {
    id: 'abi/version',
    title: 'get_version returns the ABI version that the plugin was built for, and hosts of today accept it.',
    why: 'It is the first thing that a host calls, and decides whether anything else is read.',
    fix: 'Return TENON_ABI_VERSION of tenon.h, in static storage.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/load'],
    method: { type: 'scenario', deadline: QUICK },
  },
  {
    id: 'abi/name',
    title: 'get_name returns 1 to 63 letters, digits, dots, underscores or hyphens.',
    why: 'Hosts find a plugin by its name, and use it in paths and messages.',
    fix: 'Return a literal, in static storage.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/version'],
    method: { type: 'scenario', deadline: QUICK },
  },
  {
    id: 'abi/vtable',
    title: 'get_plugin returns a vtable whose slots are functions of this library.',
    why: 'Every call goes through it: a wrong slot is a jump to nowhere.',
    fix: 'Let TENON_PLUGIN or tenon::plugin! write the vtable.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/name'],
    method: { type: 'scenario', deadline: QUICK },
  },
];
