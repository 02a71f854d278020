/** `tenon completion`: a script that lets a shell complete the command line. */
import { didYouMean } from '../base/options.js';
import { type Command, type Commands, Exit } from './command.js';
import { bashScript } from './completion/bash.js';
import { fishScript } from './completion/fish.js';
import { wordsOf } from './completion/words.js';
import { zshScript } from './completion/zsh.js';
import { parse } from './options.js';
import { UsageError } from './usage.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Returns the command that completes the commands in the list. */
export function completionCommand(commands: Commands): Command {
  return {
    usage: SHELLS,
    about: [
      'Prints a script for bash, zsh or fish that completes commands, options, their values, and files.',
      'bash: add the line source <(tenon completion bash) to ~/.bashrc.',
      'zsh: add the line source <(tenon completion zsh) to ~/.zshrc, after compinit.',
      'fish: tenon completion fish > ~/.config/fish/completions/tenon.fish',
    ],
    options: {},
    operands: SHELLS,
    exits: null,
    prepare(args) {
      const { operands } = parse({}, args);
      const [name = '', ...others] = operands;
      const shell = SHELLS.find((one) => one === name);
      if (name === '') throw new UsageError(`a shell is missing. Name one of ${SHELLS.join(', ')}.`);
      if (others.length > 0)
        throw new UsageError(`completion takes one shell, but ${operands.length} were given.`);
      if (shell === undefined)
        throw new UsageError(
          `completion knows ${SHELLS.join(', ')}, not '${name}'.${didYouMean(name, SHELLS)}`,
        );
      return {
        async run({ out }) {
          out.write(SCRIPTS[shell](await wordsOf(commands)));
          return Exit.fine;
        },
      };
    },
  };
}
