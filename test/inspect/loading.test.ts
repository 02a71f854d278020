/**
 * The requests of a library to the loader: compared with readelf, and for damaged files facts or a
 * TenonError.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { inspectLoading, type LoadingFacts, loadingOf } from '../../src/inspect/index.js';
import { MemorySource } from '../../src/inspect/source.js';
import { tool } from '../support/tools.js';
import { SAMPLE, Workshop } from './compilers.js';

const workshop = new Workshop();

function loading(path: string): LoadingFacts {
  const facts = inspectLoading(path);
  if (facts === null) throw new Error(`${path} is not an ELF file`);
  return facts;
}

const build = (name: string, source: string, link: string[] = []) =>
  loading(workshop.build('linux-x64', source, { name, link }));

describe('options of the linker are detected', () => {
  test('options that harden the library', () => {
    expect(build('hardened', SAMPLE, ['-Wl,-z,relro,-z,now,-z,noexecstack'])).toMatchObject({
      relro: true,
      bindNow: true,
      executableStack: false,
      textRelocations: false,
      writableCode: [],
      noDelete: false,
      staticTls: false,
      unwindTables: true,
      symbolTable: true,
      debugInfo: false,
      searched: null,
      soname: null,
    });
  });

  test('options that weaken the library', () => {
    const flags = ['-Wl,-z,norelro,-z,lazy,-z,execstack,-z,nodelete,-s', '-Wl,--no-eh-frame-hdr'];
    expect(build('soft', SAMPLE, flags)).toMatchObject({
      relro: false,
      bindNow: false,
      executableStack: true,
      noDelete: true,
      unwindTables: false,
      symbolTable: false,
    });
  });

  test('the soname, and the folders of RUNPATH and RPATH', () => {
    const named = build('named', SAMPLE, ['-Wl,-soname,libnamed.so.3,-rpath,$ORIGIN/lib:/opt', '-g']);
    expect(named).toMatchObject({ soname: 'libnamed.so.3', debugInfo: true });
    expect(named.searched).toEqual({ tag: 'RUNPATH', folders: ['$ORIGIN/lib', '/opt'] });
    const old = build('old', SAMPLE, ['-Wl,--disable-new-dtags,-rpath,/opt']);
    expect(old.searched).toEqual({ tag: 'RPATH', folders: ['/opt'] });
  });

  test('constructors, with their names unless the library is stripped', () => {
    const source = `${SAMPLE}static volatile int ready;
__attribute__((constructor)) static void set_up(void) { ready = 1; }\n`;
    expect(build('constructor', source).constructors?.map(({ name }) => name)).toContain('set_up');
    const stripped = build('constructor', source, ['-s']).constructors ?? [];
    expect(stripped.length).toBeGreaterThan(0);
    expect(stripped.every(({ name }) => name === null)).toBe(true);
    const arm = workshop.build('linux-arm64', source, { name: 'constructor' });
    expect(loading(arm).constructors?.map(({ name }) => name)).toEqual(['set_up']);
  });
});

test('PE and Mach-O files have no such facts', () => {
  expect(inspectLoading(workshop.build('mingw-x64', SAMPLE))).toBeNull();
  expect(inspectLoading(workshop.build('macos-arm64', SAMPLE))).toBeNull();
});

/** Returns at most 25 libraries of the system, because readelf is slow. */
function systemLibraries(): string[] {
  const path = execFileSync('cc', ['-print-file-name=libc.so.6'], { encoding: 'utf8' }).trim();
  const folder = dirname(execFileSync('realpath', [path], { encoding: 'utf8' }).trim());
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^lib.*\.so(\.|$)/.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .filter((file) => readFileSync(file).toString('latin1', 0, 4) === '\x7fELF')
    .slice(0, 25);
}

test('the facts of system libraries agree with readelf', () => {
  const readelf = tool('binutils', 'readelf');
  const files = systemLibraries();
  expect(files.length).toBeGreaterThan(10);
  let versions = 0;
  for (const file of files) {
    const listed = execFileSync(readelf, ['-dVW', file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 2 ** 26,
    });
    const facts = loading(file);
    const needs = listed.slice(listed.indexOf('Version needs section'));
    const names = listed.includes('Version needs section')
      ? [...needs.matchAll(/ Name: (\S+)/g)].map(([, name]) => name)
      : [];
    versions += names.length;
    expect(
      facts.versions.map(({ version }) => version),
      file,
    ).toEqual(names);
    expect(facts.soname, file).toBe(/Library soname: \[(.*)\]/.exec(listed)?.[1] ?? null);
    expect(facts.staticTls, file).toBe(/\(FLAGS\).*STATIC_TLS/.test(listed));
    expect(facts.noDelete, file).toBe(/\(FLAGS_1\).*NODELETE/.test(listed));
    expect(facts.bindNow, file).toBe(/\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*NOW|\(BIND_NOW\)/.test(listed));
  }
  expect(versions).toBeGreaterThan(20);
});

test('the C library defines its well-known symbol versions', () => {
  const path = execFileSync('cc', ['-print-file-name=libc.so.6'], { encoding: 'utf8' }).trim();
  expect(loading(path).defined).toEqual(expect.arrayContaining(['libc.so.6', 'GLIBC_2.17', 'GLIBC_2.34']));
});

/** A source that records the offsets read from it: only changes to these bytes can have an effect. */
class RecordingSource extends MemorySource {
  readonly places: number[] = [];

  override read(offset: number, length: number, what: string): Buffer {
    const bytes = super.read(offset, length, what);
    for (let at = offset; at < offset + Math.min(length, 512); at += 1) this.places.push(at);
    return bytes;
  }
}

test.each([
  ['x64', 'linux-x64'],
  ['arm64', 'linux-arm64'],
  ['32 bits', 'linux-ia32'],
] as const)('6 000 damaged files for %s each result in facts or a TenonError', (_, target) => {
  const narrow = '__attribute__((visibility("default"))) int answer(void) { return 42; }\n';
  const source = target === 'linux-ia32' ? narrow : SAMPLE;
  const original = readFileSync(workshop.build(target, source, { name: 'damaged' }));
  const recorded = new RecordingSource('original', original);
  expect(loadingOf(recorded)).not.toBeNull();
  const places = [...new Set(recorded.places)];
  const change = fc.tuple(fc.constantFrom(...places), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(original);
      for (const [at, value] of changes) bytes[at] = value;
      try {
        loadingOf(new MemorySource('damaged', bytes));
      } catch (error) {
        if (!(error instanceof TenonError)) throw error;
      }
    }),
    { numRuns: 6000, seed: 0x7e909 },
  );
});
