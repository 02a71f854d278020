/** `tenon check`: the safety suite. */
import { constants } from 'node:os';
import { certify, libraryFiles, check as runSuite, type Verdict } from '../check/index.js';
import { TenonError } from '../index.js';
import { runInForeground } from './check/foreground.js';
import { type CheckCommand, OPTIONS, requestOf } from './check/options.js';
import { checkOutput, show } from './check/output.js';
import { ProgressLine } from './check/progress.js';
import { explain, list } from './check/tell.js';
import { type Command, Exit } from './command.js';
import { tell, tellError } from './guarded.js';
import type { Io } from './io.js';
import { printable } from './text.js';
import { UsageError } from './usage.js';

export const check: Command = {
  usage: ['FILE… [OPTION…]', 'FOLDER… [OPTION…]', '--list [--json]', '--explain ID'],
  about: [
    'Reports what is wrong with plugins, why it matters, and how to reproduce it. Every check runs in a process of its own, so a crash or hang of the plugin is a result too.',
    'A folder means all libraries in it, except for those without any entry point.',
    'A run that is ended by SIGINT or SIGTERM shows the results so far and exits with 130 or 143.',
  ],
  options: OPTIONS,
  operands: 'files',
  exits: '1 findings',
  prepare(args) {
    const request = requestOf(args);
    if (request.type === 'list') return { run: (io) => list(request.json, io) };
    if (request.type === 'explain') return { run: (io) => explain(request.id, io) };
    return { run: (io) => run(request, io) };
  },
};

async function run(command: CheckCommand, io: Io): Promise<number> {
  try {
    const { options, output, certificates, inProcess } = command;
    const [file = ''] = command.files;
    if (inProcess)
      return await runInForeground(file, { ...options, onBuild: (program) => announce(program, io) }, io);
    await checkOutput(output);
    const { files, leftOut } = await libraryFiles(command.files);
    for (const helper of leftOut) tell(io.err, `skipped ${helper}: it has no entry point of a plugin.`);
    const { verdict, signal } = await interruptible(files, command, io);
    await show(verdict, command, io);
    if (certificates !== undefined && signal === null) await certify(verdict, certificates);
    return signal === null ? exitCodes[verdict.outcome] : 128 + constants.signals[signal];
  } catch (error) {
    return notRun(error, io);
  }
}

const exitCodes = { clean: Exit.fine, findings: Exit.refused, incomplete: Exit.incomplete } as const;
const ENDING = ['SIGINT', 'SIGTERM'] as const;

/** Runs the suite. The first signal ends the run and shows the results so far. A second one ends the command. */
async function interruptible(files: readonly string[], { options }: CheckCommand, io: Io) {
  const progress = new ProgressLine(io.err);
  const ending = new AbortController();
  let signal: (typeof ENDING)[number] | null = null;
  const end = (name: NodeJS.Signals): void => {
    for (const one of ENDING) process.off(one, end);
    signal = name === 'SIGTERM' ? 'SIGTERM' : 'SIGINT';
    ending.abort();
  };
  for (const name of ENDING) process.on(name, end);
  try {
    const onProgress = progress.show.bind(progress);
    const onBuild = (program: string) => {
      progress.clear();
      announce(program, io);
    };
    const verdict: Verdict = await runSuite(files, {
      ...options,
      onProgress,
      onBuild,
      signal: ending.signal,
    });
    return { verdict, signal: signal as (typeof ENDING)[number] | null };
  } finally {
    progress.clear();
    for (const name of ENDING) process.off(name, end);
  }
}

function announce(program: string, { err }: Io): void {
  tell(err, `building ${printable(program)}, once for this installation. It takes about half a minute.`);
}

/** Reports that the suite could not run. The exit code is neither that of findings nor that of a pass. */
function notRun(error: unknown, { err }: Io): number {
  if (!(error instanceof TenonError)) throw error;
  if (error.code === 'ERR_TENON_INVALID_ARGUMENT') throw new UsageError(error.message, { cause: error });
  if (error.code !== 'ERR_TENON_UNSUPPORTED' && error.code !== 'ERR_TENON_UNREADABLE') throw error;
  tellError(err, error);
  return Exit.incomplete;
}
