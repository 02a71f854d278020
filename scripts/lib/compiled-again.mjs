/** Compiles a platform a second time in another folder. The files must be the same, byte by byte. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compilePlatform } from './compiled.mjs';
import { inRoot } from './paths.mjs';
import { StepFailure } from './steps.mjs';

/** The files that the build of the native files reads. The tests of native need plugins. */
const SOURCES = ['CMakeLists.txt', 'native', 'include', 'plugins-c', 'package.json'];

/**
 * @param {import('./platforms.mjs').Platform} platform
 * @param {{zig: string, folder: string, jobs?: number}} options `folder`: the files of the first build
 * @throws {StepFailure} that names the files that differ
 */
export async function compareAgain(platform, { zig, folder, jobs }) {
  const copy = mkdtempSync(join(tmpdir(), 'tenon-elsewhere-'));
  try {
    const source = join(copy, 'another', 'folder');
    for (const name of SOURCES) cpSync(inRoot(name), join(source, name), { recursive: true });
    symlinkSync(inRoot('node_modules'), join(source, 'node_modules'));
    const again = await compilePlatform(platform, { zig, out: join(copy, 'out'), source, jobs });
    const differing = platform.files.filter(
      (name) => !readFileSync(join(folder, name)).equals(readFileSync(join(again, name))),
    );
    if (differing.length > 0)
      throw new StepFailure(
        `A second build of ${platform.name} in ${copy} made other bytes: ${differing.join(', ')}`,
      );
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
