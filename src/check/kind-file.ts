/**
 * The document of a kind, in the plugin itself or in a file next to it. It describes the records of the methods, so
 * the suite can make valid ones.
 */
import { readFileSync } from 'node:fs';
import semver from 'semver';
import { asTenonError, messageOf, TenonError } from '../base/errors.js';
import { encode } from '../kinds/codec.js';
import { readDocument } from '../kinds/document.js';
import type { KindModel } from '../kinds/model.js';
import { slotsOf } from '../kinds/wire.js';
import { sampleRecord } from './samples.js';

/** An input for a method of a kind. */
export interface MethodInput {
  /** The id of the kind and the slot of the method, `codec/1#0`. */
  readonly method: string;
  readonly bytes: Buffer;
}

/** Larger records do not fit on the command line of the checker. */
export const LARGEST_RECORD = 32 * 1024;

/**
 * Returns the kind in a file. `name` and `version` are those of the kind in the plugin.
 * @throws TenonError ERR_TENON_UNREADABLE if the file is not the document of this kind
 */
export function kindIn(path: string, name: string, version: string): KindModel {
  const kind = parsed(path);
  const major = semver.major(version);
  if (kind.name !== name) throw wrong(path, `its name is "${kind.name}", expected "${name}"`);
  if (semver.major(kind.version) !== major)
    throw wrong(path, `its version is "${kind.version}", expected ${major}.x, as the plugin states`);
  return kind;
}

/** Returns records that the methods of a kind accept by their types: one of small values, and one of others. */
export function methodInputsOf(kind: KindModel): MethodInput[] {
  const id = `${kind.name}/${semver.major(kind.version)}`;
  return slotsOf(kind).flatMap(({ input, part }, slot) => {
    if (input === null || part === 'next' || part === 'close') return [];
    const records = [0, 1].map((variant) => encode(input, sampleRecord(input, variant)));
    return records
      .filter((bytes) => bytes.length <= LARGEST_RECORD)
      .map((bytes) => ({ method: `${id}#${slot}`, bytes }));
  });
}

/** Returns the slots that open a cursor, `text/1#1`. The slots that read and close it follow. */
export function cursorsOf(kinds: readonly KindModel[]): string[] {
  return kinds.flatMap((kind) =>
    slotsOf(kind).flatMap(({ part }, slot) =>
      part === 'open' ? [`${kind.name}/${semver.major(kind.version)}#${slot}`] : [],
    ),
  );
}

function parsed(path: string): KindModel {
  try {
    return readDocument(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof SyntaxError) throw wrong(path, `it is not JSON: ${messageOf(error)}`);
    if (error instanceof TenonError) throw wrong(path, messageOf(error));
    throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot read ${path}`);
  }
}

function wrong(path: string, what: string): TenonError {
  const message = `Cannot use ${path}: ${what}. Write it with npx tenon kind export.`;
  return new TenonError('ERR_TENON_UNREADABLE', message, { path });
}
