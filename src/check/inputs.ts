/** Keeps inputs that reproduce a finding in the user's folder for them. The digest is part of the file name. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolderSync } from '../base/make-folder.js';
import type { InputFacts } from './verdict.js';

/**
 * Writes an input to `folder`, if there is one, and describes it. `base64` comes from the report of a finding. A
 * finding is not lost if the input cannot be written: `file` is then null.
 */
export function keepInput(
  base64: string | undefined,
  role: string | undefined,
  folder: string | undefined,
): InputFacts | null {
  if (base64 === undefined) return null;
  const bytes = Buffer.from(base64, 'base64');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const facts = { size: bytes.length, sha256, role: role === 'config' ? 'config' : 'input' } as const;
  if (folder === undefined) return { ...facts, file: null };
  const file = join(folder, `${facts.role}-${sha256.slice(0, 16)}.bin`);
  try {
    makeFolderSync(folder);
    writeFileSync(file, bytes);
  } catch {
    return { ...facts, file: null };
  }
  return { ...facts, file };
}

/** Returns the end of a message if the input should have been kept in `folder`, and could not be. */
export function notKept(input: InputFacts | null, folder: string | undefined): string {
  return input === null || input.file !== null || folder === undefined
    ? ''
    : `. The ${input.role} could not be written to ${folder}`;
}
