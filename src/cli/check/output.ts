/** Writes the rendered verdict. */
import { randomUUID } from 'node:crypto';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../../base/errors.js';
import { type Format, onlyFailed, type Verdict } from '../../check/index.js';
import { renderOwn } from '../../check/render/index.js';
import type { Io } from '../io.js';
import { printable } from '../text.js';
import { UsageError } from '../usage.js';
import type { CheckCommand } from './options.js';

/** Checks the output file before the suite runs, so that no run is wasted. @throws UsageError */
export async function checkOutput(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  const isFolder = (path: string) =>
    stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
  if (!(await isFolder(dirname(file))) || (await isFolder(file)))
    throw new UsageError(`--output ${file} must be a file in a folder that exists.`);
}

/** Writes the verdict in the requested format. In a job of GitHub Actions, prints the annotations of the code too. */
export async function show(verdict: Verdict, command: CheckCommand, { out, err }: Io): Promise<void> {
  const { format = 'pretty', output } = command;
  const shown = command.onlyFailed ? onlyFailed(verdict) : verdict;
  const width = out.isTerminal ? out.proseWidth : undefined;
  const rendered = (as: Format, color: boolean) => renderOwn(shown, as, { color, width });
  if (output === undefined) out.write(rendered(format, out.color));
  else {
    await replace(output, rendered(format, false));
    err.write(rendered('compact', err.color));
    err.line(`tenon: written to ${printable(output)}`);
  }
  const isFree = output !== undefined || command.format === undefined;
  if (process.env.GITHUB_ACTIONS === 'true' && isFree) out.write(rendered('github', false));
}

/** Replaces a file atomically, so that no reader sees a partial file. @throws UsageError */
async function replace(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new UsageError(`--output cannot be written: ${messageOf(cause)}.`, { cause });
  }
}
