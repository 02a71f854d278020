/**
 * The process in which commands run that load plugins. Its standard output is the standard error output of the command, so
 * that nothing a plugin prints gets between the results; these go to descriptor 3. To descriptor 4 goes the exit code, at the
 * end and only then: a plugin that ends the process is found out, also if it ends it with 0.
 */
import { writeSync } from 'node:fs';
import { Exit, UsageError } from './command.js';
import { COMMANDS, guarded } from './commands.js';
import { openIo } from './io.js';

const RESULTS_FD = 3;
const VERDICT_FD = 4;

const [name = '', ...args] = process.argv.slice(2);
const io = openIo(RESULTS_FD, 2);
process.on('uncaughtException', (error) => {
  void guarded(name, io, () => Promise.reject(error)).then(finish);
});
finish(await guarded(name, io, work));

async function work(): Promise<number> {
  const command = COMMANDS[name];
  if (command === undefined) throw new UsageError(`there is no command '${name}'`);
  return await command.prepare(args)(io);
}

function finish(code: number): void {
  try {
    writeSync(VERDICT_FD, String(code));
  } catch {
    // Nobody waits for it any more.
  }
  process.exit(Object.values<number>(Exit).includes(code) ? code : Exit.fault);
}
