/** Workflow commands of GitHub Actions: a note at the pull request for each finding. GitHub shows the first ten of each kind. */
import { basename } from 'node:path';
import { printable } from '../../text.js';
import type { CheckResult, FileVerdict, Verdict } from '../verdict.js';
import { bySeverity, crashLines, wholeFileProblem } from './view.js';

type Kind = 'error' | 'warning' | 'notice';

export function renderGithub({ files }: Verdict): string {
  const commands = files.flatMap((file) => [...fileCommands(file), ...resultCommands(file)]);
  return commands.map((command) => `${command}\n`).join('');
}

function fileCommands(file: FileVerdict): string[] {
  const problem = wholeFileProblem(file);
  if (problem === null) return [];
  return [command('error', file.path, basename(file.path), [problem])];
}

function resultCommands({ path, results }: FileVerdict): string[] {
  return bySeverity(results).flatMap((result) => {
    const { id, state, severity, title, reason } = result;
    const name = `${basename(path)}: ${id}`;
    if (state === 'incomplete')
      return [command('error', path, `${name} could not be completed`, [reason ?? '', title])];
    if (state !== 'failed') return [];
    const kind = severity === 'note' ? 'notice' : severity;
    return result.findings.map((_, i) => command(kind, path, name, message(result, i)));
  });
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
