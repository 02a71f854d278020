/**
 * The process in which commands load plugins. Its standard output is the standard error output of the command, so the
 * output of plugins does not mix with the results. Results go to descriptor 3. The exit code goes to descriptor 4, and
 * only at the end, so a plugin that ends the process is detected even if it exits with 0.
 */
import { writeSync } from 'node:fs';
import { colorIn } from './color.js';
import { Exit } from './command.js';
import { COMMANDS } from './commands.js';
import { guarded } from './guarded.js';
import { openIo } from './io.js';
import { UsageError } from './usage.js';

const RESULTS_FD = 3;
const VERDICT_FD = 4;

const [name = '', ...args] = process.argv.slice(2);
const io = openIo(RESULTS_FD, 2, { color: colorIn(args) });
process.on('uncaughtException', (error) => {
  void guarded(name, io, () => Promise.reject(error)).then(finish);
});
finish(await guarded(name, io, work));

async function work(): Promise<number> {
  const listed = COMMANDS[name];
  if (listed === undefined) throw new UsageError(`there is no command '${name}'.`);
  const command = await listed.load();
  return await command.prepare(args).run(io);
}

function finish(code: number): void {
  try {
    writeSync(VERDICT_FD, String(code));
  } catch {
    // The command has already ended.
  }
  process.exit(Object.values<number>(Exit).includes(code) ? code : Exit.internal);
}
