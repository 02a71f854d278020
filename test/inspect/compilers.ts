/** Builds small libraries for every platform that inspection supports, with the compilers of Debian. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { root } from '../support/index.js';
import { type ToolName, tool } from '../support/tools.js';

/** The functions of <string.h> that tenon.h uses, for targets whose C library is not installed. */
const FREESTANDING_STRING_H = `#include <stddef.h>
static inline void *memcpy(void *to, const void *from, size_t n) {
  for (volatile char *t = to, *end = t + n; t != end; t++) *t = *(const char *)from, from = (const char *)from + 1;
  return to;
}
static inline size_t strlen(const char *s) {
  size_t n = 0;
  while (((const volatile char *)s)[n]) n++;
  return n;
}
`;

/**
 * The source of a plugin made with the macro of the SDK, with every field of a descriptor and a vtable in
 * use.
 */
export const SAMPLE = `#include "tenon.h"
static tenon_status make(const tenon_host *host, const uint8_t *config, size_t n, void **state, tenon_out *error) {
  (void)host, (void)config, (void)n, (void)error;
  *state = NULL;
  return TENON_OK;
}
static void drop(void *state) { (void)state; }
static tenon_status work(void *state, const uint8_t *in, size_t n, tenon_out *out) {
  (void)state;
  return tenon_write(out, in, n);
}
static const void *extension(const char *id) { (void)id; return NULL; }
TENON_EXPORT int sample_data = 7;
TENON_PLUGIN_WITH("sample", "2.3.4-rc.1", "codec/1.0.0;math/1.2.0", TENON_THREAD_SAFE, make, drop, work, extension);
`;

/** Returns the source of a plugin without a descriptor, whose vtable has the given initialiser. */
export const byHand = (
  initialiser: string,
  declaration = 'static const tenon_plugin plugin',
): string => `#include "tenon.h"
static tenon_status make(const tenon_host *h, const uint8_t *c, size_t n, void **s, tenon_out *e) {
  (void)h, (void)c, (void)n, (void)s, (void)e;
  return TENON_OK;
}
static void drop(void *state) { (void)state; }
static tenon_status work(void *s, const uint8_t *in, size_t n, tenon_out *out) {
  (void)s;
  return tenon_write(out, in, n);
}
static const char text[] = "not code";
const char *get_version(void) { return "1.0.0"; }
const char *get_name(void) { return text; }
${declaration} = {${initialiser}};
const tenon_plugin *get_plugin(void) { return &plugin; }
void (*const use[])(void) = {(void (*)(void))make, (void (*)(void))drop, (void (*)(void))work};
`;

export type Target =
  | 'linux-x64'
  | 'linux-arm64'
  | 'linux-ia32'
  | 'linux-mips'
  | 'mingw-x64'
  | 'mingw-ia32'
  | 'windows-x64'
  | 'windows-arm64'
  | 'macos-x64'
  | 'macos-arm64';

const CLANG_ELF: Partial<Record<Target, string>> = {
  'linux-arm64': 'aarch64-linux-gnu',
  'linux-ia32': 'i386-linux-gnu',
  'linux-mips': 'mips64-linux-gnu',
};

const C_FLAGS = ['-std=c11', '-fPIC', '-fvisibility=hidden', '-O1'];

/** Returns the tools that build for a target, besides the compilers that this project itself needs. */
export function toolsOf(target: Target): readonly ToolName[] {
  const mingw = { 'mingw-x64': ['mingw64'], 'mingw-ia32': ['mingw32'] } as const;
  if (target === 'linux-x64') return [];
  return target === 'mingw-x64' || target === 'mingw-ia32' ? mingw[target] : ['clang', 'lld'];
}

