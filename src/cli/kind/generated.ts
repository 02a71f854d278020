/** The files that are generated from a kind, and whether those in a folder are up to date. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../../base/errors.js';
import { documentText, toDocument } from '../../kinds/document.js';
import { cHeader } from '../../kinds/generate/c.js';
import { cppHeader } from '../../kinds/generate/cpp.js';
import { markdownPage } from '../../kinds/generate/markdown.js';
import { rustModule, rustModuleName } from '../../kinds/generate/rust.js';
import { typescriptModule } from '../../kinds/generate/typescript.js';
import type { KindModel } from '../../kinds/model.js';
import { UsageError } from '../usage.js';

export const LANGUAGES = ['c', 'cpp', 'rust', 'ts', 'md'] as const;
export type BoundLanguage = (typeof LANGUAGES)[number];

/** A file by its name. */
export interface GeneratedFile {
  readonly name: string;
  readonly content: string;
}

/** Returns the files for a language. */
export function filesFor(kind: KindModel, language: BoundLanguage): GeneratedFile[] {
  switch (language) {
    case 'c':
      return [{ name: `${kind.name}.kind.h`, content: cHeader(kind) }];
    case 'cpp':
      return [...filesFor(kind, 'c'), { name: `${kind.name}.kind.hpp`, content: cppHeader(kind) }];
    case 'rust':
      return [{ name: `${rustModuleName(kind)}.rs`, content: rustModule(kind) }];
    case 'ts':
      return [{ name: `${kind.name}.kind.ts`, content: typescriptModule(kind) }];
    case 'md':
      return [{ name: `${kind.name}.kind.md`, content: markdownPage(kind) }];
  }
}

/** Returns the document of a kind as the content of a file. */
export function documentOf(kind: KindModel): string {
  return documentText(toDocument(kind));
}

/** Writes a file, unless it has that content. Returns whether it had another. @throws UsageError */
export function writeChanged(path: string, content: string): boolean {
  if (isCurrent(path, content)) return false;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  } catch (cause) {
    throw new UsageError(`${path} cannot be written: ${messageOf(cause)}.`, { cause });
  }
  return true;
}

/** Returns whether a file has that content. @throws UsageError */
export function isCurrent(path: string, content: string): boolean {
  try {
    return readFileSync(path, 'utf8') === content;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw new UsageError(`${path} cannot be read: ${messageOf(cause)}.`, { cause });
  }
}

/** Returns the paths of the files of languages in a folder, without duplicates. */
export function filesIn(
  folder: string,
  kind: KindModel,
  languages: readonly BoundLanguage[],
): GeneratedFile[] {
  const files = new Map(languages.flatMap((one) => filesFor(kind, one)).map((file) => [file.name, file]));
  return [...files.values()].map(({ name, content }) => ({ name: join(folder, name), content }));
}
