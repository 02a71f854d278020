/** Command lines: of the checker for one check, and those that show a finding again. */
import { findChecker } from './checker.js';
import type { CheckDefinition } from './definition.js';
import type { CheckSettings } from './settings.js';
import type { Subject } from './subject.js';
import type { CheckResult } from './verdict.js';

/** @throws TenonError ERR_TENON_UNSUPPORTED */
export function checkerFor({ id }: CheckDefinition, { sanitize }: CheckSettings): string {
  return findChecker(id.startsWith('sanitize/') ? sanitize : undefined);
}

/** As native/check/options.h takes them. */
export function checkerArguments({ id }: CheckDefinition, { path, settings }: Subject): string[] {
  const { seed, pluginConfig, inputs, fuzz } = settings;
  const args = [id, path, '--seed', String(seed)];
  if (pluginConfig !== '') args.push('--config', pluginConfig);
  for (const input of inputs) args.push('--input', input);
  if (id.startsWith('fuzz/') && fuzz !== undefined) {
    args.push('--budget', String(fuzz.budget));
    if (fuzz.corpus !== undefined) args.push('--corpus', fuzz.corpus);
  }
  return args;
}

/** How to see a result again. */
export function reproduction(check: CheckDefinition, subject: Subject): CheckResult['reproduce'] {
  const { shown, settings } = subject;
  const { seed, pluginConfig, inputs, fuzz, sanitize } = settings;
  const args = ['tenon', 'check', shown, '--filter', check.id, '--seed', String(seed)];
  if (pluginConfig !== '') args.push('--plugin-config', pluginConfig);
  for (const input of inputs) args.push('--input', input);
  if (check.id.startsWith('fuzz/') && fuzz !== undefined) args.push('--fuzz', `${fuzz.budget}ms`);
  if (check.id.startsWith('sanitize/')) args.push('--sanitize', String(sanitize));
  const gdb =
    check.method.type === 'bytes'
      ? null
      : quoted(['gdb', '--args', checkerFor(check, settings), ...checkerArguments(check, subject)]);
  return { command: quoted(args), gdb };
}

/** For a POSIX shell. */
export function quoted(args: readonly string[]): string {
  return args
    .map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
