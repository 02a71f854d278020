/**
 * The corpus: plugins by honest authors. The correct ones must pass every check. The others have one realistic
 * mistake each, which the suite must find and name. `npm run test:check` measures what is found, and writes the
 * table of docs/check.md. test/check/corpus.test.ts compares a shorter run with this file.
 */

/**
 * A level of the suite, or the option without which a mistake is not found.
 *
 * @typedef {'basic' | 'strict' | 'torture' | 'fuzz' | 'sanitize'} Depth
 *
 * @typedef {object} CorpusPlugin
 * @property {string} name the name of the built file, without its extension
 * @property {string} source the file below this folder, or the crate
 * @property {readonly string[]} libraries the names of libraries in scripts/lib/corpus-libraries.mjs
 * @property {readonly string[]} defines macros for the compiler
 * @property {string | undefined} input the file below `inputs` that the plugin understands
 * @property {number | undefined} timeout the timeout of each check in milliseconds, for a plugin that hangs
 * @property {Record<string, {except: string}>} rules findings that are true of the plugin and accepted
 *
 * @typedef {CorpusPlugin & {blamed: readonly string[]}} CorrectPlugin `blamed`: the checks that wrongly fail or are
 *   incomplete now. Every entry is a fault of the suite.
 *
 * @typedef {object} MistakeFacts
 * @property {string} mistake the mistake in a few words
 * @property {readonly string[]} checks the checks that name the cause. Any of them is right.
 * @property {string} place a function or a variable that a good finding mentions
 * @property {Depth | undefined} found the least depth at which one of the checks finds it now. Undefined: it is not
 *   found yet.
 *
 * @typedef {CorpusPlugin & MistakeFacts} MistakenPlugin
 */

/** @returns {CorrectPlugin} */
const correct = (
  file,
  { libraries = [], input, blamed = [], name = stem(file), defines = [], rules = {} } = {},
) => ({
  name: `correct-${name}`,
  source: `correct/${file}`,
  libraries,
  defines,
  input,
  rules,
  blamed,
});

/** @returns {CorrectPlugin} */
const crate = (name, { input, blamed = [] } = {}) => ({
  name: `correct-${name}-rs`,
  source: `rust/correct/${name}`,
  libraries: [],
  defines: [],
  input,
  rules: {},
  blamed,
});

const stem = (file) => file.slice(0, file.lastIndexOf('.'));

/** @type {readonly CorrectPlugin[]} */
export const CORRECT = [
  correct('sqlite.c', { libraries: ['sqlite'] }),
  correct('lua.c', { libraries: ['lua'] }),
  correct('png-decode.c', { libraries: ['png'], input: 'colours.png' }),
  correct('png-encode.c', { libraries: ['png'] }),
  correct('curl.c', { libraries: ['curl'], input: 'reference.txt' }),
  correct('xml.c', { libraries: ['xml'], input: 'catalogue.xml' }),
  correct('openssl.c', { libraries: ['openssl'] }),
  correct('zstd.c', { libraries: ['zstd'] }),
  correct('zlib.c', { libraries: ['zlib'] }),
  correct('pcre2.c', { libraries: ['pcre2'] }),
  correct('pcre2.c', {
    libraries: ['pcre2'],
    name: 'pcre2-jit',
    defines: ['JIT'],
    rules: {
      'resources/executable-memory': { except: 'the code that the library generates is in such memory' },
    },
  }),
  correct('jpeg.c', { libraries: ['jpeg'] }),
  correct('expat.c', { libraries: ['expat'], input: 'catalogue.xml' }),
  correct('archive.c', { libraries: ['archive'] }),
  correct('brotli.c', { libraries: ['brotli'] }),
  correct('gmp.c', { libraries: ['gmp'] }),
  correct('pool.cc'),
  correct('cache.c'),
  correct('history.cc'),
  correct('hexdump.c'),
  correct('salt.c'),
  correct('lazy.c'),
  correct('ticker.cc'),
  correct('scratch.cc'),
  correct('spool.c'),
  correct('allocations.c'),
  correct('statistics.c'),
  crate('tokio'),
  crate('rayon'),
  crate('regex'),
  crate('json', { input: 'animal.json' }),
  crate('png', { input: 'colours.png' }),
  crate('moka'),
  crate('dashmap'),
];

