/** `tenon new`: a plugin project that builds and passes the safety suite. */
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { quoted } from '../base/shell.js';
import type { KindModel } from '../kinds/model.js';
import { type Command, Exit } from './command.js';
import { tell } from './guarded.js';
import type { Io } from './io.js';
import { kindIn } from './kind/source.js';
import { LANGUAGES, type Language, projectNames, writeProject } from './new-project.js';
import { type OptionTable, parse } from './options.js';
import { UsageError } from './usage.js';

const OPTIONS = {
  lang: { value: 'LANGUAGE', words: LANGUAGES, about: "'c' (the default), 'cpp' or 'rust'" },
  kind: {
    value: 'FILE',
    path: 'file',
    about:
      'write a plugin of a kind: a document NAME.kind.json, or a library or module that has it (tenon help kind)',
  },
  folder: {
    value: 'FOLDER',
    path: 'folder',
    about: 'the folder of the project; the default is a new folder NAME',
  },
} as const satisfies OptionTable;

export const create: Command = {
  usage: ['NAME [OPTION…]'],
  about: [
    "Writes a plugin project: the plugin, a build, a test that calls it from Node.js, and a CI workflow that runs the safety suite. It builds and passes 'tenon check --level strict' without changes.",
  ],
  options: OPTIONS,
  operands: 'none',
  exits: '1 the folder cannot be used',
  prepare(args) {
    const { values, operands } = parse(OPTIONS, args);
    const [name = ''] = operands;
    if (name === '') throw new UsageError('a name is missing. Give the name of the plugin.');
    if (operands.length > 1)
      throw new UsageError(`new takes exactly one name, but ${operands.length} were given.`);
    if (projectNames(name) === undefined)
      throw new UsageError(
        `a name has 1 to 63 letters, digits, dots, underscores or hyphens, not '${name}'.`,
      );
    const folder = resolve(values.folder ?? name);
    const language = values.lang ?? 'c';
    return {
      run: async (io) => {
        const kind = values.kind === undefined ? undefined : await kindIn(values.kind, undefined);
        return run(name, language, folder, kind, io);
      },
    };
  },
};

function run(
  name: string,
  language: Language,
  folder: string,
  kind: KindModel | undefined,
  { out, err }: Io,
): number {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    tell(err, `${folder} is not empty. Choose another folder with --folder, or empty it.`);
    return Exit.refused;
  }
  const files = writeProject(name, language, folder, kind);
  const shown = relative(process.cwd(), folder) || '.';
  for (const file of files) out.line(join(shown, file));
  out.line();
  out.line(`Now: ${quoted(['cd', shown])} && npm install && npm test && npm run check`);
  out.line("tenon is not on npm's registry yet: README.md says how to install it on other machines.");
  return Exit.fine;
}
