/** Checks of group `resources` that concern what belongs to the host: its descriptors and its child processes. */
import type { CheckDefinition } from '../definition.js';

const method = { type: 'scenario', timeout: 20_000 } as const;

export const hostChecks: readonly CheckDefinition[] = [
  {
    id: 'resources/host-descriptors',
    title: 'The plugin closes only descriptors that it has opened.',
    why: 'A closed descriptor of the host is a lost connection or file. Its number is reused, and then the host writes into the file of something else.',
    fix: 'Close each descriptor once, on every path. Do not close all descriptors in the process of the host; a child process that runs another program may.',
    severity: 'error',
    level: 'strict',
    needs: ['resources/standard-streams'],
    method,
  },
  {
    id: 'resources/kept-descriptors',
    title: 'No descriptor is open just because the library was loaded.',
    why: 'Hosts load plugins to learn their names. Libraries stay loaded until the process ends, and with them what their constructors have opened.',
    fix: 'Open files and connections in new, and close them in drop.',
    severity: 'warning',
    level: 'strict',
    needs: ['abi/vtable'],
    method,
  },
  {
    id: 'resources/host-children',
    title: 'The plugin waits only for child processes that it has started.',
    why: 'A host that starts programs never receives their exit codes if the plugin has waited for them. Node.js then believes that they still run.',
    fix: 'Wait for a child by its id (waitpid(pid, ...)), and not for any child (wait, waitpid(-1, ...)). Do not ignore SIGCHLD.',
    severity: 'error',
    level: 'strict',
    needs: ['resources/signal-handlers'],
    method,
  },
];