/** @returns {MistakenPlugin} */
const mistaken = (file, mistake, found, place, checks, { libraries = [], input, timeout } = {}) => ({
  name: stem(file),
  source: `mistakes/${file}`,
  libraries,
  defines: [],
  input,
  rules: {},
  timeout,
  mistake,
  checks,
  place,
  found,
});

/** @returns {MistakenPlugin} */
const mistakenCrate = (name, ...facts) => ({
  ...mistaken(`${name}.rs`, ...facts),
  source: `rust/mistakes/${name}`,
});

/** The checks for effects of one instance on another on several threads. */
const CONCURRENT = ['threads/concurrent-instances', 'sanitize/thread'];

/** @type {readonly MistakenPlugin[]} */
export const MISTAKES = [
  mistaken('leak-in-failing-call.c', 'memory lost by a failing call', 'strict', 'copy_of', [
    'resources/failing-calls',
    'resources/odd-inputs',
    'resources/leak-per-call',
    'sanitize/address',
  ]),
  mistaken('leak-in-failing-new.c', 'memory lost by a failing new', 'strict', 'prefix_new', [
    'resources/failing-new',
    'resources/leak-per-instance',
    'lifecycle/failed-new',
    'sanitize/address',
  ]),
  mistaken('fd-in-failing-new.c', 'descriptor lost by a failing new', 'strict', 'log_new', [
    'resources/failing-new',
    'resources/descriptors-per-instance',
    'lifecycle/failed-new',
  ]),
  mistaken('fd-in-failing-call.c', 'descriptors lost by a failing call', 'strict', 'through_pipe', [
    'resources/failing-calls',
    'resources/odd-inputs',
    'resources/descriptors-per-call',
  ]),
  mistaken('leak-per-thread.c', 'memory lost by each thread that ends', 'strict', 'own_buffer', [
    'resources/calling-threads',
    'threads/many-threads',
    'sanitize/address',
  ]),
  mistaken(
    'xml-leak.c',
    'document of a library lost by a failing call',
    'strict',
    'validate',
    ['resources/failing-calls', 'resources/odd-inputs', 'resources/leak-per-call', 'sanitize/address'],
    {
      libraries: ['xml'],
      input: 'catalogue.xml',
    },
  ),
  mistaken('leak-in-drop.cc', 'a cycle of references, which drop does not free', 'basic', 'Make', [
    'resources/leak-per-instance',
    'resources/leak-per-call',
    'sanitize/address',
  ]),
  mistakenCrate('forgotten-box', 'Box::leak for each input', 'basic', 'intern', ['resources/leak-per-call']),
  mistaken('race-of-lengths.c', 'static length and digits', 'strict', 'length', CONCURRENT),
  mistaken('static-buffer.c', 'a static buffer that instances share', 'strict', 'buffer', CONCURRENT),
  mistaken('strtok.c', 'strtok, which has one position for all threads', 'strict', 'strtok', CONCURRENT),
  mistaken(
    'localtime.c',
    'localtime, which has one result for all threads',
    'strict',
    'localtime',
    CONCURRENT,
  ),
  mistaken('lock-order.c', 'two locks in either order', 'strict', 'move', [
    ...CONCURRENT,
    'threads/lock-order',
  ]),
  mistaken('refcount.c', 'a count of references without a lock', 'strict', 'references', [
    'threads/concurrent-new',
    'sanitize/thread',
  ]),
  mistaken('lazy-race.c', 'a flag that is set before its table is complete', 'torture', 'fill_table', [
    'threads/concurrent-first',
    'threads/concurrent-new',
    ...CONCURRENT,
  ]),
  mistaken('thread-counter.c', 'TENON_THREAD_SAFE without a lock', 'strict', 'number', [
    'threads/concurrent-calls',
    'sanitize/thread',
  ]),
  mistaken('pool-not-joined.cc', 'threads that drop does not join', 'basic', 'Run', [
    'threads/left-after-drop',
  ]),
  mistakenCrate('thread-left', 'a thread that drop does not join', 'basic', 'new', [
    'threads/left-after-drop',
  ]),
  mistaken('late-emit.cc', 'emit from a detached thread, 5 ms after the call', 'basic', 'EmitLater', [
    'threads/emit-after-drop',
    'threads/left-after-drop',
    'threads/slow-emit',
  ]),
  mistaken(
    'lock-kept.c',
    'an error path that keeps a lock',
    'strict',
    'add',
    ['calls/after-failure', 'calls/odd-input', 'fuzz/input'],
    { timeout: 15_000 },
  ),
  mistaken('decimal-comma.c', 'the decimal point of the locale', 'strict', 'mean', ['calls/decimal-comma']),
  mistaken('time-zone.c', 'a result that depends on the time zone', 'strict', 'day', [
    'calls/time-zone',
    'calls/deterministic',
  ]),
  mistaken('sticky-error.c', 'a global error that is never cleared', 'strict', 'failed', [
    'calls/same-after-failure',
    'lifecycle/interleaved',
    'calls/after-failure',
  ]),
  mistaken('errno.c', 'errno that is tested but not cleared', 'strict', 'parse', [
    'calls/errno',
    'calls/environments',
    'calls/after-failure',
    'lifecycle/interleaved',
  ]),
  mistaken('padding.c', 'padding with old memory in the result', 'strict', 'describe', [
    'calls/uninitialised-memory',
    'calls/unwritten-output',
  ]),
  mistaken('uninitialised.c', 'a result that one path does not set', 'strict', 'digits', [
    'calls/uninitialised-memory',
    'calls/unwritten-output',
    'calls/deterministic',
  ]),
  mistaken('tlv-overflow.c', 'overflow of a buffer, behind a magic of four bytes', 'torture', 'read_value', [
    'fuzz/input',
    'sanitize/address',
  ]),
  mistaken('length-overflow.c', 'a length that overflows in 32 bits', 'torture', 'sum', [
    'calls/odd-input',
    'calls/large-input',
    'calls/input-bounds',
    'calls/lengths',
    'fuzz/input',
    'sanitize/address',
  ]),
  mistaken('exact-size.c', 'a read past the end at some sizes', 'torture', 'checksum', [
    'calls/input-bounds',
    'calls/lengths',
    'fuzz/input',
    'sanitize/address',
  ]),
  mistaken('kept-input.c', 'the address of the last input', 'strict', 'compare', [
    'calls/retained-input',
    'sanitize/address',
  ]),
  mistaken('kept-out.cc', 'a thread that writes to the output after the call', 'strict', 'Complete', [
    'calls/retained-output',
    'sanitize/address',
    'sanitize/thread',
  ]),
  mistaken('unchecked-reserve.c', 'the result of reserve is not checked', 'strict', 'expand', [
    'calls/reserve-fails',
  ]),
  mistaken('config-past-end.c', 'a config that is read as a C string', 'strict', 'times_of', [
    'lifecycle/config-bounds',
    'sanitize/address',
  ]),
  mistaken('shift.c', 'an undefined shift', 'sanitize', 'set_of', ['sanitize/undefined']),
  mistaken('misaligned.c', 'reads through a misaligned pointer', 'sanitize', 'fold', [
    'sanitize/undefined',
    'calls/unaligned-input',
  ]),
  mistaken('double-free.c', 'an error path that frees twice', 'strict', 'keep', [
    'calls/heap',
    'calls/odd-input',
    'calls/one-byte',
    'fuzz/input',
    'sanitize/address',
  ]),
  mistaken('no-nul.c', 'a copy without a NUL', 'torture', 'trim', [
    'calls/heap',
    'sanitize/address',
    'calls/input-bounds',
    'fuzz/input',
  ]),
  mistaken('signed-index.c', 'a signed character as an index', 'torture', 'classify', [
    'calls/heap',
    'sanitize/address',
    'fuzz/input',
  ]),
  mistaken('stale-reference.cc', 'a reference into a vector that has grown', 'torture', 'Split', [
    'calls/heap',
    'sanitize/address',
    'calls/odd-input',
    'fuzz/input',
  ]),
  mistaken('snprintf-length.c', 'the result of snprintf as a length', 'strict', 'quote', [
    'calls/odd-input',
    'calls/large-input',
    'calls/lengths',
    'fuzz/input',
    'sanitize/address',
  ]),
  mistaken('recursion.c', 'recursion without a limit', 'torture', 'depth_at', [
    'calls/nested-input',
    'calls/odd-input',
    'calls/large-input',
    'fuzz/input',
  ]),
  mistaken('unwinding.cc', 'an exception that leaves the plugin', 'strict', 'Pick', [
    'calls/plain',
    'calls/odd-input',
    'calls/one-byte',
    'calls/lengths',
    'fuzz/input',
  ]),
  mistakenCrate('unwrap-utf8', 'unwrap of a conversion of the input', 'torture', 'something', [
    'calls/odd-input',
    'fuzz/input',
  ]),
];
