/** Builds the command line of a checker that runs scenarios in one foreground process, for debuggers. */

import { invalidArgument } from '../base/errors.js';
import { checkString } from '../base/options.js';
import { findChecker } from './checker.js';
import { argumentsFor } from './command-line.js';
import type { CheckDefinition } from './definition.js';
import { isAskedFor, selectChecks } from './registry.js';
import { reasonAgainstLoading } from './sanitize/built-with.js';
import { type CheckOptions, type CheckSettings, settingsOf } from './settings.js';
import { isPlugin, openSubject, type Subject, withExamples } from './subject.js';

export interface ForegroundRun {
  readonly program: string;
  readonly args: readonly string[];
  /** The checks whose scenarios it runs, in this order. */
  readonly ids: readonly string[];
}

/**
 * Returns the command line that runs the scenarios of the selected checks one after another in one process. The
 * program prints readable text, has no timeout and handles no signals, so a crash reaches the debugger. Checks
 * that only read the bytes of the file are left out. Call `ensureChecker` first if the program may not be built.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT if no scenario is left to run, ERR_TENON_UNSUPPORTED, or an error of
 * inspection
 */
export function foregroundRun(file: string, options: CheckOptions = {}): ForegroundRun {
  checkString('file', file);
  const settings = withoutUsualFuzz(settingsOf(options));
  const opened = openSubject(file, settings);
  if (!isPlugin(opened.facts))
    throw invalidArgument(
      'file',
      `must be a plugin; ${file} has neither a descriptor nor the entry points of one`,
    );
  const subject = withExamples(opened);
  const selected = selectChecks(settings);
  const asked = selected.filter((check) => isAskedFor(check, settings));
  const reasons = asked.map((check) => reasonAgainst(check, subject));
  if (!reasons.includes(null)) {
    const why = asked.map(({ id }, i) => `${id}: ${reasons[i]}`).join('; ');
    throw invalidArgument('filter', `must name a check that runs something of the plugin (${why})`);
  }
  const checks = selected.filter((check) => reasonAgainst(check, subject) === null);
  const ids = checks.map(({ id }) => id);
  const args = [ids.join(','), ...argumentsFor(ids, subject)];
  return { program: findChecker(settings.sanitize), args, ids };
}

/** The checks of group `fuzz` end the process, so they are only run on request. */
function withoutUsualFuzz(settings: CheckSettings): CheckSettings {
  return settings.fuzz?.most === undefined ? settings : { ...settings, fuzz: undefined };
}

/** Returns the reason why the scenario of the check cannot be run, or null if it can. */
function reasonAgainst({ method }: CheckDefinition, subject: Subject): string | null {
  if (method.type === 'bytes') return 'it only reads the bytes of the file';
  return method.skip?.(subject) ?? reasonAgainstLoading(subject);
}
