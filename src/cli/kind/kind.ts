/** `tenon kind`: documents of kinds, the code that is generated from them, and their versions. */
import { didYouMean } from '../../base/options.js';
import { compareKinds, type KindComparison } from '../../kinds/compare.js';
import type { KindModel } from '../../kinds/model.js';
import { type Command, Exit, type Work } from '../command.js';
import { tell } from '../guarded.js';
import type { Io, Output } from '../io.js';
import { type OptionTable, type OptionValues, parse } from '../options.js';
import { count, padded, wrapped } from '../text.js';
import { UsageError } from '../usage.js';
import { documentOf, filesIn, type GeneratedFile, isCurrent, LANGUAGES, writeChanged } from './generated.js';
import { kindIn } from './source.js';

const ACTIONS = ['export', 'bind', 'diff'] as const;
type Action = (typeof ACTIONS)[number];

const OPTIONS = {
  lang: {
    value: 'LANGUAGE',
    words: LANGUAGES,
    repeat: true,
    about: "bind: 'c', 'cpp', 'rust', 'ts' (TypeScript) or 'md' (a reference in Markdown)",
  },
  out: {
    value: 'PATH',
    path: 'file',
    about: 'bind: the folder of the files; export: the file, without it the document is printed',
  },
  check: {
    about:
      'write nothing, and exit with 1 if a file is missing or differs (bind, export), or if the version of NEW does not allow the changes (diff)',
  },
  kind: { value: 'NAME', about: 'the kind, if the file has several' },
  json: { about: 'diff: print {name, from, to, verdict, needed, allowed, changes}' },
} as const satisfies OptionTable;
type Values = OptionValues<typeof OPTIONS>;

/** The options of each action, and its number of files. */
const TAKES: Readonly<
  Record<Action, { readonly options: readonly (keyof Values)[]; readonly files: number }>
> = {
  export: { options: ['out', 'check', 'kind'], files: 1 },
  bind: { options: ['lang', 'out', 'check', 'kind'], files: 1 },
  diff: { options: ['check', 'kind', 'json'], files: 2 },
};

export const kind: Command = {
  usage: [
    'export FILE [OPTION…]',
    'bind FILE --lang LANGUAGE --out FOLDER [OPTION…]',
    'diff OLD NEW [OPTION…]',
  ],
  about: [
    'A kind is a typed interface of plugins. Its document NAME.kind.json is the source of all generated code.',
    'FILE is such a document, a library whose file has it, or a JavaScript module that exports what defineKind returns. A module is executed; a library is not loaded.',
    "'export' prints the document. 'bind' writes code: C headers, a Rust module, a TypeScript module, or a page in Markdown. 'diff' says what a new version means for the plugins and hosts that exist: 'minor' if both still work together, 'major' if not, 'source' if only sources must be adapted.",
  ],
  options: OPTIONS,
  operands: ACTIONS,
  exits: '1 --check found a difference, or a file was refused',
  prepare(args) {
    const { values, operands } = parse(OPTIONS, args);
    const [given = '', ...files] = operands;
    const action = ACTIONS.find((one) => one === given);
    if (action === undefined) throw wrongAction(given);
    checkOptions(action, values);
    const expected = TAKES[action].files;
    if (files.length !== expected)
      throw new UsageError(
        `kind ${action} takes ${count(expected, 'file')}, but ${files.length === 0 ? 'none was' : `${files.length} were`} given.`,
      );
    return workOf(action, files, values);
  },
};

function wrongAction(given: string): UsageError {
  const list = "'export', 'bind' and 'diff'";
  return new UsageError(
    given === ''
      ? `kind needs one of ${list}.`
      : `kind knows ${list}, not '${given}'.${didYouMean(given, ACTIONS)}`,
  );
}

function checkOptions(action: Action, values: Values): void {
  const { options } = TAKES[action];
  for (const name of Object.keys(OPTIONS) as (keyof typeof OPTIONS)[]) {
    if (values[name] === undefined || options.includes(name)) continue;
    const others = ACTIONS.filter((one) => TAKES[one].options.includes(name));
    throw new UsageError(`--${name} is for kind ${others.join(' and ')}, not for kind ${action}.`);
  }
  if (action === 'bind' && values.lang === undefined)
    throw new UsageError(`kind bind needs a language: --lang ${LANGUAGES.join('|')}`);
  if (action === 'bind' && values.out === undefined)
    throw new UsageError('kind bind needs a folder: --out FOLDER');
  if (action === 'export' && values.check === true && values.out === undefined)
    throw new UsageError('kind export --check needs the file to compare: --out FILE');
}

function workOf(action: Action, [first = '', second = '']: readonly string[], values: Values): Work {
  return {
    async run(io) {
      const model = await kindIn(first, values.kind);
      if (action === 'diff') return diff(model, await kindIn(second, values.kind), values, io);
      if (action === 'bind') return write(filesIn(values.out ?? '.', model, values.lang ?? []), values, io);
      const content = documentOf(model);
      if (values.out !== undefined) return write([{ name: values.out, content }], values, io);
      io.out.write(content);
      return Exit.fine;
    },
  };
}

/** Writes the files, or reports those that differ. */
function write(files: readonly GeneratedFile[], { check }: Values, { out, err }: Io): number {
  if (check !== true) {
    for (const { name, content } of files)
      out.line(`${writeChanged(name, content) ? 'written' : 'current'}  ${name}`);
    return Exit.fine;
  }
  const old = files.filter(({ name, content }) => !isCurrent(name, content));
  for (const { name } of old) tell(err, `${name} is not what the kind generates. Write it without --check.`);
  if (old.length === 0) out.line(`${count(files.length, 'file')} up to date`);
  return old.length === 0 ? Exit.fine : Exit.refused;
}

function diff(old: KindModel, now: KindModel, { json, check }: Values, { out }: Io): number {
  const comparison = compareKinds(old, now);
  if (json === true) {
    const { verdict, needed, allowed, changes } = comparison;
    const all = { name: now.name, from: old.version, to: now.version, verdict, needed, allowed, changes };
    out.line(JSON.stringify(all, null, 2));
  } else tellChanges(old, now, comparison, out);
  return check === true && !comparison.allowed ? Exit.refused : Exit.fine;
}

function tellChanges(old: KindModel, now: KindModel, comparison: KindComparison, out: Output): void {
  const { verdict, changes, needed, allowed } = comparison;
  out.line(out.bold(`${now.name} ${old.version} -> ${now.version}: ${verdict ?? 'no change'}`));
  for (const change of changes) {
    const color = change.verdict === 'major' ? out.red : change.verdict === 'minor' ? out.bold : out.yellow;
    const text = wrapped(`${change.at} ${change.what}`, out.columns - 10, ' '.repeat(10));
    out.line(`  ${color.call(out, padded(change.verdict, 6))}  ${text}`);
  }
  if (!allowed) out.line(`These changes need version ${needed} or later, but NEW is ${now.version}.`);
}
