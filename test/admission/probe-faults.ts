/** Plugins that admission refuses, each with the error expected for it. */
import type { TenonErrorCode } from '../../src/base/errors.js';
import { onOpen, type PluginParts } from './compile.js';

export interface Fault {
  readonly what: string;
  readonly parts: PluginParts;
  readonly code: TenonErrorCode;
  readonly gate: string;
  readonly says: RegExp;
  readonly signal?: string;
}

const slot = (name: string, value: string, more = ''): PluginParts => ({
  prelude: `static char data[8];\n${more}`,
  plugin: `good.${name} = (void *)(${value}); return &good;`,
});

/** Faults that would end the host process if the probe did not run in a process of its own. */
export const CRASHES: readonly Fault[] = [
  {
    what: 'segfaults in a constructor',
    parts: onOpen('*(volatile int *)8 = 1;'),
    code: 'ERR_TENON_PROBE_CRASHED',
    gate: 'probe',
    signal: 'SIGSEGV',
    says: /crashed with SIGSEGV in a constructor, while the library was opened/,
  },
  {
    what: 'aborts in a constructor',
    parts: onOpen('fputs("giving up\\n", stderr); abort();'),
    code: 'ERR_TENON_PROBE_CRASHED',
    gate: 'probe',
    signal: 'SIGABRT',
    says: /SIGABRT in a constructor.*after it wrote "giving up"/,
  },
  {
    what: 'exits with code 0 in a constructor',
    parts: onOpen('exit(0);'),
    code: 'ERR_TENON_PROBE_EXITED',
    gate: 'probe',
    says: /exit code 0 in a constructor/,
  },
  {
    what: 'exits in get_version',
    parts: { version: '_exit(7);' },
    code: 'ERR_TENON_PROBE_EXITED',
    gate: 'probe',
    says: /exit code 7 in get_version/,
  },
  {
    what: 'segfaults in get_name',
    parts: { name: 'return *(const char *volatile *)16;' },
    code: 'ERR_TENON_PROBE_CRASHED',
    gate: 'probe',
    signal: 'SIGSEGV',
    says: /SIGSEGV in get_name/,
  },
  {
    what: 'traps in get_plugin',
    parts: { plugin: '__builtin_trap();' },
    code: 'ERR_TENON_PROBE_CRASHED',
    gate: 'probe',
    signal: 'SIGILL',
    says: /SIGILL in get_plugin/,
  },
  {
    what: 'writes to every open file descriptor',
    parts: onOpen('for (int fd = 3; fd < 256; fd++) (void)!write(fd, "mine\\n", 5);'),
    code: 'ERR_TENON_PROBE_CRASHED',
    gate: 'probe',
    says: /wrote "mine" to a file descriptor that it did not open/,
  },
];

