/** `tenon check`: the safety suite. */
import { constants } from 'node:os';
import { certify, check as runSuite, type Verdict } from '../check/index.js';
import { TenonError } from '../index.js';
import { runInForeground } from './check/foreground.js';
import { type CheckCommand, requestOf } from './check/options.js';
import { checkOutput, show } from './check/output.js';
import { ProgressLine } from './check/progress.js';
import { explain, list } from './check/tell.js';
import { type Command, Exit, UsageError } from './command.js';
import type { Io } from './io.js';
import { paragraph } from './text.js';

const HELP = `Usage: tenon check FILE… [OPTION…]
       tenon check --list [--json]
       tenon check --explain ID

Tells what is wrong with plugins, why it matters, and how to see it again. Every check runs in a process
of its own: whatever a plugin does there is a result.

What is checked
  --level L             'basic' (the default), 'strict' or 'torture'
  --filter GLOB         only checks whose id matches, and those that they rest on; may be repeated
  --plugin-config JSON  the config for instances
  --input FILE          an input that the plugin understands; may be repeated, the first is the usual one
  --allow-needed NAME   a library that the plugin may need beside the system's, with '*'; may be repeated
  --glibc VERSION       the oldest glibc that the plugin has to run on, such as 2.36
  --fuzz TIME           feed made-up inputs and configs for this time each, such as 60s
  --corpus FOLDER       inputs to begin with when fuzzing
  --reproduce FILE      with --fuzz: try only the input or config in this file
  --sanitize S          the plugin was built with this sanitizer: 'address', 'undefined' or 'thread'
  --config FILE         JSON with these options and a rule for each check (docs/check-config.schema.json)

How it runs
  --seed N              from which everything random is made; it stands in the verdict
  --jobs N              processes at a time; as many as processors unless told
  --timeout TIME        how long one check may take, such as 500ms or 10s, instead of its own timeout
  --repeat N            run each check N times, until one run does not pass
  --artifacts FOLDER    keep inputs that show a finding there; with --fuzz in tenon-artifacts unless told
  --in-process          for debuggers: run the scenarios of the checks in one process in the foreground, one
                        after the other, without timeout and without handling signals

What is shown
  --format F            'pretty' (the default), 'compact', 'json', 'junit', 'sarif', 'github' or 'html'
  --only-failed         leave out what passed and what was skipped
  --output FILE         write there instead; findings are then told on the standard error output
  --certificates FILE         add what came of it to FILE, for hosts with the option 'require'
  --fail-on S           from which severity on a finding counts: 'error' (the default) or 'warning'
  --list, --explain ID  which checks there are, and what one of them is about
  --help                print this text

Exit code: 0 clean, 1 findings, 2 wrong usage, 3 a check could not be completed, 4 a fault of tenon itself,
130 or 143 ended by SIGINT or SIGTERM: what was not done by then is incomplete.
`;

export const check: Command = {
  summary: 'find out what is wrong with plugins',
  help: HELP,
  loadsPlugins: false,
  prepare(args) {
    const request = requestOf(args);
    if (request.type === 'list') return async (io) => list(request.json, io);
    if (request.type === 'explain') return async (io) => explain(request.id, io);
    return (io) => run(request, io);
  },
};

async function run(command: CheckCommand, io: Io): Promise<number> {
  try {
    const { files, options, output, certificates, inProcess } = command;
    const [file = ''] = files;
    if (inProcess) return await runInForeground(file, options, io);
    await checkOutput(output);
    const { verdict, signal } = await interruptible(command, io);
    await show(verdict, command, io);
    if (certificates !== undefined && signal === null) await certify(verdict, certificates);
    return signal === null ? exitCodes[verdict.outcome] : 128 + constants.signals[signal];
  } catch (error) {
    return notRun(error, io);
  }
}

const exitCodes = { clean: Exit.fine, findings: Exit.refused, incomplete: Exit.incomplete } as const;
const ENDING = ['SIGINT', 'SIGTERM'] as const;

/** The first signal ends the run, and what was found by then is shown; a second one ends the command at once. */
async function interruptible({ files, options }: CheckCommand, { err }: Io) {
  const progress = new ProgressLine(err);
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
    const verdict: Verdict = await runSuite(files, { ...options, onProgress, signal: ending.signal });
    return { verdict, signal: signal as (typeof ENDING)[number] | null };
  } finally {
    progress.clear();
    for (const name of ENDING) process.off(name, end);
  }
}

/** Where the suite itself cannot run nothing was found, and nothing is known to be sound. */
function notRun(error: unknown, { err }: Io): number {
  if (!(error instanceof TenonError)) throw error;
  if (error.code === 'ERR_TENON_INVALID_ARGUMENT') throw new UsageError(error.message, { cause: error });
  if (error.code !== 'ERR_TENON_UNSUPPORTED' && error.code !== 'ERR_TENON_UNREADABLE') throw error;
  err.line(err.red(`tenon: ${error.code}`));
  err.line(paragraph(error.message, '  '));
  return Exit.incomplete;
}
