/** `tenon check`: the safety suite. */
import { check as runSuite } from '../check/index.js';
import { type Command, Exit, parse, UsageError } from './command.js';

const HELP = `Usage: tenon check FILE… [--level basic|strict|torture]

Tells what is wrong with plugins, why it matters, and how to see it again. Every check runs in a process
of its own: whatever a plugin does there is a result.

  --level L   how much is checked: 'basic' (the default), 'strict' or 'torture'
  --help      print this text

Exit code: 0 clean, 1 findings, 2 wrong usage, 3 a check could not be completed, 4 a fault of tenon itself.
`;

export const check: Command = {
  summary: 'find out what is wrong with plugins',
  help: HELP,
  loadsPlugins: false,
  prepare(args) {
    const text = { type: 'string' } as const;
    const options = { level: text, seed: text, filter: text, 'plugin-config': text } as const;
    const { values, positionals } = parse({ args: [...args], options, allowPositionals: true });
    if (positionals.length === 0) throw new UsageError('name at least one file');
    return async (io) => {
      const verdict = await runSuite(positionals, {
        level: values.level as 'basic' | undefined,
        seed: values.seed === undefined ? undefined : Number(values.seed),
        filter: values.filter === undefined ? undefined : [values.filter],
        pluginConfig: values['plugin-config'],
      });
      io.out.line(JSON.stringify(verdict, null, 2));
      return { clean: Exit.fine, findings: Exit.refused, incomplete: Exit.incomplete }[verdict.outcome];
    };
  },
};
