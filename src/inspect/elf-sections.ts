/** The names of the sections of an ELF file. Loaders ignore sections, so errors in them are not reported. */
import type { ElfFile } from './elf-file.js';

/** The maximum number. Real libraries have a few dozen, or thousands with a section for each function. */
const MOST = 65_535;
const LONGEST_NAMES = 4 * 1024 * 1024;

/** Returns the names. Empty if there are no sections or they are invalid. */
export function sectionNames(file: ElfFile): ReadonlySet<string> {
  const { offset, count, names } = file.sections;
  const { source, wide } = file;
  const size = wide ? 64 : 40;
  if (count === 0 || count > MOST || names >= count || !source.contains(offset, count * size))
    return new Set();
  const table = file.struct(offset, count * size, 'the section headers');
  const at = names * size;
  const start = table.word(at + (wide ? 24 : 16));
  const length = table.word(at + (wide ? 32 : 20));
  if (length > LONGEST_NAMES || !source.contains(start, length)) return new Set();
  const strings = source.read(start, length, 'the names of the sections');
  const found = new Set<string>();
  for (let index = 0; index < count; index += 1) {
    const from = table.u32(index * size);
    const end = from < length ? strings.indexOf(0, from) : -1;
    if (end > from) found.add(strings.toString('latin1', from, end));
  }
  return found;
}
