/** Checks of group `resources` about what belongs to the whole process, and so to the host. */

import type { CheckDefinition } from '../definition.js';
import type { Severity } from '../verdict.js';

/** Milliseconds. */
const QUICK = 20_000;

interface Words {
  readonly title: string;
  readonly why: string;
  readonly fix: string;
}

function setting(name: string, severity: Severity, words: Words): CheckDefinition {
  const method = { type: 'scenario', timeout: QUICK } as const;
  return { id: `resources/${name}`, ...words, severity, level: 'strict', needs: ['calls/plain'], method };
}

export const settingChecks: readonly CheckDefinition[] = [
  setting('signal-handlers', 'error', {
    title: 'The plugin leaves all signal handlers as they are.',
    why: 'A handler is one for the whole process: the host no longer gets its signals, or no longer ends by them.',
    fix: 'Take signals with signalfd or sigwait on a thread of the plugin, or leave them to the host.',
  }),
  setting('signal-mask', 'error', {
    title: 'The plugin leaves the signal mask of the calling thread as it is.',
    why: 'A blocked signal never arrives: the host can then not be ended or woken by it.',
    fix: 'Restore the mask before the call returns (pthread_sigmask); block signals on threads of the plugin only.',
  }),
  setting('working-directory', 'error', {
    title: 'The plugin leaves the working directory as it is.',
    why: 'Every relative path in the host leads elsewhere from then on, also on other threads.',
    fix: 'Use openat and absolute paths instead of chdir.',
  }),
  setting('locale', 'error', {
    title: 'The plugin leaves the locale as it is.',
    why: 'Numbers are then written with a comma in the whole process, which breaks every parser that expects a point.',
    fix: 'Use newlocale with the functions that end in _l, or uselocale and restore it before the call returns.',
  }),
  setting('environment', 'error', {
    title: 'The plugin leaves the environment variables as they are.',
    why: 'setenv while another thread reads the environment is a crash, and what the host starts inherits the change.',
    fix: 'Take what can be chosen from the config, and hand an environment of its own to a program that you start.',
  }),
  setting('umask', 'error', {
    title: 'The plugin leaves the umask as it is.',
    why: 'Files that the host makes from then on may be readable or writable by everybody.',
    fix: 'Set the mode of the files that you make with fchmod.',
  }),
  setting('limits', 'warning', {
    title: 'The plugin leaves resource limits, priority, scheduling and allowed processors as they are.',
    why: 'They are the limits of the whole process, which its administrator has chosen.',
    fix: 'Say in the documentation what the plugin needs, and leave it to the host to set.',
  }),
  setting('standard-streams', 'error', {
    title: 'The plugin leaves standard input, output and error as they are.',
    why: 'Closed or redirected streams lose what the host prints, and a non-blocking one breaks other programs on the same terminal.',
    fix: 'Use host->log for messages, and files of your own for everything else.',
  }),
  setting('float-mode', 'error', {
    title: 'The plugin leaves rounding and the other modes of floating-point arithmetic as they are.',
    why: 'All arithmetic of the calling thread, also that of JavaScript, gives other results from then on.',
    fix: 'Restore them before the call returns (fesetenv), and do not link with -ffast-math, which sets them when the library is loaded.',
  }),
  setting('executable-memory', 'warning', {
    title: 'The plugin has no memory that is writable and executable at the same time.',
    why: 'It turns every overrun into a way to run foreign code, and hardened systems forbid it.',
    fix: 'Write code first, then make it executable and no longer writable (mprotect).',
  }),
];
