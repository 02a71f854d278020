/** Faults of admitted plugins: in `new`, in calls, in `drop`, and those that affect the whole process. */
import type { StatusName } from '../../src/base/abi.js';
import type { TenonErrorCode } from '../../src/base/errors.js';
import type { Death, FaultRow } from './table.js';

type Extra = Partial<FaultRow>;
type Where = FaultRow['where'];

/**
 * The default code of a fault in the process tier: the end of the process becomes an error, other codes are
 * the same.
 */
export function isolatedCode({
  where,
  code,
  death,
}: Pick<FaultRow, 'where' | 'code' | 'death'>): TenonErrorCode | null {
  if (where !== 'process' || death === undefined) return code;
  return death === 'hangs' ? 'ERR_TENON_TIMEOUT' : 'ERR_TENON_CRASHED';
}

const row = (
  where: Where,
  library: string,
  what: string,
  code: TenonErrorCode | null,
  extra: Extra = {},
): FaultRow => ({
  library,
  language: 'c',
  what,
  where,
  code,
  isolated: isolatedCode({ where, code, ...extra }),
  ...extra,
});
const call = (library: string, what: string, code: TenonErrorCode | null, extra: Extra = {}) =>
  row('call', library, what, code, extra);
const REASON = 'the reason of the failure';
const fails = (library: string, status: StatusName) =>
  call(library, `returns ${status} with a message`, 'ERR_TENON_CALL_FAILED', {
    status,
    mentions: REASON,
    next: 'ERR_TENON_CALL_FAILED',
  });
const breaks = (library: string, what: string, extra: Extra = {}) =>
  call(library, what, 'ERR_TENON_CONTRACT', { next: 'ERR_TENON_CONTRACT', ...extra });
const kind = (library: string, what: string, code: TenonErrorCode = 'ERR_TENON_BAD_VTABLE') =>
  call(library, what, code, { slot: 0, mentions: 'codec/1' });
const throws = (where: Where, library: string, what: string, extra: Extra = {}) =>
  row(where, library, what, 'ERR_TENON_PANIC', { language: 'c++', ...extra });
const dies = (library: string, what: string, death: Death, extra: Extra = {}) =>
  row('process', library, what, null, { death, ...extra });
const changes = (library: string, what: string) => row('process', library, what, null);

