/** Reads kinds from documents, libraries and modules. */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../base/errors.js';
import { didYouMean } from '../../base/options.js';
import { inspectFileSync, TenonError } from '../../index.js';
import { readDocument } from '../../kinds/document.js';
import { documentedModel } from '../../kinds/documented.js';
import type { KindModel } from '../../kinds/model.js';
import { parseJson } from '../json.js';
import { UsageError } from '../usage.js';

const MODULES = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];

/**
 * Returns the kind in a file: a document (`.json`), a module whose exports are made by defineKind, or a library with
 * facts. `wanted` chooses one of several.
 * @throws UsageError, TenonError
 */
export async function kindIn(path: string, wanted: string | undefined): Promise<KindModel> {
  const kinds = await kindsIn(path);
  const chosen = wanted === undefined ? kinds : kinds.filter(({ name }) => name === wanted);
  const [first, second] = chosen;
  const names = kinds.map(({ name }) => name);
  if (first === undefined) {
    const found = names.length === 0 ? 'no kind' : names.join(', ');
    const meant = didYouMean(wanted ?? '', names);
    throw new UsageError(`${path} has ${found}${wanted === undefined ? '' : `, not '${wanted}'`}.${meant}`);
  }
  if (second !== undefined)
    throw new UsageError(`${path} has several kinds: ${names.join(', ')}. Choose one with --kind.`);
  return first;
}

async function kindsIn(path: string): Promise<KindModel[]> {
  const extension = extname(path);
  if (extension === '.json') return [documentIn(path)];
  return MODULES.includes(extension) ? await moduleKinds(path) : libraryKinds(path);
}

function documentIn(path: string): KindModel {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new UsageError(`${path} cannot be read: ${messageOf(cause)}.`, { cause });
  }
  if (!isUtf8(bytes)) throw new UsageError(`${path} is not UTF-8.`);
  return checkedDocument(path, parseJson(bytes.toString(), path));
}

function checkedDocument(path: string, value: unknown): KindModel {
  try {
    return readDocument(value);
  } catch (cause) {
    if (!(cause instanceof TenonError)) throw cause;
    throw new UsageError(`${path} is not the document of a kind: ${cause.message}`, { cause });
  }
}

async function moduleKinds(path: string): Promise<KindModel[]> {
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new UsageError(`${path} cannot be imported: ${messageOf(cause)}.`, { cause });
  }
  // The module may use another copy of this package, so its kinds are recognized by their documents.
  const documents = [...new Set(Object.values(exported))].flatMap((value) => {
    const document = documentOf(value);
    return document === undefined ? [] : [checkedDocument(path, document)];
  });
  if (documents.length > 0) return documents;
  throw new UsageError(`${path} exports no kind. Export what defineKind returns.`);
}

function documentOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('toJSON' in value) || !('methods' in value))
    return undefined;
  return typeof value.toJSON === 'function' ? (value.toJSON() as unknown) : undefined;
}

function libraryKinds(path: string): KindModel[] {
  const { kindFacts, kindProblems } = inspectFileSync(path, { exports: 'entry-points' });
  const [problem] = Object.entries(kindProblems);
  if (problem !== undefined)
    throw new TenonError(
      'ERR_TENON_BAD_DESCRIPTOR',
      `Cannot read the kind ${problem[0]} of ${path}: ${problem[1]}.`,
    );
  return kindFacts.map((facts) => {
    const found = documentedModel(facts);
    if ('model' in found) return found.model;
    const message = `Cannot read the kind ${facts.id} of ${path}: ${found.problem}. Use its document NAME.kind.json.`;
    throw new TenonError('ERR_TENON_MISSING_KIND', message, { path });
  });
}
