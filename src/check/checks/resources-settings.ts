/** Checks of group `resources` that concern settings of the whole process, which belong to the host. */
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
    title: 'The plugin does not change signal handlers.',
    why: 'Signal handlers are process-wide. The host no longer receives its signals, or signals no longer end it.',
    fix: 'Receive signals with signalfd or sigwait on a thread of the plugin, or leave them to the host.',
  }),
  setting('signal-mask', 'error', {
    title: 'The plugin does not change the signal mask of the calling thread.',
    why: 'A blocked signal is never delivered, so it can neither end nor wake the host.',
    fix: 'Restore the mask before the call returns (pthread_sigmask). Block signals only on threads of the plugin.',
  }),
  setting('working-directory', 'error', {
    title: 'The plugin does not change the working directory.',
    why: 'Every relative path in the host then refers to another place, on all threads.',
    fix: 'Use openat and absolute paths instead of chdir.',
  }),
  setting('locale', 'error', {
    title: 'The plugin does not change the locale.',
    why: 'The whole process may then format numbers with a decimal comma, which breaks every parser that expects a point.',
    fix: 'Use newlocale with the functions that end in _l, or call uselocale and restore the locale before the call returns.',
  }),
  setting('environment', 'error', {
    title: 'The plugin does not change environment variables.',
    why: 'setenv can crash the process while another thread reads the environment. Programs that the host starts inherit the change.',
    fix: 'Take settings from the config. Pass a separate environment to a program that you start.',
  }),
  setting('umask', 'error', {
    title: 'The plugin does not change the umask.',
    why: 'Files that the host creates afterwards may be readable or writable by everyone.',
    fix: 'Set the mode of the files that you create with fchmod.',
  }),
  setting('limits', 'warning', {
    title: 'The plugin does not change resource limits, priority, scheduling or allowed processors.',
    why: 'These limits apply to the whole process, and its administrator has chosen them.',
    fix: 'Document what the plugin needs, and let the host set it.',
  }),
  setting('standard-streams', 'error', {
    title: 'The plugin does not change standard input, output or error.',
    why: 'Closing or redirecting a stream loses what the host prints. Making it non-blocking breaks other programs on the same terminal.',
    fix: 'Use host->log for messages, and your own files for everything else.',
  }),
  setting('float-mode', 'error', {
    title: 'The plugin does not change the rounding mode or the other floating-point modes.',
    why: 'All arithmetic on the calling thread, including that of JavaScript, gives different results afterwards.',
    fix: 'Restore the modes before the call returns (fesetenv). Do not link with -ffast-math, which changes them when the library is loaded.',
  }),
  setting('executable-memory', 'warning', {
    title: 'The plugin has no memory that is writable and executable at the same time.',
    why: 'Such memory lets an overrun execute injected code, and hardened systems forbid it.',
    fix: 'Write the code first, then make the memory executable and no longer writable (mprotect).',
  }),
];