export const callRows: readonly FaultRow[] = [
  row('new', 'new-fails', 'fails in `new` with a message', 'ERR_TENON_NEW_FAILED', {
    status: 'TENON_FAILED',
    mentions: REASON,
  }),
  row('new', 'new-fails-silently', 'fails in `new` without a message', 'ERR_TENON_NEW_FAILED', {
    status: 'TENON_FAILED',
  }),
  row('new', 'new-returns-99', 'returns status 99 from `new`', 'ERR_TENON_CONTRACT', { mentions: '99' }),
  throws('new', 'throws-in-new', 'throws a C++ exception in `new`', { mentions: 'thrown by throws-in-new' }),
  fails('returns-failed', 'TENON_FAILED'),
  fails('returns-invalid', 'TENON_INVALID'),
  fails('returns-unsupported', 'TENON_UNSUPPORTED'),
  fails('returns-busy', 'TENON_BUSY'),
  fails('returns-no-memory', 'TENON_NO_MEMORY'),
  fails('returns-closed', 'TENON_CLOSED'),
  call('returns-panic', 'returns TENON_PANIC with a message', 'ERR_TENON_PANIC', {
    mentions: REASON,
    next: 'ERR_TENON_POISONED',
  }),
  call('returns-poisoned', 'returns TENON_POISONED', 'ERR_TENON_POISONED', { next: 'ERR_TENON_POISONED' }),
  breaks('returns-42', 'returns the status 42', { mentions: '42' }),
  breaks('returns-minus-one', 'returns the status -1', { mentions: '-1' }),
  breaks('len-over-capacity', 'claims more output than its capacity'),
  breaks('message-not-utf8', 'fails with a message that is not UTF-8'),
  breaks('writes-past-capacity', 'writes past the end of its output buffer'),
  breaks('ignores-reserve', 'writes although `reserve` refused'),
  breaks('moves-data', 'replaces its output buffer with memory of its own'),
  throws('call', 'throws-in-something', 'throws a C++ exception', {
    mentions: 'thrown by throws-in-something',
    next: 'ERR_TENON_POISONED',
  }),
  throws('call', 'throws-an-integer', 'throws an integer', {
    mentions: 'not a std::exception',
    next: 'ERR_TENON_POISONED',
  }),
  throws('call', 'throws-late', 'throws after writing part of its output', {
    mentions: 'thrown by throws-late',
    next: 'ERR_TENON_POISONED',
  }),
  throws('call', 'throws-in-method', 'throws in a method of a kind', {
    slot: 0,
    mentions: 'thrown by throws-in-method',
    next: 'ERR_TENON_POISONED',
  }),
  kind('kind-unmapped', 'returns an unmapped address as the table of a kind', 'ERR_TENON_BAD_POINTER'),
  kind('kind-garbage', 'returns a garbage address as the table of a kind', 'ERR_TENON_BAD_POINTER'),
  kind('kind-misaligned', 'returns a misaligned table of a kind'),
  kind('kind-cut-off', 'returns a table of a kind that extends past its mapping', 'ERR_TENON_BAD_POINTER'),
  kind('kind-slot-null', 'has NULL as a method of a kind'),
  kind('kind-slot-data', 'has a pointer to data as a method of a kind'),
  kind('kind-huge', 'states 268 million methods in the table of a kind'),
  kind('kind-too-small', 'states more methods than fit into the table of a kind'),
  call(
    'descriptor-disagrees-kinds',
    'lists a kind in its descriptor that it does not provide',
    'ERR_TENON_MISSING_KIND',
    { slot: 0 },
  ),
  call('leaks', 'leaks 1 MiB in each call', null),
  call('emits-reentrant', 'emits events inside a call', null),
  call('emits-foreign', 'emits events from its own thread', null),
  call('emits-flood', 'emits a million events in one call', null),
  row('close', 'emits-outlives', 'emits from a thread that outlives `drop`', null),
  row('close', 'throws-in-drop', 'throws a C++ exception in `drop`', null, { language: 'c++' }),
  call('settings-float-mode', 'turns subnormal numbers to zero when it is loaded', null),
  call('settings-handlers', 'replaces a signal handler in `new`', null),
  call('settings-symbols', 'has a function with the name of one in Node.js', null),
];

export const processRows: readonly FaultRow[] = [
  dies('process-segfault', 'writes to an unmapped address', { signal: 'SIGSEGV' }),
  dies('process-abort', 'aborts', { signal: 'SIGABRT' }),
  dies('process-illegal', 'runs an illegal instruction', { signal: 'SIGILL' }),
  dies('process-stack', 'overflows the stack', { signal: 'SIGSEGV' }),
  dies('process-divide', 'divides by zero', { signal: 'SIGFPE' }),
  dies('process-heap', 'corrupts the heap', { signal: 'SIGABRT' }),
  dies('process-exit', 'calls `exit(0)`', { exit: 0 }),
  dies('process-exit-now', 'calls `_exit(3)`', { exit: 3 }),
  dies('process-hang', 'never returns', 'hangs'),
  dies('process-in-new', 'writes to an unmapped address in `new`', { signal: 'SIGSEGV' }),
  dies(
    'process-in-drop',
    'writes to an unmapped address in `drop`',
    { signal: 'SIGSEGV' },
    { isolated: null },
  ),
  dies('second-call-segfaults', 'segfaults in the second call', {
    signal: 'SIGSEGV',
  }),
  dies('second-load-aborts', 'passes the probe and aborts in the next process that loads it', {
    signal: 'SIGABRT',
  }),
  changes('process-prints', 'prints to standard output and standard error'),
  changes('process-closes', 'closes the standard streams'),
  changes('process-directory', 'changes the working directory'),
  changes('process-locale', 'changes the locale'),
  changes('process-variable', 'sets an environment variable'),
  changes('process-signals', 'ignores a signal'),
  {
    ...changes('thread-local', 'leaves a thread-local object whose destructor runs when the thread ends'),
    language: 'c++',
  },
];
