import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ProbeOptions, probe } from '../../src/admission/probe.js';
import { TenonError } from '../../src/base/errors.js';
import { inspectFileSync, type LibraryFacts } from '../../src/inspect/index.js';
import { standardLibrary } from '../../src/library/ffi.js';
import { buildDir, withAddon } from '../support/index.js';
import { compilePlugin, onOpen, type PluginParts } from './compile.js';
import { CRASHES, DONOR, REFUSALS } from './probe-faults.js';
import { built, inSandbox } from './sandbox.js';

const RLIMIT_CORE = 4;
const native = process.env.TENON_RUNNER ?? join(buildDir, 'Release', 'tenon-runner');
const programs = [
  ...(withAddon ? [{ program: 'the native runner', runner: native }] : []),
  { program: 'a Node child', runner: null },
];

// A Node child starts slowly on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let made = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenon-probe-'));
  compilePlugin(folder, 'donor', DONOR);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function compile(parts: PluginParts = {}): { path: string; facts: LibraryFacts } {
  made += 1;
  const path = compilePlugin(folder, `plugin${made}`, parts);
  return { path, facts: inspectFileSync(path) };
}

async function refused(run: Promise<unknown>): Promise<TenonError> {
  const error = await run.then(
    () => new Error('nothing was refused'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof TenonError)) throw error;
  return error;
}

/** The ids of the child processes of this one, and of processes whose command line contains the folder. */
function processes(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const parent = / \(.*\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1];
      return (
        parent === String(process.pid) || readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(folder)
      );
    } catch {
      return false;
    }
  });
}

function mapped(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'latin1');
  } catch {
    return '';
  }
}

/** The open pipes and sockets of this process. */
function descriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return /^(socket|pipe):/.test(target) ? [target] : [];
    } catch {
      return [];
    }
  });
}

describe.each(programs)('a probe by $program', ({ runner }) => {
  const run = (parts: PluginParts, options: Partial<ProbeOptions> = {}) => {
    const { path, facts } = compile(parts);
    return probe(path, facts, { accept: () => {}, runner, ...options });
  };

  test('reports the version, name and vtable of a valid plugin, with relative slots', async () => {
    const { path, facts } = compile();
    const accepted: string[] = [];
    const verdict = await probe(path, facts, { accept: (version) => accepted.push(version), runner });
    expect(verdict).toMatchObject({ version: '1.0.0', name: 'sample', size: 56, flags: 1 });
    expect(accepted).toEqual(['1.0.0']);
    const { get_version, get_extension, ...others } = verdict.slots;
    expect(get_version).toBe(facts.exports.find(({ name }) => name === 'get_version')?.address);
    expect(get_extension).toBe(0);
    for (const offset of Object.values(others)) {
      expect(facts.code.some(({ start, end }) => offset >= start && offset < end)).toBe(true);
    }
  });

  test.each([...CRASHES, ...REFUSALS])(
    'a plugin that $what is refused',
    async ({ parts, code, gate, signal, says }) => {
      const error = await refused(run(parts));
      expect(error.message).toMatch(says);
      expect(error).toMatchObject({ code, gate });
      expect(error.signal).toBe(signal);
    },
  );

  test('errors contain the path that the user gave instead of the one that was opened', async () => {
    const error = await refused(
      run(
        {
          flags: ['-Wl,--no-as-needed', '-lm', '-Wl,-z,now'],
          prelude: 'int not_defined(void);',
          name: 'not_defined();',
        },
        { shown: './mine.so' },
      ),
    );
    expect(error.path).toBe('./mine.so');
    expect(error.message).toMatch(
      /^Cannot load \.\/mine\.so: the system's loader says "\.\/mine\.so: undefined/,
    );
  });

  test('an unacceptable version is refused before the other entry points are called', async () => {
    const mismatch = new TenonError('ERR_TENON_VERSION_MISMATCH', 'too new');
    const parts = { version: 'return "9.0.0";', name: '__builtin_trap();', plugin: '__builtin_trap();' };
    const accept = () => {
      throw mismatch;
    };
    const error = await refused(run(parts, { accept }));
    expect(error).toBe(mismatch);
    expect(error.gate).toBe('version');
  });

  test.each([
    ['in a constructor', onOpen('for (;;) pause();')],
    ['in get_name', { name: 'for (;;) pause();' }],
  ] as const)('a plugin that hangs %s is killed after the timeout', async (where, parts) => {
    // The time that a Node child takes to start counts towards the timeout.
    const timeout = runner === null ? 6000 : 1500;
    const error = await refused(run(parts, { timeout }));
    expect(error).toMatchObject({ code: 'ERR_TENON_PROBE_TIMEOUT', gate: 'probe' });
    expect(error.message).toContain(`within ${timeout} ms ${where}`);
    expect(processes()).toEqual([]);
  });

  test('the error contains the last 16 KiB of each stream that the plugin printed to', async () => {
    const parts = onOpen(
      'for (int i = 0; i < 5000; i++) printf("line %d\\n", i); fprintf(stderr, "oh dear\\n"); abort();',
    );
    const error = await refused(run(parts));
    expect(error.stdout).toHaveLength(16 * 1024);
    expect(error.stdout).toMatch(/line 4999\n$/);
    expect(error.stderr).toBe('oh dear\n');
  });

  test('a plugin that prints and closes every low file descriptor still gets a verdict', async () => {
    const verdict = await run(
      onOpen('puts("hello"); fflush(stdout); for (int fd = 0; fd < 10; fd++) close(fd);'),
    );
    expect(verdict.name).toBe('sample');
  });

  test('children of the plugin that hold its pipes open neither delay the verdict nor survive it', async () => {
    const holding = 'if (fork() == 0) for (;;) pause();';
    // A probe that waited for the pipes to close would wait for this timeout, longer than the test may take.
    expect((await run(onOpen(holding), { timeout: 600_000 })).name).toBe('sample');
    const error = await refused(run(onOpen(`${holding} abort();`), { timeout: 600_000 }));
    expect(error.signal).toBe('SIGABRT');
    await expect.poll(processes, { timeout: 10_000 }).toEqual([]);
  });

  test('a sandbox that forbids process_vm_readv does not change a verdict', () => {
    const [good, bad] = [compile(), compile({ version: 'return at_page_end(0) - 8;' })];
    const found = inSandbox(`import { probe } from ${built('admission/probe.js')};
      import { inspectFileSync } from ${built('inspect/index.js')};
      const run = (path) => probe(path, inspectFileSync(path), { accept() {}, runner: ${JSON.stringify(runner)} });
      const refused = await run(${JSON.stringify(bad.path)}).catch((error) => error.code);
      console.log(JSON.stringify([(await run(${JSON.stringify(good.path)})).name, refused]));`);
    expect(found).toEqual(['sample', 'ERR_TENON_BAD_POINTER']);
  });

  test('a probe does not outlive a host that is killed', async () => {
    const { path } = compile(onOpen('for (;;) pause();'));
    const body = `import { probe } from ${built('admission/probe.js')};
      import { inspectFileSync } from ${built('inspect/index.js')};
      const options = { accept() {}, runner: ${JSON.stringify(runner)}, timeout: 60_000 };
      await probe(${JSON.stringify(path)}, inspectFileSync(${JSON.stringify(path)}), options);`;
    const host = spawn(process.execPath, ['--input-type=module', '-e', body], { stdio: 'ignore' });
    const ended = once(host, 'exit');
    const opened = () => processes().some((pid) => mapped(pid).includes(path));
    await expect.poll(opened, { timeout: 50_000 }).toBe(true);
    host.kill('SIGKILL');
    await ended;
    await expect.poll(processes, { timeout: 10_000 }).toEqual([]);
  });

  test('no core file is left behind by a crash', async () => {
    const limit = Buffer.alloc(16);
    const system = standardLibrary();
    system.func('getrlimit', 'int', ['int', 'void *'])(RLIMIT_CORE, limit);
    const raised = Buffer.concat([limit.subarray(8), limit.subarray(8)]);
    const set = system.func('setrlimit', 'int', ['int', 'void *']);
    set(RLIMIT_CORE, raised);
    await refused(run({ name: `chdir("${folder}"); abort();` }));
    set(RLIMIT_CORE, limit);
    expect(readdirSync(folder).filter((name) => name.startsWith('core'))).toEqual([]);
  });

  test('neither processes nor file descriptors are left after many probes', async () => {
    const bad = compile({ plugin: 'abort();' });
    const good = compile();
    const pair = async () => {
      await probe(good.path, good.facts, { accept: () => {}, runner });
      await refused(probe(bad.path, bad.facts, { accept: () => {}, runner }));
    };
    await pair();
    const before = descriptors().length;
    for (let round = 0; round < 5; round++) await pair();
    await Promise.all([pair(), pair()]);
    await expect.poll(() => descriptors().length).toBeLessThanOrEqual(before);
    expect(processes()).toEqual([]);
  });
});

