/** Renders workflow commands of GitHub Actions, one annotation for each finding. GitHub shows ten of each type. */
import { basename, isAbsolute } from 'node:path';
import { count, printable } from '../../base/text.js';
import type { CheckResult, FileVerdict, Verdict } from '../verdict.js';
import { bySeverity, crashLines, wholeFileProblem, withPlace } from './view.js';

type Kind = 'error' | 'warning' | 'notice';

export function renderGithub({ files }: Verdict): string {
  const commands = files.flatMap((file) => [...wholeFile(file), ...findings(file), ...unfinished(file)]);
  return commands.map((command) => `${command}\n`).join('');
}

function wholeFile(file: FileVerdict): string[] {
  const problem = wholeFileProblem(file);
  return problem === null ? [] : [command('error', { file: file.path }, basename(file.path), [problem])];
}

function findings({ path, results }: FileVerdict): string[] {
  const failed = bySeverity(results.filter(({ state }) => state === 'failed'));
  return failed.flatMap((result) => {
    const kind = result.severity === 'note' ? 'notice' : result.severity;
    const title = `${basename(path)}: ${result.id}`;
    return result.findings.map((finding, i) => {
      const { file = null, line = null } = finding.place ?? {};
      // A file outside the repository has no line in a pull request.
      const isHere = file !== null && line !== null && !isAbsolute(file);
      return command(kind, isHere ? { file, line } : { file: path }, title, message(result, i));
    });
  });
}

/** Returns one annotation for all incomplete checks. Most depend on the first, and would displace other annotations. */
function unfinished({ path, results }: FileVerdict): string[] {
  const missing = results.filter(({ state }) => state === 'incomplete');
  if (missing.length === 0) return [];
  const title = `${basename(path)}: ${count(missing.length, 'check')} could not be completed`;
  return [
    command(
      'error',
      { file: path },
      title,
      missing.map(({ id, reason }) => `${id}: ${reason}`),
    ),
  ];
}

function message({ findings, why, fix, reproduce }: CheckResult, index: number): string[] {
  const finding = findings[index];
  if (finding === undefined) return [];
  return [
    withPlace(finding),
    ...crashLines(finding),
    `Why: ${why}`,
    `Fix: ${fix}`,
    `Reproduce: ${reproduce.command}`,
  ];
}

function command(
  kind: Kind,
  { file, line }: { readonly file: string; readonly line?: number },
  title: string,
  lines: readonly string[],
): string {
  const text = lines.map((one) => printable(one)).join('\n');
  const where = line === undefined ? '' : `,line=${line}`;
  return `::${kind} file=${property(file)}${where},title=${property(title)}::${data(text)}`;
}

/** Escapes text in the way that the runner decodes it. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(printable(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