/** Faults that do not end the process: the library has a symbol, an answer or a vtable that is wrong. */
export const REFUSALS: readonly Fault[] = [
  {
    what: 'has an undefined symbol',
    parts: { prelude: 'extern int not_defined(void);', name: 'not_defined(); return "x";' },
    code: 'ERR_TENON_LOAD_FAILED',
    gate: 'open',
    says: /loader says ".*undefined symbol: not_defined"/,
  },
  {
    what: 'exports get_name from a dependency',
    parts: {
      entries: `const char *get_version(void) { return "1.0.0"; }
const tenon_plugin *get_plugin(void) { return (void *)get_name; }`,
      flags: ['-Wl,--no-as-needed', '-L$FOLDER', '-l:donor.so', '-Wl,-rpath,$ORIGIN'],
    },
    code: 'ERR_TENON_BAD_SYMBOL',
    gate: 'open',
    says: /get_name resolves to another library \(.*donor\.so\), expected code of this library/,
  },
  ...(
    [
      ['NULL', 'return NULL;', /returned 0x0,/],
      ['the address 1', 'return (const char *)1;', /returned 0x1,/],
      ['an unmapped page', 'char *p = at_page_end(1); munmap(p, 4096); return p;', /no string can be read/],
      ['a protected page', 'return at_page_end(0);', /no string can be read/],
      ['a string that runs into a protected page', 'return at_page_end(0) - 100;', /no string can be read/],
    ] as const
  ).map(
    ([what, version, says]): Fault => ({
      what: `returns ${what} as its version`,
      parts: { version },
      code: 'ERR_TENON_BAD_POINTER',
      gate: 'version',
      says,
    }),
  ),
  ...(
    [
      ['a word', 'return "banana";', /returned "banana", expected a semantic version such as "1\.0\.0"/],
      ['a version with the prefix v', 'return "v1.0.0";', /returned "v1\.0\.0"/],
      ['an empty string', 'return "";', /returned ""/],
      [
        'a string of one megabyte',
        'char *p = malloc(1 << 20); memset(p, 49, (1 << 20) - 1); p[(1 << 20) - 1] = 0; return p;',
        /"1{80}…", longer than 255 bytes/,
      ],
      ['invalid UTF-8', 'return "1.0.0-\\xff\\xfe";', /"1\.0\.0-\\xff\\xfe", not UTF-8/],
    ] as const
  ).map(
    ([what, version, says]): Fault => ({
      what: `returns ${what} as its version`,
      parts: { version },
      code: 'ERR_TENON_BAD_VERSION',
      gate: 'version',
      says,
    }),
  ),
  {
    what: 'returns a number as its name',
    parts: { name: 'return (const char *)(intptr_t)42;' },
    code: 'ERR_TENON_BAD_POINTER',
    gate: 'name',
    says: /get_name returned 0x2a, where no string can be read/,
  },
  ...(['', 'two words', '../up', 'x'.repeat(64)] as const).map(
    (name): Fault => ({
      what: `has the name ${JSON.stringify(name.slice(0, 12))}`,
      parts: { name: `return "${name}";` },
      code: 'ERR_TENON_BAD_NAME',
      gate: 'name',
      says: /get_name returned "[^"]*".*expected 1 to 63 letters/,
    }),
  ),
  ...(
    [
      ['has no vtable', { plugin: 'return NULL;' }, /get_plugin returned NULL/],
      [
        'has a misaligned vtable',
        { plugin: 'return (void *)((char *)&good + 4);' },
        /not aligned to 8 bytes/,
      ],
      ['has an unmapped vtable', { plugin: 'return (void *)4096;' }, /returned 0x1000, which cannot be read/],
      [
        'has a vtable of 48 bytes',
        { plugin: 'good.size = 48; return &good;' },
        /size is 48, expected a multiple of 8 from 56/,
      ],
      ['has a vtable of 4 GiB', { plugin: 'good.size = 0xfffffff8; return &good;' }, /size is 4294967288/],
      [
        'has a vtable that ends in a protected page',
        { plugin: 'char *p = at_page_end(0) - 56; good.size = 64; memcpy(p, &good, 56); return (void *)p;' },
        /where 64 bytes cannot be read/,
      ],
      ['has NULL in slot new', slot('new', '0'), /slot new is NULL, expected code of this library/],
      [
        'has a pointer to data in slot drop',
        slot('drop', 'data'),
        /slot drop points to data of this library/,
      ],
      [
        'has a pointer to the heap in slot something',
        slot('something', 'malloc(64)'),
        /slot something points to memory of no library/,
      ],
      [
        'has an unmapped address in slot get_extension',
        slot('get_extension', '4096'),
        /slot get_extension points to unmapped/,
      ],
      [
        'has the function free of the C library in slot drop',
        slot('drop', 'free'),
        /slot drop points to another library \(/,
      ],
      [
        'exports get_version with one version and has a slot with another',
        slot('get_version', 'other', 'static const char *other(void) { return "2.0.0"; }'),
        /slot get_version says /,
      ],
      [
        'has a slot get_name that does not return a string',
        slot('get_name', 'other', 'static const char *other(void) { return (void *)7; }'),
        /slot get_name returned 0x7, where no string can be read/,
      ],
    ] as const
  ).map(
    ([what, parts, says]): Fault => ({
      what,
      parts,
      code: 'ERR_TENON_BAD_VTABLE',
      gate: 'vtable',
      says,
    }),
  ),
];

/** The dependency of the plugin that `exports get_name from a dependency`. */
export const DONOR: PluginParts = { entries: 'const char *get_name(void) { return "donor"; }' };
