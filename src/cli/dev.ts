/** `tenon dev`: builds, reloads and calls a plugin whenever its sources change. */
import { constants } from 'node:os';
import type { Command, Work } from './command.js';
import type { BuildOptions, Project } from './dev/build.js';
import { projectAt } from './dev/project.js';
import { Session, type SessionSettings } from './dev/session.js';
import type { Io } from './io.js';
import { parseJson } from './json.js';
import { chosenMethod } from './method.js';
import { checkInputs } from './one-call.js';
import { type OptionTable, parse } from './options.js';
import { tierFor } from './tier.js';
import { UsageError } from './usage.js';
import { durationOf } from './values.js';

const OPTIONS = {
  method: {
    value: 'METHOD',
    about: "'something' (the default), or a method of a kind: 'codec/1#0', 'codec.encode'",
  },
  config: {
    value: 'JSON',
    about: "the config of the instance, or '@FILE' for the content of a file; without it the config is empty",
  },
  input: {
    value: 'INPUT',
    about: "the input: text, or '@FILE' for the content of a file; without it the input is empty",
  },
  json: { value: 'JSON', about: "the input of a typed method as JSON, or '@FILE' for the content of a file" },
  timeout: { value: 'TIME', about: 'how long new and a call may take (default 10s)' },
  release: { about: 'build with optimizations, as for users' },
  target: { value: 'NAME', about: 'the plugin, if Cargo or CMake builds several' },
  'no-check': { about: 'do not run the safety suite after each build' },
} as const satisfies OptionTable;

export const dev: Command = {
  usage: ['[FOLDER] [OPTION…]', 'FILE [OPTION…]'],
  about: [
    'Builds the plugin of a folder, runs it in the process tier, calls it, and shows the answer. When a source changes, it builds again, reloads the plugin with its state, calls it again, and shows how the answer differs and how long it took. Then the safety suite checks it (level basic).',
    'The folder (default: the current one) has Cargo.toml, CMakeLists.txt, or one file in C or C++, which may also be named itself. The messages of compilers are shown as they are. While the build fails, the last version goes on.',
    'CMake builds in the folder build. Hidden folders and the folders build, target and node_modules are not watched. Files of --input, --json and --config are. Ctrl-C ends the command, with exit code 130.',
  ],
  options: OPTIONS,
  operands: 'folders',
  exits: null,
  prepare(args): Work {
    const { values, operands } = parse(OPTIONS, args);
    const [folder = '.'] = operands;
    if (operands.length > 1)
      throw new UsageError(`dev takes one folder or file, but ${operands.length} arguments were given.`);
    const { method: named, config, input, json, timeout = '10s', release = false, target } = values;
    const method = chosenMethod(undefined, named);
    if (input === '-' || json === '-')
      throw new UsageError("dev calls the plugin again and again: give the input as text or as '@FILE'.");
    checkInputs(method, { input, json });
    if (config?.startsWith('@') === false) parseJson(config, '--config');
    const call = { method, config, input, json, timeout: durationOf('--timeout', timeout) };
    const { fallback } = tierFor(undefined);
    if (fallback !== null) throw new UsageError(`dev needs the process tier, but ${fallback}.`);
    const given = [config, input, json].filter((text) => text?.startsWith('@'));
    const files = given.map((text = '') => text.slice(1));
    const checks = values['no-check'] !== true && process.platform === 'linux';
    return {
      run: (io) => run(folder, { release, target }, { call, files, checks }, io),
    };
  },
};

/** Returns 128 and the number of the signal that ended it. */
async function run(
  folder: string,
  options: BuildOptions,
  settings: Omit<SessionSettings, 'project'>,
  io: Io,
): Promise<number> {
  const project: Project = projectAt(folder, options);
  const ending = new AbortController();
  let number = 0;
  const end = (signal: NodeJS.Signals): void => {
    // A second signal does not wait for the end of the plugin.
    if (ending.signal.aborted) process.exit(128 + constants.signals[signal]);
    number = constants.signals[signal];
    ending.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, end);
  try {
    await new Session({ ...settings, project }, io, ending.signal).run();
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
  return 128 + number;
}
