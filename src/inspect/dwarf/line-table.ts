/** The header of a line table: the names of its files, and the parameters of its program. */
import { posix } from 'node:path';
import { Cursor, initialLength, stringAt } from './cursor.js';
import { type Encoding, Form, readForm } from './forms.js';
import type { DebugSections } from './sections.js';

/** A name and the folder that it is relative to. */
interface FileEntry {
  readonly form: number;
  readonly name: number;
  readonly folder: number;
}

const Content = { path: 1, folder: 2 } as const;
const MOST_FORMATS = 16;
/** The maximum length of a path. No file system has longer paths. */
const LONGEST_PATH = 4096;

export class LineTable {
  readonly sections: DebugSections;
  readonly version: number;
  /** The position of the program. */
  readonly program: number;
  readonly end: number;
  readonly addressSize: number;
  readonly instructionSize: number;
  readonly lineBase: number;
  readonly lineRange: number;
  /** The number of operands of each standard operation. */
  readonly operands: readonly number[];
  readonly #encoding: Encoding;
  readonly #folders: FileEntry[] = [];
  readonly #files: FileEntry[] = [];

  /** Reads the table at `offset` in `.debug_line`. @throws TenonError */
  constructor(sections: DebugSections, offset: number, addressSize: number) {
    this.sections = sections;
    const cursor = new Cursor(sections.require('.debug_line'), offset);
    const { length, offsetSize } = initialLength(cursor);
    this.end = cursor.position + length;
    this.version = cursor.u16();
    if (this.version < 2 || this.version > 5)
      throw cursor.section.budget.fail(`it has a line table of version ${this.version}`);
    this.addressSize = this.version >= 5 ? cursor.u8() : addressSize;
    if (this.version >= 5) cursor.skip(1);
    this.#encoding = { version: this.version, offsetSize, addressSize: this.addressSize };
    const headerLength = cursor.unsigned(offsetSize);
    this.program = cursor.position + headerLength;
    this.instructionSize = cursor.u8();
    if (this.version >= 4) cursor.skip(1);
    cursor.skip(1);
    this.lineBase = cursor.s8();
    this.lineRange = cursor.u8();
    if (this.lineRange === 0)
      throw cursor.section.budget.fail('it has a line table without a range of lines');
    const first = cursor.u8();
    this.operands = Array.from({ length: Math.max(first, 1) }, (_, i) => (i === 0 ? 0 : cursor.u8()));
    if (this.version >= 5) this.#readFormatted(cursor);
    else this.#readPlain(cursor);
  }

  #readPlain(cursor: Cursor): void {
    // Folder 0 is the folder of the unit. File 0 does not exist.
    this.#folders.push({ form: 0, name: 0, folder: 0 });
    this.#files.push({ form: 0, name: 0, folder: 0 });
    for (let name = cursor.position; cursor.skipString(); name = cursor.position) {
      this.#folders.push({ form: Form.string, name, folder: 0 });
    }
    for (let name = cursor.position; cursor.skipString(); name = cursor.position) {
      this.#files.push({ form: Form.string, name, folder: cursor.uleb() });
      cursor.uleb();
      cursor.uleb();
    }
  }

  #readFormatted(cursor: Cursor): void {
    for (const entries of [this.#folders, this.#files]) {
      const formats = Array.from(
        { length: Math.min(cursor.u8(), MOST_FORMATS) },
        () => [cursor.uleb(), cursor.uleb()] as const,
      );
      const count = cursor.uleb();
      for (let i = 0; i < count; i += 1) {
        cursor.section.budget.spend(1 + formats.length);
        entries.push(this.#entry(cursor, formats));
      }
    }
  }

  #entry(cursor: Cursor, formats: readonly (readonly [content: number, form: number])[]): FileEntry {
    let entry: FileEntry = { form: 0, name: 0, folder: 0 };
    for (const [content, form] of formats) {
      const value = readForm(cursor, form, this.#encoding);
      if (content === Content.path) entry = { ...entry, form, name: value };
      else if (content === Content.folder) entry = { ...entry, folder: value };
    }
    return entry;
  }

  /** Returns the path of a file by its number, or null. `compiledIn` is the folder of the unit. */
  path(file: number, compiledIn: string | null): string | null {
    const entry = this.#files[file];
    const name = entry === undefined ? null : this.#text(entry);
    if (entry === undefined || name === null || name === '') return null;
    const folder = this.#folder(entry.folder, compiledIn);
    const path = folder === null || posix.isAbsolute(name) ? posix.normalize(name) : posix.join(folder, name);
    return path.length > LONGEST_PATH ? null : path;
  }

  #folder(index: number, compiledIn: string | null): string | null {
    const entry = this.#folders[index];
    const name = entry === undefined ? null : this.#text(entry);
    if (name === null || name === '') return compiledIn;
    const root = index === 0 || this.version < 5 ? compiledIn : this.#folder(0, compiledIn);
    return root === null || posix.isAbsolute(name) ? name : posix.join(root, name);
  }

  #text({ form, name }: FileEntry): string | null {
    if (form === Form.string) return stringAt(this.sections.get('.debug_line'), name);
    if (form === Form.lineStrp) return stringAt(this.sections.get('.debug_line_str'), name);
    return form === Form.strp ? stringAt(this.sections.get('.debug_str'), name) : null;
  }
}
