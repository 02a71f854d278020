/** Scenarios in the foreground, for debuggers: the command line of a checker that runs them in one process. */
import { invalidArgument } from '../base/errors.js';
import { findChecker } from './checker.js';
import { checkerArguments } from './command-line.js';
import { selectChecks } from './registry.js';
import { type CheckOptions, settingsOf } from './settings.js';
import { isPlugin, openSubject } from './subject.js';

export interface ForegroundRun {
  readonly program: string;
  readonly args: readonly string[];
  /** The checks whose scenarios it runs, in this order. */
  readonly ids: readonly string[];
}

/**
 * The program that runs the scenarios of the selected checks one after the other in one process, which prints for people, has no timeout and
 * handles no signals: a crash is left to the debugger. What only reads the bytes of the file is left out.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT if nothing is left to run; of inspection; ERR_TENON_UNSUPPORTED
 */
export function foregroundRun(file: string, options: CheckOptions = {}): ForegroundRun {
  const settings = settingsOf(options);
  const subject = openSubject(file, settings);
  if (!isPlugin(subject.facts))
    throw invalidArgument(
      'file',
      `must be a plugin; ${file} has neither a descriptor nor the entry points of one`,
    );
  const checks = selectChecks(settings).filter(
    ({ method }) => method.type === 'scenario' && (method.skip?.(subject) ?? null) === null,
  );
  const [first] = checks;
  if (first === undefined)
    throw invalidArgument('filter', 'must name a check that runs something of the plugin');
  const ids = checks.map(({ id }) => id);
  // Those of fuzzing have more arguments than others.
  const [, ...rest] = checkerArguments(checks.find(({ id }) => id.startsWith('fuzz/')) ?? first, subject);
  return { program: findChecker(settings.sanitize), args: [ids.join(','), ...rest], ids };
}
