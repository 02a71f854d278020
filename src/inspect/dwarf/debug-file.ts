/** Split debug information: files near the library, found by its build ID or by its `.gnu_debuglink`. */
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { withFile } from '../open.js';
import type { ByteSource } from '../source.js';
import type { LookupBudget } from './budget.js';
import { Cursor, stringAt } from './cursor.js';
import { DebugSections } from './sections.js';

/** The folder for the debug information of system packages. */
const SYSTEM_FOLDER = '/usr/lib/debug';
const BUILD_ID = 3;
const LONGEST_BUILD_ID = 64;
/** The maximum size of a checksummed file. A checksum takes a millisecond per megabyte. */
const LARGEST_DIGESTED = 32 << 20;

/** The references of a library to its debug information. */
interface Link {
  readonly buildId: string | null;
  readonly name: string | null;
  readonly checksum: number | null;
}

/**
 * Passes the sections with the debug information of the library to `use`. They are its own or, if it was
 * stripped, those of a file in `folders`. Returns undefined if there are none.
 */
export function withDebugSections<T>(
  library: ByteSource,
  folders: readonly string[],
  budget: LookupBudget,
  use: (sections: DebugSections) => T,
): T | undefined {
  const own = new DebugSections(library, budget);
  if (own.has('.debug_line')) return use(own);
  const link = linkOf(own);
  for (const path of candidates(link, folders)) {
    const found = budget.attempt(() =>
      withFile(path, (source) => {
        const sections = new DebugSections(source, budget);
        return sections.has('.debug_line') && belongs(sections, link) ? { made: use(sections) } : undefined;
      }),
    );
    if (found !== undefined) return found.made;
  }
  return undefined;
}

function linkOf(sections: DebugSections): Link {
  const { budget } = sections;
  const buildId = buildIdOf(sections);
  const section = sections.get('.gnu_debuglink');
  const name = section === undefined ? null : (budget.attempt(() => stringAt(section, 0)) ?? null);
  const isPlain = name !== null && /^[^/\0]{1,255}$/.test(name) && name !== '.' && name !== '..';
  if (section === undefined || !isPlain) return { buildId, name: null, checksum: null };
  const at = Math.ceil((Buffer.byteLength(name) + 1) / 4) * 4;
  const checksum = budget.attempt(() => new Cursor(section, at).u32()) ?? null;
  return { buildId, name, checksum };
}

function candidates({ buildId, name }: Link, folders: readonly string[]): string[] {
  const byId =
    buildId === null
      ? []
      : [...folders, SYSTEM_FOLDER].map((folder) =>
          join(folder, '.build-id', buildId.slice(0, 2), `${buildId.slice(2)}.debug`),
        );
  const byName =
    name === null ? [] : folders.flatMap((folder) => [join(folder, name), join(folder, '.debug', name)]);
  return [...byId, ...byName];
}

/** Checks whether the file belongs to this build of the library. */
function belongs(sections: DebugSections, { buildId, checksum }: Link): boolean {
  if (buildId !== null) return buildIdOf(sections) === buildId;
  const { source } = sections;
  if (checksum === null || source.size > LARGEST_DIGESTED) return false;
  return zlib.crc32(source.read(0, source.size, 'debug information')) === checksum;
}

/** Returns the build ID in hexadecimal. */
function buildIdOf(sections: DebugSections): string | null {
  const section = sections.get('.note.gnu.build-id');
  const found =
    section &&
    sections.budget.attempt(() => {
      const cursor = new Cursor(section, 0);
      const [nameSize, size, type] = [cursor.u32(), cursor.u32(), cursor.u32()];
      if (nameSize !== 4 || type !== BUILD_ID || size < 2 || size > LONGEST_BUILD_ID) return null;
      return section.source.read(16, size, 'the build ID').toString('hex');
    });
  return found ?? null;
}
