/** `tenon help`: the list of commands, or the help of one command. */
import { didYouMean } from '../base/options.js';
import { type Command, type Commands, Exit } from './command.js';
import { helpOf, overview } from './help.js';
import { parse } from './options.js';
import { UsageError } from './usage.js';

/** Returns the command. `all` is called later, because `help` itself is one of the commands. */
export function helpCommand(all: () => Commands): Command {
  return {
    summary: 'explain a command',
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
      const commands = all();
      const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
      if (name !== undefined && command === undefined)
        throw new UsageError(`there is no command '${name}'.${didYouMean(name, Object.keys(commands))}`);
      return {
        run({ out }) {
          const width = out.proseWidth;
          out.write(
            name === undefined || command === undefined
              ? overview(commands, width)
              : helpOf(name, command, width),
          );
          return Exit.fine;
        },
      };
    },
  };
}
