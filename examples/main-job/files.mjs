/** Lists and reads text files. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';

/** The size above which a file is skipped. */
export const MAX_BYTES = 4 * 1024 * 1024;

const EXTENSIONS = new Set(
  `.c .cc .cjs .cmake .conf .cpp .css .csv .cts .flow .go .h .hh .hpp .html .ini .java .js .json .json5 .jsonc .jsx .less .log
   .lua .map .markdown .md .mdx .mjs .mts .php .pl .proto .py .rb .rs .rst .scss .sh .sql .svg .tex .toml .ts .tsv .tsx .txt .vue
   .xml .yaml .yml`.split(/\s+/),
);
const NAMES =
  /^(authors|changelog|changes|contributing|copying|dockerfile|history|licen[cs]e|makefile|notice|readme|todo)\b/i;

const mayBeText = (name) => EXTENSIONS.has(extname(name).toLowerCase()) || NAMES.test(name);

/**
 * Lists the files below a folder whose names look like text, sorted. Symbolic links are not followed, so that
 * no file is counted twice and cycles are not possible.
 *
 * @returns {{files: {path: string, size: number}[], bytes: number, tooLarge: number, unreadable: number}}
 */
export function listTextFiles(folder) {
  const found = { files: [], bytes: 0, tooLarge: 0, unreadable: 0 };
  const visit = (current) => {
    for (const entry of readFolder(current, found)) {
      const path = join(current, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && mayBeText(entry.name)) add(path, found);
    }
  };
  visit(folder);
  return found;
}

function readFolder(folder, found) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    found.unreadable++;
    return [];
  }
}

function add(path, found) {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_BYTES) {
    found.tooLarge++;
    return;
  }
  found.files.push({ path, size });
  found.bytes += size;
}

/** Returns the bytes of a file, or null if it cannot be read or has a NUL among its first 8192 bytes. */
export function readText(path) {
  try {
    const bytes = readFileSync(path);
    return bytes.subarray(0, 8192).includes(0) ? null : bytes;
  } catch {
    return null;
  }
}
