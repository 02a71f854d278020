/** Workflow commands of GitHub Actions: a note at the pull request for each finding. GitHub shows the first ten of each kind. */
import { basename } from 'node:path';
import { count, printable } from '../../base/text.js';
import type { CheckResult, FileVerdict, Verdict } from '../verdict.js';
import { bySeverity, crashLines, wholeFileProblem } from './view.js';

type Kind = 'error' | 'warning' | 'notice';

export function renderGithub({ files }: Verdict): string {
  const commands = files.flatMap((file) => [...wholeFile(file), ...findings(file), ...unfinished(file)]);
  return commands.map((command) => `${command}\n`).join('');
}

function wholeFile(file: FileVerdict): string[] {
  const problem = wholeFileProblem(file);
  return problem === null ? [] : [command('error', file.path, basename(file.path), [problem])];
}

function findings({ path, results }: FileVerdict): string[] {
  const failed = bySeverity(results.filter(({ state }) => state === 'failed'));
  return failed.flatMap((result) => {
    const kind = result.severity === 'note' ? 'notice' : result.severity;
    const title = `${basename(path)}: ${result.id}`;
    return result.findings.map((_, i) => command(kind, path, title, message(result, i)));
  });
}

/** In one note: most of them rest on the first, and would take the places of others. */
function unfinished({ path, results }: FileVerdict): string[] {
  const missing = results.filter(({ state }) => state === 'incomplete');
  if (missing.length === 0) return [];
  const title = `${basename(path)}: ${count(missing.length, 'check')} could not be completed`;
  return [
    command(
      'error',
      path,
      title,
      missing.map(({ id, reason }) => `${id}: ${reason}`),
    ),
  ];
}

function message({ findings, why, fix, reproduce }: CheckResult, index: number): string[] {
  const finding = findings[index];
  if (finding === undefined) return [];
  return [
    finding.message,
    ...crashLines(finding),
    `Why: ${why}`,
    `Fix: ${fix}`,
    `See it again: ${reproduce.command}`,
  ];
}

function command(kind: Kind, file: string, title: string, lines: readonly string[]): string {
  const text = lines.map((line) => printable(line)).join('\n');
  return `::${kind} file=${property(file)},title=${property(title)}::${data(text)}`;
}

/** As the runner takes it apart. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(printable(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
