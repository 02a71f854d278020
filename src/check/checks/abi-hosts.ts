/** Checks of group `abi` that concern the host, as a plugin sees it. */
import type { CheckDefinition } from '../definition.js';

const method = { type: 'scenario', timeout: 30_000 } as const;

export const hostChecks: readonly CheckDefinition[] = [
  {
    id: 'abi/older-host',
    title: 'The plugin works in a host of ABI 1.0, and does not read past the end of its tenon_host.',
    why: 'The tenon_host of an older host ends before the newer members. The memory after it belongs to something else or is unmapped.',
    fix: 'Test TENON_HAS(host, member) before you access a member that ABI 1.0 does not have.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method,
  },
  {
    id: 'abi/newer-host',
    title: 'The plugin works in a host newer than itself, and ignores the parts that it does not know.',
    why: 'Every minor version may append members. A plugin that requires exactly the size in its own header fails with the next version.',
    fix: 'Check host->size only with TENON_HAS, ignore `reserved`, and keep the pointer to the host rather than a copy of the struct.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method,
  },
  {
    id: 'abi/host-memory',
    title: 'The plugin neither writes to its tenon_host nor dereferences `ctx`.',
    why: 'The struct belongs to the host. It may be shared by all instances or be in read-only memory, and `ctx` may not be a valid pointer.',
    fix: 'Keep data of the plugin in its instance.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method,
  },
];
