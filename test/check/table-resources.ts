import type { Trip } from './table.js';

const trip = (fault: string, mentions: string): Trip => ({
  check: `resources/${fault}`,
  plugin: `resources-${fault}`,
  mentions,
});

export const resourceTrips: readonly Trip[] = [
  trip('leak-per-call', 'Memory in use grows by 32 bytes per call'),
  { ...trip('leak-per-call', 'grows by 4096 bytes per call'), plugin: 'resources-leak-of-pages' },
  trip('leak-per-instance', 'Memory in use grows by 32 bytes per instance'),
  trip('descriptors-per-call', '520 calls left 520 descriptors open, the last one for /dev/null'),
  trip('descriptors-per-instance', '520 instances left 520 descriptors open'),
  trip('threads-per-call', '160 calls left 160 threads running'),
  trip('failing-calls', '32 bytes are left by each call with the input ""'),
  {
    ...trip('failing-calls', 'for /dev/null, among them those of a call with the input ""'),
    plugin: 'resources-failing-calls-descriptor',
  },
  {
    ...trip('failing-calls', 'threads running, among them those of a call with the input ""'),
    plugin: 'resources-failing-calls-thread',
  },
  trip('failing-new', 'failing calls of new'),
  {
    ...trip('failing-new', 'descriptors open, the last one for /dev/null'),
    plugin: 'resources-failing-new-descriptor',
  },
  trip('odd-inputs', '112 bytes are left by each call with the input ""'),
  trip('calling-threads', 'Memory in use grows by 112 bytes per thread that came and went'),
  { ...trip('calling-threads', 'grows by 112 bytes per thread'), plugin: 'resources-calling-threads-local' },
  { ...trip('calling-threads', 'threads that came and went left'), plugin: 'resources-calling-threads-file' },
  trip('timers', 'The timer ITIMER_REAL was off and is armed after drop'),
  trip('child-processes', 'which has ended and was never waited for'),
  trip('files', 'left-behind.tmp'),
  trip('signal-handlers', 'The handler of SIGUSR2 was default and is resources-signal-handlers.so+0x'),
  trip('signal-mask', 'SIGUSR2 was not blocked and is blocked after a call'),
  trip('working-directory', 'and is / after a call'),
  trip('locale', 'The locale was C and is C.UTF-8 after a call'),
  trip('environment', 'The variable TENON_TRIP was absent and is "was here" after a call'),
  trip('umask', 'The umask was 0037 and is 0000 after a call'),
  trip('limits', 'RLIMIT_CPU was unlimited'),
  trip('standard-streams', 'non-blocking after a call'),
  trip('float-mode', 'Rounding was to nearest and is upward after a call'),
  trip('executable-memory', 'was 0 bytes and is 4096 bytes after a call'),
  trip('standard-output', 'bytes to standard output in a call, starting with "a plugin says hello"'),
  trip('standard-error', 'starting with "a plugin has something to complain about"'),
  {
    ...trip('load-time', 'expected at most 100 ms'),
    options: { rules: { 'file/constructors': { except: 'Only a constructor can make the load slow' } } },
  },
  trip('call-time', 'Most calls are a thousand times faster'),
  trip('stack', 'expected at most 256 KiB'),
  trip('host-descriptors', 'Descriptor 40, which the host had opened, is closed after a call'),
  {
    ...trip('kept-descriptors', '(/dev/zero) was opened while the library was loaded'),
    options: { rules: { 'file/constructors': { except: 'Only a constructor can open it' } } },
  },
  trip('host-children', 'A child process of the host was waited for in a call'),
  trip('descriptor-inheritance', '(/dev/null), open after a call, would be inherited'),
];
