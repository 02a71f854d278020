/** `tenon help`: the list of commands, or the help of one command. */
import { didYouMean } from '../base/options.js';
import { type Command, type Commands, Exit } from './command.js';
import { helpOf, overview } from './help.js';
import { parse } from './options.js';
import { UsageError } from './usage.js';

/** Returns the command that explains the commands in the list. */
export function helpCommand(commands: Commands): Command {
  return {
    usage: ['[COMMAND]'],
    about: ['Lists all commands, or explains one.'],
    options: {},
    operands: 'commands',
    exits: null,
    prepare(args) {
      const { operands } = parse({}, args);
      const [name, ...others] = operands;
      if (others.length > 0)
        throw new UsageError(`help explains one command, but ${operands.length} were given.`);
      const listed = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
      if (name !== undefined && listed === undefined)
        throw new UsageError(`there is no command '${name}'.${didYouMean(name, Object.keys(commands))}`);
      return {
        async run({ out }) {
          const width = out.proseWidth;
          out.write(
            name === undefined || listed === undefined
              ? overview(commands, width)
              : helpOf(name, await listed.load(), width),
          );
          return Exit.fine;
        },
      };
    },
  };
}
