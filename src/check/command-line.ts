/** Builds command lines: for the checker, and for reproducing a finding. */
import { quoted } from '../base/shell.js';
import { findChecker } from './checker.js';
import type { CheckDefinition } from './definition.js';
import type { CheckSettings } from './settings.js';
import type { Subject } from './subject.js';
import type { CheckResult, Finding } from './verdict.js';

/** Returns the path of the checker for the settings. @throws TenonError ERR_TENON_UNSUPPORTED */
export function checkerFor({ sanitize }: CheckSettings): string {
  return findChecker(sanitize);
}

/** Returns the arguments that native/check/options.h parses. */
export function checkerArguments({ id }: CheckDefinition, { path, settings }: Subject): string[] {
  const { seed, pluginConfig, inputs, fuzz } = settings;
  const args = [id, path, '--seed', String(seed)];
  if (pluginConfig !== '') args.push('--config', pluginConfig);
  for (const input of inputs) args.push('--input', input);
  if (id.startsWith('fuzz/') && fuzz !== undefined) {
    args.push('--budget', String(fuzz.budget));
    if (fuzz.corpus !== undefined) args.push('--corpus', fuzz.corpus);
    if (fuzz.reproduce !== undefined) args.push('--reproduce', fuzz.reproduce);
  }
  return args;
}

/** Returns the command lines that reproduce a result. If a generated input was kept, they try only that input. */
export function reproduction(
  check: CheckDefinition,
  whole: Subject,
  findings: readonly Finding[],
): CheckResult['reproduce'] {
  const subject = withReproduced(whole, findings[0]?.input?.file ?? undefined);
  const { shown, settings } = subject;
  const args = ['npx', 'tenon', 'check', shown.startsWith('-') ? `./${shown}` : shown];
  args.push('--filter', check.id, '--seed', String(settings.seed), ...relevantOptions(check, settings));
  const gdb =
    check.method.type === 'bytes'
      ? null
      : quoted(['gdb', '--args', checkerFor(settings), ...checkerArguments(check, subject)]);
  return { command: quoted(args), gdb };
}

function withReproduced(subject: Subject, file: string | undefined): Subject {
  const { fuzz } = subject.settings;
  if (fuzz === undefined || file === undefined) return subject;
  return { ...subject, settings: { ...subject.settings, fuzz: { ...fuzz, reproduce: file } } };
}

/** Returns the user's options that the check depends on. */
function relevantOptions({ id, method }: CheckDefinition, settings: CheckSettings): string[] {
  const { pluginConfig, inputs, fuzz, sanitize, allowNeeded, glibc, timeout } = settings;
  if (method.type === 'bytes') {
    const needed = allowNeeded.flatMap((name) => ['--allow-needed', name]);
    return glibc === undefined ? needed : [...needed, '--glibc', glibc];
  }
  const args = inputs.flatMap((input) => ['--input', input]);
  if (pluginConfig !== '') args.push('--plugin-config', pluginConfig);
  if (id.startsWith('fuzz/') && fuzz !== undefined) {
    args.push('--fuzz', `${fuzz.budget}ms`);
    if (fuzz.corpus !== undefined) args.push('--corpus', fuzz.corpus);
    if (fuzz.reproduce !== undefined) args.push('--reproduce', fuzz.reproduce);
  }
  if (sanitize !== undefined) args.push('--sanitize', sanitize);
  if (timeout !== undefined && Number.isFinite(timeout)) args.push('--timeout', `${timeout}ms`);
  return args;
}
