/** Builds command lines: for the checker, and for reproducing a finding. */
import { quoted } from '../base/shell.js';
import { findChecker } from './checker.js';
import type { CheckDefinition } from './definition.js';
import { type HostileInput, hostileInputsOf } from './hostile.js';
import { cursorsOf } from './kind-file.js';
import type { CheckSettings } from './settings.js';
import type { Subject } from './subject.js';
import type { CheckResult, Finding } from './verdict.js';

/** Returns the path of the checker for the settings. @throws TenonError ERR_TENON_UNSUPPORTED */
export function checkerFor({ sanitize }: CheckSettings): string {
  return findChecker(sanitize);
}

/** Returns the arguments that native/check/options.h parses. */
export function checkerArguments({ id }: Pick<CheckDefinition, 'id'>, subject: Subject): string[] {
  return [id, ...argumentsFor([id], subject)];
}

/**
 * Returns the arguments after the scenarios. Some scenarios have arguments of their own. With the stage of a
 * finding, the inputs of other stages are left out.
 */
export function argumentsFor(
  ids: readonly string[],
  { path, settings, examples }: Subject,
  stage: string | null = null,
): string[] {
  const { seed, pluginConfig, fuzz } = settings;
  const { inputs, corpus, methods, kinds } = examples;
  const args = [path, '--seed', String(seed)];
  if (pluginConfig !== '') args.push('--config', pluginConfig);
  for (const input of inputs) args.push('--input', input);
  for (const { method, bytes } of methods) args.push('--method-input', `${method}=${bytes.toString('hex')}`);
  if (ids.some((id) => id === 'kind/results' || id.startsWith('state/')))
    for (const cursor of cursorsOf(kinds)) args.push('--cursor', cursor);
  if (ids.includes('kind/hostile-spans')) {
    for (const { method, fault, bytes } of hostileInputsIn(stage, hostileInputsOf(kinds)))
      args.push('--hostile-input', `${method} ${fault}=${bytes.toString('hex')}`);
  }
  if (ids.some((id) => id.startsWith('fuzz/')) && fuzz !== undefined) {
    args.push('--budget', String(fuzz.budget));
    if (fuzz.most !== undefined) args.push('--most', String(fuzz.most));
    if (corpus !== null) args.push('--corpus', corpus);
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
      : quoted([
          ...environmentOf(check),
          'gdb',
          '--args',
          checkerFor(settings),
          check.id,
          ...argumentsFor([check.id], subject, findings[0]?.stage ?? null),
        ]);
  return { command: quoted(args), gdb };
}

/** Returns the hostile input that a stage names, or all of them. */
function hostileInputsIn(stage: string | null, inputs: readonly HostileInput[]): readonly HostileInput[] {
  const named = inputs.filter(({ method, fault }) => {
    const [kind, slot] = method.split('#');
    return stage?.endsWith(`method ${slot} of ${kind} with a message whose ${fault}`);
  });
  return named.length === 0 ? inputs : named;
}

/** Returns a command that sets the variables that the scenario needs. Empty if it needs none. */
function environmentOf({ method }: CheckDefinition): string[] {
  const variables = method.type === 'scenario' ? Object.entries(method.env ?? {}) : [];
  return variables.length === 0 ? [] : ['env', ...variables.map(([name, value]) => `${name}=${value}`)];
}

function withReproduced(subject: Subject, file: string | undefined): Subject {
  const { fuzz } = subject.settings;
  if (fuzz === undefined || file === undefined) return subject;
  return { ...subject, settings: { ...subject.settings, fuzz: { ...fuzz, reproduce: file } } };
}

/** Returns the user's options that the check depends on. */
function relevantOptions({ id, method }: CheckDefinition, settings: CheckSettings): string[] {
  const { pluginConfig, inputs, fuzz, sanitize, allowNeeded, glibc, timeout, examples } = settings;
  if (method.type === 'bytes') {
    const needed = allowNeeded.flatMap((name) => ['--allow-needed', name]);
    return glibc === undefined ? needed : [...needed, '--glibc', glibc];
  }
  const args = inputs.flatMap((input) => ['--input', input]);
  if (!examples) args.push('--no-examples');
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
