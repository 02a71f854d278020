/** `tenon build`: builds the native parts where the package is installed. */
import { buildNativePart } from '../addon/build.js';
import { TenonError } from '../index.js';
import { type Command, Exit } from './command.js';
import { tell } from './guarded.js';
import type { Io } from './io.js';
import { type OptionTable, parse } from './options.js';
import { paragraph } from './text.js';
import { UsageError } from './usage.js';

const OPTIONS = {
  checker: {
    about: "build the program of the safety suite instead; the first 'tenon check' does that too",
  },
} as const satisfies OptionTable;

export const build: Command = {
  usage: ['[OPTION…]'],
  about: [
    'Builds the native addon and the runner from source, in the folder where tenon is installed. It needs CMake 3.18 or newer and a C and C++ compiler. Only platforms without a package of compiled files need it.',
  ],
  options: OPTIONS,
  operands: 'none',
  exits: '1 the parts could not be built',
  prepare(args) {
    const { values, operands } = parse(OPTIONS, args);
    if (operands.length > 0)
      throw new UsageError(`build takes only options, but '${operands[0]}' was given.`);
    return { run: (io) => run(values.checker === true, io) };
  },
};

async function run(checker: boolean, { err }: Io): Promise<number> {
  tell(err, `building ${checker ? 'tenon-checker' : 'the addon and the runner'} ...`);
  try {
    await buildNativePart(checker ? 'tenon-checker' : 'host');
  } catch (error) {
    if (error instanceof TenonError && error.stderr !== undefined) err.line(paragraph(error.stderr, '  '));
    throw error;
  }
  tell(err, 'built.');
  return Exit.fine;
}
