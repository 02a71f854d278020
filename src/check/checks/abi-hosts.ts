/** Checks of group `abi` that are about the host, as a plugin sees it. */
import type { CheckDefinition } from '../definition.js';

const method = { type: 'scenario', timeout: 30_000 } as const;

export const hostChecks: readonly CheckDefinition[] = [
  {
    id: 'abi/older-host',
    title: 'The plugin works in a host of ABI 1.0, and reads nothing behind the end of its tenon_host.',
    why: 'What an older host does not have is not there: what lies behind is other memory, or none.',
    fix: 'Test TENON_HAS(host, member) before you touch a member that 1.0 did not have.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method,
  },
  {
    id: 'abi/newer-host',
    title: 'The plugin works in a host that is newer than itself, and leaves alone what it does not know.',
    why: 'Members are appended in every minor version: a plugin that insists on the size of its own header ends with the next one.',
    fix: 'Compare host->size only by TENON_HAS, ignore `reserved`, and keep the pointer to the host instead of a copy of it.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method,
  },
  {
    id: 'abi/host-memory',
    title: 'The plugin neither writes to its tenon_host nor follows `ctx`.',
    why: 'The struct is the host’s, may be shared by all instances or lie in memory that cannot be written, and `ctx` may be no pointer at all.',
    fix: 'Keep what belongs to the plugin in its own instance.',
    severity: 'error',
    level: 'strict',
    needs: ['calls/plain'],
    method,
  },
];
