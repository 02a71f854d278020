/** `tenon new`: a plugin project that builds and passes the safety suite. */
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type Command, Exit, parse, UsageError } from './command.js';
import type { Io } from './io.js';
import { LANGUAGES, type Language, projectNames, writeProject } from './new-project.js';

const HELP = `Usage: tenon new NAME [--lang c|cpp|rust] [--folder FOLDER]

Writes a plugin project: the plugin, a build, a test that calls it from Node.js, and a CI workflow that
runs the safety suite. It builds and passes 'tenon check --level strict' at once.

  --lang L         the language: 'c' (the default), 'cpp' or 'rust'
  --folder FOLDER  where to write it; without it, in a new folder called NAME
  --help           print this text

Exit code: 0 fine, 1 the folder cannot be used, 2 wrong usage, 4 a fault of tenon itself.
`;

export const create: Command = {
  summary: 'write a new plugin project',
  help: HELP,
  loadsPlugins: false,
  prepare(args) {
    const text = { type: 'string' } as const;
    const options = { lang: text, folder: text } as const;
    const { values, positionals } = parse({ args: [...args], options, allowPositionals: true });
    const [name = '', ...others] = positionals;
    if (name === '' || others.length > 0) throw new UsageError('give exactly one name');
    if (projectNames(name) === undefined)
      throw new UsageError(`a name has 1 to 63 letters, digits, dots, underscores or hyphens, not '${name}'`);
    const language = languageOf(values.lang);
    const folder = resolve(values.folder ?? name);
    return async (io) => run(name, language, folder, io);
  },
};

function languageOf(text = 'c'): Language {
  const language = LANGUAGES.find((one) => one === text);
  if (language === undefined) throw new UsageError(`--lang must be ${LANGUAGES.join(', ')}, not '${text}'`);
  return language;
}

function run(name: string, language: Language, folder: string, { out, err }: Io): number {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    err.line(
      `${err.red('tenon:')} ${folder} is not empty. Choose another folder with --folder, or empty it.`,
    );
    return Exit.refused;
  }
  const files = writeProject(name, language, folder);
  const shown = relative(process.cwd(), folder) || '.';
  for (const file of files) out.line(join(shown, file));
  out.line();
  out.line(`Now: cd ${shown} && npm install && npm test && npm run check`);
  return Exit.fine;
}