test.each([
  ['slot drop points to data of this library', { plugin: 'good.drop = (void *)&good; return &good;' }],
  ['get_version returned 0x1', { version: 'return (const char *)1;' }],
  [
    'slot get_name says "a\\x22\\x0a", the exported get_name "sample"',
    {
      prelude: 'static const char *other(void) { return "a\\"\\n"; }',
      plugin: 'good.get_name = other; return &good;',
    },
  ],
])('both programs give the same message: %s', async (problem, parts) => {
  const { path, facts } = compile(parts);
  const messages = await Promise.all(
    programs.map(
      async ({ runner }) => (await refused(probe(path, facts, { accept: () => {}, runner }))).message,
    ),
  );
  expect(new Set(messages)).toEqual(new Set([messages[0]]));
  expect(messages[0]).toContain(problem);
});

test('a missing or invalid runner is reported as such and not as a fault of the plugin', async () => {
  const { path, facts } = compile();
  for (const runner of [join(folder, 'none'), '/bin/false', '/bin/cat']) {
    const error = await refused(probe(path, facts, { accept: () => {}, runner, timeout: 2000 }));
    expect(error.code).toMatch(/^ERR_TENON_UNSUPPORTED$/);
    expect(error.message).toContain(runner);
  }
});

test.each([0, -1, Number.NaN])('a timeout of %s is refused', async (timeout) => {
  const { path, facts } = compile();
  const error = await refused(probe(path, facts, { accept: () => {}, timeout }));
  expect(error).toMatchObject({ code: 'ERR_TENON_INVALID_ARGUMENT', argument: 'timeout' });
});

test.each(programs.flatMap(({ runner }) => runner ?? []))(
  'the runner %s prints its version and usage',
  (runner) => {
    expect(execFileSync(runner, ['--version'], { encoding: 'utf8' })).toBe('tenon-runner 1.0.0\n');
    for (const args of [[], ['probe'], ['dance', 'x']]) {
      expect(() => execFileSync(runner, args, { stdio: 'pipe' })).toThrow(/usage: tenon-runner probe FILE/);
    }
  },
);
