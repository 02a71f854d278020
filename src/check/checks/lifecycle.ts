/** Checks of group `lifecycle`: instances, from `new` to `drop`. */
import type { CheckDefinition } from '../definition.js';

/** Milliseconds. */
const QUICK = 10_000;

export const lifecycleChecks: readonly CheckDefinition[] = [
  {
    id: 'lifecycle/new',
    title: 'new makes an instance from the config, and drop ends it.',
    why: 'Everything else that a plugin does needs an instance.',
    fix: 'Return TENON_OK from new, or tell with --plugin-config which config the plugin needs.',
    severity: 'error',
    level: 'basic',
    needs: ['abi/vtable'],
    method: { type: 'scenario', deadline: QUICK },
  },
];
