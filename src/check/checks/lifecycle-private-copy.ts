/** The check that a plugin works from another folder, with the libraries that it brings. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { conclude } from '../conclude.js';
import type { CheckAnswer, CheckDefinition } from '../definition.js';
import { startScenario } from '../scenario.js';
import { withScratch } from '../scratch.js';
import type { Subject } from '../subject.js';
import { neededBy } from './file-subject.js';

const TIMEOUT = 20_000;

export const privateCopyCheck: CheckDefinition = {
  id: 'lifecycle/private-copy',
  title: 'A copy of the library in another folder works like the original.',
  why: 'Hosts load a private copy, with the libraries that it needs from its own folder, so that no one can change it between the checks and the load. Other files next to the original are not there.',
  fix: 'Take the paths of data files from the config, or compile the data into the library. Link with libraries that you ship, instead of opening them by a path (dlopen).',
  severity: 'error',
  level: 'strict',
  needs: ['calls/plain'],
  method: { type: 'processes', run },
};

async function run(check: CheckDefinition, subject: Subject): Promise<CheckAnswer> {
  const timeout = subject.settings.timeout ?? TIMEOUT;
  return withScratch(async (folder) => {
    const copy = join(folder, 'a', 'b', `copy${extname(subject.path)}`);
    const skipped = copyWithLibraries(subject, copy);
    if (skipped !== null) return { state: 'skipped', reason: skipped };
    const moved = { ...subject, path: copy };
    return conclude(await startScenario(check, moved, folder, { timeout }), {}, moved, timeout);
  });
}

/** Copies a plugin and the libraries that it brings. Returns the reason why it cannot, or null. */
function copyWithLibraries(subject: Subject, copy: string): string | null {
  const files = [[subject.path, copy] as const];
  for (const { name, path, beside } of subject.facts.format === 'elf' ? neededBy(subject) : []) {
    if (!beside || path === null) continue;
    const place = join(dirname(copy), relative(dirname(subject.path), path));
    if (!place.startsWith(dirname(dirname(dirname(copy)))))
      return `it needs ${name} from a folder that is far from its own`;
    files.push([path, place]);
  }
  for (const [from, to] of files) {
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, to);
  }
  return null;
}
