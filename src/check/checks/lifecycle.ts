/** Checks of group `lifecycle`: instances, from `new` to `drop`. */
import type { CheckDefinition } from '../definition.js';
import { configChecks } from './lifecycle-configs.js';
import { placeChecks } from './lifecycle-places.js';

/** The method of checks with one instance. */
const once = { type: 'scenario', timeout: 10_000 } as const;
/** The method of checks with many instances or many calls. The plugin may be slow. */
const method = { type: 'scenario', timeout: 30_000 } as const;

export const lifecycleChecks: readonly CheckDefinition[] = [
  {
    id: 'lifecycle/new',
    title: 'new creates an instance from the config, and drop destroys it.',
    why: 'Everything else that a plugin does needs an instance.',
    fix: 'Return TENON_OK from new, or pass the config that the plugin needs with --plugin-config.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/vtable'],
    method: once,
  },
  {
    id: 'lifecycle/state-written',
    title: 'new writes the instance to `*state` when it succeeds.',
    why: 'The host may initialise `*state` to any value. If new does not set it, every call receives that value as the instance.',
    fix: 'Set `*state` before you return TENON_OK. A plugin without state sets it to NULL.',
    severity: 'error',
    level: 'basic',
    needs: ['lifecycle/new'],
    method: once,
  },
  {
    id: 'lifecycle/cycles',
    title: 'Instances can be created and dropped 1 000 times.',
    why: 'Hosts create an instance for each user, file or request, and run for months.',
    fix: 'Release in drop everything that new acquires: memory, handles, table entries.',
    severity: 'error',
    level: 'strict',
    needs: ['threads/left-after-drop'],
    method,
  },
  {
    id: 'lifecycle/interleaved',
    title: 'Instances that exist at the same time do not affect each other.',
    why: 'Otherwise one user gets the results of another.',
    fix: 'Keep all state in the instance and none in global variables, or declare TENON_SINGLETON.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain', 'calls/uninitialised-memory'],
    method,
  },
  {
    id: 'lifecycle/failed-new',
    title: 'A failed new leaves nothing behind and does not use `*state`. The next new succeeds.',
    why: 'Hosts show the message, let the user correct the config, and try again in the same process.',
    fix: 'On every error path of new, undo the earlier steps, including locks and counters. Do not read `*state`.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain', 'lifecycle/empty-config', 'lifecycle/invalid-json', 'lifecycle/invalid-utf8'],
    method,
  },
  {
    id: 'lifecycle/drop-after-errors',
    title: 'An instance can be dropped after failed calls.',
    why: 'drop is called exactly once for each instance, in whatever state the instance is. A crash in drop ends the host.',
    fix: 'On every error path of a call, leave the instance in a state that drop can handle.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/capacity-zero', 'calls/reserve-fails'],
    method,
  },
  {
    id: 'lifecycle/drop-when-idle',
    title: 'An instance can be dropped after it has been idle for a while.',
    why: 'Most instances of a host are idle most of the time. drop must not depend on something that a timer has already ended.',
    fix: 'Make drop stop and join all background work, whether or not it has already ended.',
    severity: 'error',
    level: 'torture',
    needs: ['calls/plain'],
    method,
  },
  ...configChecks,
  ...placeChecks,
];
