/** Checks of group `lifecycle`: instances, from `new` to `drop`. */
import type { CheckDefinition } from '../definition.js';
import { configChecks } from './lifecycle-configs.js';
import { placeChecks } from './lifecycle-places.js';

/** One instance. */
const once = { type: 'scenario', timeout: 10_000 } as const;
/** Many of them, or many calls, of a plugin that may be slow. */
const method = { type: 'scenario', timeout: 30_000 } as const;

export const lifecycleChecks: readonly CheckDefinition[] = [
  {
    id: 'lifecycle/new',
    title: 'new makes an instance from the config, and drop ends it.',
    why: 'Everything else that a plugin does needs an instance.',
    fix: 'Return TENON_OK from new, or tell with --plugin-config which config the plugin needs.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/vtable'],
    method: once,
  },
  {
    id: 'lifecycle/state-written',
    title: 'new writes the instance to `*state` when it succeeds.',
    why: 'What a host has in there beforehand is its own affair: every call would get it for an instance.',
    fix: 'Set `*state`, to NULL in a plugin without state, before you return TENON_OK.',
    severity: 'error',
    level: 'basic',
    needs: ['lifecycle/new'],
    method: once,
  },
  {
    id: 'lifecycle/cycles',
    title: 'Instances can be made and dropped 1 000 times.',
    why: 'Hosts make an instance for each user, file or request, and run for months.',
    fix: 'Give back in drop everything that new has taken: memory, handles, places in tables.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method,
  },
  {
    id: 'lifecycle/interleaved',
    title: 'Instances that live at the same time do not notice each other.',
    why: 'One user gets the results of another one.',
    fix: 'Keep everything in the instance, nothing in global variables; or declare TENON_SINGLETON.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method,
  },
  {
    id: 'lifecycle/failed-new',
    title: 'A new that fails leaves nothing behind, and does not touch `*state`: the next one works.',
    why: 'Hosts show the message, let the user correct the config, and try again in the same process.',
    fix: 'Undo on every way out of new what was done before, locks and counters included; do not read `*state`.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain', 'lifecycle/empty-config', 'lifecycle/invalid-json', 'lifecycle/invalid-utf8'],
    method,
  },
  {
    id: 'lifecycle/drop-after-errors',
    title: 'An instance can be dropped after calls that have failed.',
    why: 'Drop is called exactly once for each instance, whatever has happened to it; a crash in it is the end of the host.',
    fix: 'Leave the instance in a state that drop understands on every way out of a call.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/capacity-zero', 'calls/reserve-fails'],
    method,
  },
  {
    id: 'lifecycle/drop-when-idle',
    title: 'An instance can be dropped when it was not called for a while.',
    why: 'Most instances of a host have nothing to do most of the time: what ends by a timer must not be missing at drop.',
    fix: 'Let drop stop and join what runs on its own, whether or not that has ended.',
    severity: 'error',
    level: 'torture',
    needs: ['calls/plain'],
    method,
  },
  ...configChecks,
  ...placeChecks,
];
