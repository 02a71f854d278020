/**
 * Examples next to a plugin. For the plugin `foo.so` these are:
 *
 * - `foo.input`, `foo.input.png` and others that begin with `foo.input.`: valid inputs; the first one by name is the
 *   usual input
 * - `foo.corpus`: a folder of valid inputs, which follow those of `foo.input`, and are the corpus for fuzzing
 * - `codec.kind.json`: the document of the kind `codec`, if the plugin has this kind
 *
 * Nothing else is read. A kind whose document is in the plugin itself needs no file. Inputs and a corpus that the
 * user gives replace those that are found.
 */
import { accessSync, constants, lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf, TenonError } from '../base/errors.js';
import { bytes } from '../base/text.js';
import type { LibraryFacts } from '../inspect/facts.js';
import { documentedModel } from '../kinds/documented.js';
import type { KindModel } from '../kinds/model.js';
import { kindIn, type MethodInput, methodInputsOf } from './kind-file.js';
import type { CheckSettings } from './settings.js';
import type { ExampleFile } from './verdict.js';

/** The inputs that the checks use: those of the user, or those that were found. */
export interface Examples {
  /** Paths. The first one is the usual input. */
  readonly inputs: readonly string[];
  /** The corpus for fuzzing, or null. */
  readonly corpus: string | null;
  /** The kinds of the plugin whose documents are known. */
  readonly kinds: readonly KindModel[];
  readonly methods: readonly MethodInput[];
  /** All files and folders that are used. */
  readonly files: readonly ExampleFile[];
}

export const NO_EXAMPLES: Examples = { inputs: [], corpus: null, kinds: [], methods: [], files: [] };

/** The most files of a corpus that are inputs of the checks. All of them are used for fuzzing. */
const MOST_FROM_CORPUS = 8;
/** A larger file of a corpus is only used for fuzzing, because the checks make thousands of calls. */
const LARGEST_FROM_CORPUS = 1024 * 1024;
const LARGEST_INPUT = 64 * 1024 * 1024;

/**
 * Returns the examples for the plugin in the file `shown`.
 * @throws TenonError ERR_TENON_UNREADABLE for a file that has the name of an example and cannot be used
 */
export function examplesFor(
  shown: string,
  { descriptor, kindFacts }: LibraryFacts,
  settings: CheckSettings,
): Examples {
  const { inputs: given, fuzz, examples } = settings;
  const folder = dirname(shown);
  const stem = basename(shown).replace(/\.(so(\.[\d.]+)?|dylib|dll)$/, '');
  const names = examples ? namesIn(folder) : [];
  const corpus = fuzz?.corpus ?? (names.includes(`${stem}.corpus`) ? join(folder, `${stem}.corpus`) : null);
  const foundCorpus = fuzz?.corpus === undefined ? corpus : null;
  const inCorpus = foundCorpus === null ? [] : corpusFiles(foundCorpus);
  const single = names.filter((name) => name === `${stem}.input` || name.startsWith(`${stem}.input.`));
  const found = given.length > 0 ? [] : [...single.map((name) => inputFile(join(folder, name))), ...inCorpus];
  const kinds = Object.entries(descriptor?.kinds ?? {}).filter(([kind]) =>
    names.includes(`${kind}.kind.json`),
  );
  // A document next to the plugin replaces that in the plugin itself.
  const embedded = kindFacts.flatMap((facts) => {
    if (kinds.some(([kind]) => facts.id.startsWith(`${kind}/`))) return [];
    const found = documentedModel(facts);
    return 'model' in found ? [found.model] : [];
  });
  const kindFile = (kind: string) => join(folder, `${kind}.kind.json`);
  const models = [
    ...embedded,
    ...kinds.map(([kind, version]) => kindIn(inputFile(kindFile(kind)), kind, version)),
  ];
  return {
    inputs: given.length > 0 ? given : found,
    corpus,
    kinds: models,
    methods: models.flatMap(methodInputsOf),
    files: [
      ...given.map((path) => ({ path, use: 'input', found: false }) as const),
      ...found.map((path) => ({ path, use: 'input', found: true }) as const),
      ...(corpus === null || fuzz === undefined
        ? []
        : [{ path: corpus, use: 'corpus', found: foundCorpus !== null } as const]),
      ...kinds.map(([kind]) => ({ path: kindFile(kind), use: 'kind', found: true }) as const),
    ],
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    // A folder may permit to open its files, and not to list them.
    return [];
  }
}

/** Returns the path of a file that can be read. @throws TenonError ERR_TENON_UNREADABLE */
function inputFile(path: string): string {
  const { size } = readableFile(path, (stats) => (stats.isFile() ? null : 'it is not a file'));
  if (size > LARGEST_INPUT) throw unusable(path, `it has ${bytes(size)}, expected at most 64 MiB`);
  return path;
}

/** Returns the first files of a corpus. Its folders, empty files and hidden files are left out. */
function corpusFiles(folder: string): string[] {
  readableFile(folder, (stats) => (stats.isDirectory() ? null : 'it is not a folder'));
  const files = readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort()
    .map((name) => join(folder, name));
  const usable = (path: string) => {
    const stats = lstatSync(path);
    return stats.isFile() && stats.size > 0 && stats.size <= LARGEST_FROM_CORPUS;
  };
  return files.filter(usable).slice(0, MOST_FROM_CORPUS).map(inputFile);
}

function readableFile(path: string, problemOf: (stats: Stats) => string | null): Stats {
  let stats: Stats;
  try {
    stats = statSync(path);
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw unusable(path, messageOf(error));
  }
  const problem = problemOf(stats);
  if (problem !== null) throw unusable(path, problem);
  return stats;
}

function unusable(path: string, why: string): TenonError {
  const message = `Cannot use ${path} as an example for the plugin: ${why}. Remove it, or use --no-examples.`;
  return new TenonError('ERR_TENON_UNREADABLE', message, { path });
}