/** A folder for the libraries of one test file. It is deleted after the tests of the file. */
export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'tenon-inspect-'));

  constructor() {
    mkdirSync(join(this.folder, 'include'));
    writeFileSync(join(this.folder, 'include', 'string.h'), FREESTANDING_STRING_H);
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /**
   * Compiles and links C source. `compile` and `link` are additional flags of the two steps. A test whose
   * compiler is missing is skipped.
   */
  build(
    target: Target,
    source: string,
    { name = 'sample', compile = [], link = [] }: { name?: string; compile?: string[]; link?: string[] } = {},
  ): string {
    const base = join(this.folder, `${name}-${target}`);
    writeFileSync(`${base}.c`, source);
    if (target === 'linux-x64') return this.#gcc(tool('cc', 'gcc', 'cc'), base, '.so', [...compile, ...link]);
    if (target === 'mingw-x64') return this.#gcc(tool('mingw64'), base, '.dll', [...compile, ...link]);
    if (target === 'mingw-ia32') return this.#gcc(tool('mingw32'), base, '.dll', [...compile, ...link]);
    const [system, arch] = target.split('-');
    if (system === 'macos') return this.#macos(base, arch === 'x64' ? 'x86_64' : 'arm64', compile, link);
    if (system === 'windows')
      return this.#windows(base, arch === 'x64' ? 'x86_64' : 'aarch64', compile, link);
    return this.#elf(base, CLANG_ELF[target] ?? '', compile, link);
  }

  #gcc(compiler: string, base: string, extension: string, flags: string[]): string {
    const output = base + extension;
    execFileSync(compiler, [
      ...C_FLAGS,
      `-I${join(root, 'include')}`,
      '-shared',
      `${base}.c`,
      '-o',
      output,
      ...flags,
    ]);
    return output;
  }

  #object(base: string, triple: string, flags: string[]): string {
    const includes = [`-I${join(root, 'include')}`, '-isystem', join(this.folder, 'include')];
    const all = [
      `--target=${triple}`,
      '-ffreestanding',
      ...C_FLAGS.filter((flag) => !(flag === '-fPIC' && triple.includes('windows'))),
    ];
    execFileSync(tool('clang'), [...all, ...includes, '-c', `${base}.c`, '-o', `${base}.o`, ...flags]);
    return `${base}.o`;
  }

  #elf(base: string, triple: string, compile: string[], link: string[]): string {
    const object = this.#object(base, triple, compile);
    execFileSync(tool('lld'), ['-shared', object, '-o', `${base}.so`, ...link]);
    return `${base}.so`;
  }

  #windows(base: string, cpu: string, compile: string[], link: string[]): string {
    const object = this.#object(base, `${cpu}-pc-windows-msvc`, compile);
    const lld = tool('lld', 'lld-link-14', 'lld-link');
    execFileSync(lld, ['/dll', '/noentry', '/nodefaultlib', object, `/out:${base}.dll`, ...link]);
    return `${base}.dll`;
  }

  #macos(base: string, arch: string, compile: string[], link: string[]): string {
    const object = this.#object(base, `${arch}-apple-macos11`, compile);
    const lld = tool('lld', 'ld64.lld-14', 'ld64.lld');
    const platform = ['-platform_version', 'macos', '11', '11', '-arch', arch];
    execFileSync(lld, ['-dylib', ...platform, object, '-o', `${base}.dylib`, ...link]);
    return `${base}.dylib`;
  }
}

/** Combines thin Mach-O files into a universal binary. */
export function universal(slices: readonly { cpu: number; bytes: Buffer }[], wide = false): Buffer {
  const entry = wide ? 32 : 20;
  const header = Buffer.alloc(4096);
  header.writeUInt32BE(wide ? 0xcafebabf : 0xcafebabe, 0);
  header.writeUInt32BE(slices.length, 4);
  const parts = [header];
  let offset = header.length;
  slices.forEach(({ cpu, bytes }, index) => {
    const at = 8 + index * entry;
    header.writeUInt32BE(cpu, at);
    for (const [place, value] of [offset, bytes.length].entries()) {
      if (wide) header.writeBigUInt64BE(BigInt(value), at + 8 + place * 8);
      else header.writeUInt32BE(value, at + 8 + place * 4);
    }
    const padded = Buffer.alloc(Math.ceil(bytes.length / 4096) * 4096);
    bytes.copy(padded);
    parts.push(padded);
    offset += padded.length;
  });
  return Buffer.concat(parts);
}

export const CPU = { x64: 0x1000007, arm64: 0x100000c } as const;
