import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { inspectFileSync } from '../../src/inspect/index.js';
import { addressOf, ffi, standardLibrary } from '../../src/library/ffi.js';
import { type Library, openLibrary } from '../../src/library/library.js';
import { compilePlugin, type PluginParts } from '../admission/compile.js';
import { DONOR, REFUSALS } from '../admission/probe-faults.js';
import { root } from '../support/index.js';
import { Because, cannotBeSanitized } from '../support/sanitized.js';

let folder: string;
let made = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenon-library-'));
  compilePlugin(folder, 'donor', DONOR);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function compile(parts: PluginParts = {}): string {
  made += 1;
  return compilePlugin(folder, `library${made}`, parts);
}
const open = (path: string): Library => openLibrary(path, inspectFileSync(path));

function refusedAt(path: string): TenonError {
  try {
    const library = open(path);
    library.version();
    library.pluginName();
    library.vtable();
  } catch (error) {
    if (error instanceof TenonError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** A plugin that counts the calls of its entry points, and exports the counter as `count`. */
const COUNTING: PluginParts = {
  prelude: `static int calls;
TENON_EXPORT int count(void) { return calls; }`,
  version: 'calls += 1; return "1.0.0";',
  name: 'calls += 10; return "counting";',
  plugin: 'calls += 100; return &good;',
};

/** Calls an exported function of type `int (void)` of an opened library. */
function callInt(path: string, name: string): number {
  const system = standardLibrary();
  const handle = system.func('dlopen', 'uint64_t', ['str', 'int'])(path, 2);
  const address = system.func('dlsym', 'uint64_t', ['uint64_t', 'str'])(handle, name);
  return Number(ffi().call(BigInt(address), ffi().proto('int', [])));
}

describe('a valid library', () => {
  test('returns its version, its name and its vtable', () => {
    const path = compile();
    const library = open(path);
    expect(library.path).toBe(path);
    expect([library.version(), library.pluginName()]).toEqual(['1.0.0', 'sample']);
    const { address, size, flags, slots } = library.vtable();
    expect({ size, flags }).toEqual({ size: 56, flags: 1 });
    expect(slots.get_extension).toBe(0n);
    for (const [name, slot] of Object.entries(slots))
      expect(library.isCode(slot)).toBe(name !== 'get_extension');
    expect(library.isCode(address)).toBe(false);
    expect(library.describe(address)).toBe('data of this library');
  });

  test('calls an entry point only when its value is requested, and only once', () => {
    const path = compile(COUNTING);
    const library = open(path);
    expect(callInt(path, 'count')).toBe(0);
    library.version();
    expect(callInt(path, 'count')).toBe(1);
    library.pluginName();
    library.vtable();
    for (let again = 0; again < 3; again++) {
      library.version();
      library.pluginName();
      library.vtable();
    }
    expect(callInt(path, 'count')).toBe(111);
  });

  test('may have a larger vtable, with members of a later minor version', () => {
    const prelude = 'static struct { tenon_plugin known; void *later[3]; } longer;';
    const library = open(
      compile({
        prelude,
        plugin: 'longer.known = good; longer.known.size = sizeof longer; return &longer.known;',
      }),
    );
    expect(library.vtable().size).toBe(80);
  });

  test('may have a different function in the slot get_version if it returns the same version', () => {
    const prelude = 'static const char *again(void) { return "1.0.0"; }';
    const library = open(compile({ prelude, plugin: 'good.get_version = again; return &good;' }));
    expect(library.isCode(library.vtable().slots.get_version)).toBe(true);
  });

  test('has the same address if it is opened twice, and another address than a copy of it', () => {
    const path = compile();
    const [first, second, other] = [open(path), open(path), open(compile())];
    expect(second.base).toBe(first.base);
    expect(second.vtable()).toEqual(first.vtable());
    expect(other.base).not.toBe(first.base);
    expect(first.isCode(other.vtable().slots.drop)).toBe(false);
    expect(first.describe(other.vtable().slots.drop)).toMatch(/^another library \(.*library\d+\.so\)$/);
  });

  test('can be opened through a symbolic link', () => {
    const link = join(folder, 'link.so');
    symlinkSync(compile(), link);
    expect(open(link).vtable().size).toBe(56);
  });

  test('stays mapped after the worker that opened it ended', async () => {
    const path = compile();
    const built = (name: string) => pathToFileURL(join(root, 'build', 'modules', name)).href;
    const source = `const { parentPort } = require('node:worker_threads');
      (async () => {
        const { openLibrary } = await import(${JSON.stringify(built('library/library.js'))});
        const { inspectFileSync } = await import(${JSON.stringify(built('inspect/index.js'))});
        const library = openLibrary(${JSON.stringify(path)}, inspectFileSync(${JSON.stringify(path)}));
        parentPort.postMessage([library.version(), library.pluginName(), library.vtable().slots.drop, library.base]);
      })();`;
    const inWorker = () =>
      new Promise<unknown>((resolve, reject) => {
        const worker = new Worker(source, { eval: true });
        worker.on('error', reject);
        worker.on('message', (message) => void worker.terminate().then(() => resolve(message)));
      });
    const found = await inWorker();
    expect(readFileSync('/proc/self/maps', 'utf8')).toContain(path);
    const library = open(path);
    expect(found).toEqual(['1.0.0', 'sample', library.vtable().slots.drop, library.base]);
    expect(await Promise.all([inWorker(), inWorker()])).toEqual([found, found]);
  });
});

describe('an invalid library', () => {
  test.each(REFUSALS)(
    'is refused without harm to the process: one that $what',
    ({ parts, code, gate, says }) => {
      const path = compile(parts);
      const error = refusedAt(path);
      expect(error.message).toMatch(says);
      expect(error).toMatchObject({ code, gate, path });
      expect(open(compile()).vtable().size).toBe(56);
    },
  );

  test('is refused at every attempt, with the same message', () => {
    const path = compile({ version: 'return (const char *)1;' });
    expect(refusedAt(path).message).toBe(refusedAt(path).message);
  });

  test('is refused if it lacks an entry point, even if its exports were not checked before', () => {
    const path = compile({ entries: 'const char *get_version(void) { return "1.0.0"; }' });
    expect(refusedAt(path)).toMatchObject({ code: 'ERR_TENON_MISSING_SYMBOL', gate: 'open' });
  });

  test('is refused if the facts are not those of its file', () => {
    const path = compile();
    const facts = { ...inspectFileSync(path), code: [] };
    expect(() => openLibrary(path, facts)).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_BAD_SYMBOL', gate: 'open' }),
    );
  });

  test('has the path that the user gave in its errors', () => {
    const path = join(folder, 'none.so');
    const facts = inspectFileSync(compile());
    expect(() => openLibrary(path, facts, { shown: './mine.so' })).toThrow(
      /^Cannot load \.\/mine\.so: the system's loader says "\.\/mine\.so: cannot open shared object file/,
    );
  });
});

test.skipIf(cannotBeSanitized(Because.interposed))('every kind of address is described', () => {
  const library = open(compile());
  expect(library.describe(0n)).toBe('NULL');
  expect(library.describe(library.vtable().slots.new)).toBe('code of this library');
  expect(library.describe(4096n)).toBe('unmapped or protected memory');
  expect(library.describe(2n ** 64n - 1n)).toBe('unmapped or protected memory');
  expect(library.describe(addressOf(Buffer.allocUnsafeSlow(64)))).toBe(
    'memory of no library (heap or stack)',
  );
  const libc = BigInt(standardLibrary().func('dlsym', 'uint64_t', ['uint64_t', 'str'])(0, 'getaddrinfo'));
  expect(library.describe(libc)).toMatch(/^another library \(.*libc/);
});
