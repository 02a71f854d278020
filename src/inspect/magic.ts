/** Recognizes a file by its first bytes. Common files that are not libraries have their own messages. */
import type { BinaryFormat } from './facts.js';
import type { ByteSource } from './source.js';

const MACHO_MAGICS = new Set([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe, 0xcafebabf]);

/** Files that users pass by mistake, with advice. */
const OTHERS: readonly { readonly start: string; readonly is: string }[] = [
  { start: '!<arch>\n', is: 'a static library (ar archive): link its objects with -shared' },
  { start: '!<thin>\n', is: 'a static library (thin ar archive): link its objects with -shared' },
  { start: '\0asm', is: 'a WebAssembly module: build the plugin for a native target' },
  { start: 'BC\xc0\xde', is: 'LLVM bitcode: compile and link it first' },
  { start: '\x64\x86', is: 'a COFF object file: link it as a DLL' },
  { start: 'PK\x03\x04', is: 'a ZIP archive: unpack it first' },
  { start: '\x1f\x8b', is: 'a gzip file: unpack it first' },
  { start: '#!', is: 'a script' },
];

/**
 * Detects the format of a file.
 * @throws TenonError ERR_TENON_NOT_A_LIBRARY with a description of the file if it has none of the three
 * formats
 */
export function detectFormat(source: ByteSource): BinaryFormat {
  if (source.size === 0) throw source.fail('the file is empty');
  const start = source.read(0, Math.min(source.size, 64), 'the first bytes');
  if (start.toString('latin1', 0, 4) === '\x7fELF') return 'elf';
  if (start.toString('latin1', 0, 2) === 'MZ') return 'pe';
  if (start.length >= 4 && MACHO_MAGICS.has(start.readUInt32BE(0))) return 'macho';
  throw source.fail(`expected the start of an ELF, PE or Mach-O file, found ${describe(start)}`);
}

function describe(start: Buffer): string {
  const text = start.toString('latin1');
  const known = OTHERS.find((other) => text.startsWith(other.start));
  if (known !== undefined) return known.is;
  if (text.startsWith('/* GNU ld script')) return 'a linker script: pass the library that it names';
  const printable = /^[\t\n\r\x20-\x7e]+/.exec(text)?.[0] ?? '';
  if (printable.length === text.length) return `text (${JSON.stringify(printable.slice(0, 24))})`;
  return `the bytes ${start
    .subarray(0, 4)
    .toString('hex')
    .replace(/..(?!$)/g, '$& ')}`;
}
