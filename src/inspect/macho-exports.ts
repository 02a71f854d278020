/** The exported names of a Mach-O library, from the export trie or, without one, from the symbol table. */
import type { AddressRange, ExportedSymbol } from './facts.js';
import { inRanges } from './image.js';
import type { MachoFile, MachoPlace } from './macho-file.js';
import { INSPECT_LIMITS } from './source.js';

const KIND_MASK = 3;
const ABSOLUTE_KIND = 2;
const REEXPORT = 8;

const STAB = 0xe0;
const TYPE_MASK = 0x0e;
const SECTION_TYPE = 0x0e;
const EXTERNAL = 1;

/** Returns all exported symbols by their source names, without the leading underscore of the platform. */
export function machoExports(file: MachoFile, code: readonly AddressRange[]): ExportedSymbol[] {
  if (file.exportsTrie !== null) return new TrieReader(file, file.exportsTrie, code).read();
  return file.symbols === null ? [] : fromSymbolTable(file, code);
}

function plainName(name: string): string {
  return name.startsWith('_') ? name.slice(1) : name;
}

interface Node {
  readonly offset: number;
  readonly prefix: string;
}

/** Walks the trie. A node stores the export of its name, if there is one, and then its edges. */
class TrieReader {
  readonly #file: MachoFile;
  readonly #code: readonly AddressRange[];
  readonly #bytes: Buffer;
  readonly #found: ExportedSymbol[] = [];
  readonly #visited = new Set<number>([0]);
  readonly #waiting: Node[] = [{ offset: 0, prefix: '' }];
  #nameBytes = 0;
  #at = 0;

  constructor(file: MachoFile, place: MachoPlace, code: readonly AddressRange[]) {
    this.#file = file;
    this.#code = code;
    this.#bytes = file.source.read(place.offset, place.size, 'the export trie');
  }

  read(): ExportedSymbol[] {
    for (let node = this.#waiting.pop(); node !== undefined; node = this.#waiting.pop()) {
      this.#at = node.offset;
      const terminalSize = this.#uleb();
      const children = this.#at + terminalSize;
      if (terminalSize > 0) this.#terminal(node.prefix);
      this.#at = children;
      this.#edges(node.prefix);
    }
    return this.#found.reverse();
  }

  #terminal(name: string): void {
    const flags = this.#uleb();
    if ((flags & REEXPORT) !== 0) {
      this.#found.push({ name: plainName(name), type: 'unknown', address: 0 });
      return;
    }
    const address = this.#uleb();
    const isFunction = (flags & KIND_MASK) !== ABSOLUTE_KIND && inRanges(this.#code, address);
    this.#found.push({ name: plainName(name), type: isFunction ? 'function' : 'data', address });
  }

  #edges(prefix: string): void {
    for (let left = this.#byte(); left > 0; left -= 1) {
      const end = this.#bytes.indexOf(0, this.#at);
      if (end < 0) throw this.#corrupted();
      const name = prefix + this.#bytes.toString('utf8', this.#at, end);
      this.#at = end + 1;
      const offset = this.#uleb();
      this.#nameBytes += name.length;
      // A node has one parent. A second visit means a loop, or a number of names that grows exponentially.
      if (this.#visited.has(offset) || this.#visited.size > INSPECT_LIMITS.symbols) throw this.#corrupted();
      if (name.length > INSPECT_LIMITS.stringBytes || this.#nameBytes > INSPECT_LIMITS.nameBytes) {
        throw this.#corrupted();
      }
      this.#visited.add(offset);
      this.#waiting.push({ offset, prefix: name });
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw this.#corrupted();
    this.#at += 1;
    return byte;
  }

  #uleb(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 64; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw this.#corrupted();
  }

  #corrupted(): Error {
    return this.#file.source.fail(
      'the export trie has a loop, an invalid offset, or a name that is too long (corrupted)',
    );
  }
}

/** Checks whether an entry of the symbol table is an exported definition. */
function isExported(type: number): boolean {
  return (type & STAB) === 0 && (type & EXTERNAL) !== 0 && (type & TYPE_MASK) === SECTION_TYPE;
}

function fromSymbolTable(file: MachoFile, code: readonly AddressRange[]): ExportedSymbol[] {
  const { symbols, layout, source } = file;
  if (symbols === null) return [];
  const entry = layout.wide ? 16 : 12;
  if (symbols.size / entry > INSPECT_LIMITS.symbols) {
    throw source.fail(`the symbol table states ${symbols.size / entry} symbols (corrupted)`);
  }
  const table = file.struct(symbols.offset, symbols.size, 'the symbol table');
  const strings = source.read(symbols.strings.offset, symbols.strings.size, 'the string table');
  const found: ExportedSymbol[] = [];
  let nameBytes = 0;
  for (let at = 0; at < symbols.size; at += entry) {
    if (!isExported(table.u8(at + 4))) continue;
    const start = table.u32(at);
    const end = start < strings.length ? strings.indexOf(0, start) : -1;
    nameBytes += end - start;
    if (end < 0 || nameBytes > INSPECT_LIMITS.nameBytes) {
      throw source.fail('the name of a symbol is outside of the string table, or too long (corrupted)');
    }
    const address = table.word(at + 8) - file.base;
    const type = inRanges(code, address) ? 'function' : 'data';
    found.push({ name: plainName(strings.toString('utf8', start, end)), type, address });
  }
  return found;
}
