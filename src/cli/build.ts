/** `tenon build`: builds the native parts where the package is installed. */
import { buildNativePart } from '../addon/build.js';
import { type Command, Exit } from './command.js';
import { tell } from './guarded.js';
import type { Io } from './io.js';
import { type OptionTable, parse } from './options.js';
import { UsageError } from './usage.js';

const OPTIONS = {
  checker: {
    about: "build the program of the safety suite instead; the first 'tenon check' does that too",
  },
} as const satisfies OptionTable;

export const build: Command = {
  summary: 'build the native parts of this installation',
  usage: ['[OPTION…]'],
  about: [
    "Builds the native addon and the runner from source, in the folder where tenon is installed. It needs CMake 3.18 or newer and a C and C++ compiler. npm's install hook does the same, if npm is allowed to run it and the tools are installed.",
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
  await buildNativePart(checker ? 'tenon-checker' : 'host');
  tell(err, 'built.');
  return Exit.fine;
}
