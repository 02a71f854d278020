/** All checks, in the order in which they are shown. */

import { invalidArgument } from '../base/errors.js';
import { shown } from '../base/options.js';
import { abiChecks } from './checks/abi.js';
import { callChecks } from './checks/calls.js';
import { fileChecks } from './checks/file.js';
import { flowChecks } from './checks/flow.js';
import { fuzzChecks } from './checks/fuzz.js';
import { kindChecks } from './checks/kind.js';
import { lifecycleChecks } from './checks/lifecycle.js';
import { resourceChecks } from './checks/resources.js';
import { sanitizerChecks } from './checks/sanitizers.js';
import { stateChecks } from './checks/state.js';
import { threadChecks } from './checks/threads.js';
import type { CheckDefinition } from './definition.js';
import type { CheckSettings } from './settings.js';
import { LEVELS } from './verdict.js';

export const CHECKS: readonly CheckDefinition[] = [
  ...fileChecks,
  ...abiChecks,
  ...lifecycleChecks,
  ...callChecks,
  ...kindChecks,
  ...flowChecks,
  ...stateChecks,
  ...threadChecks,
  ...resourceChecks,
  ...fuzzChecks,
  ...sanitizerChecks,
];

const byId = new Map(CHECKS.map((check) => [check.id, check]));

/** Returns the check with an id. @throws TenonError ERR_TENON_INVALID_ARGUMENT for an unknown id */
export function checkById(id: string): CheckDefinition {
  const check = byId.get(id);
  if (check !== undefined) return check;
  throw invalidArgument('check', `must be the id of a check, such as calls/plain; there is no ${shown(id)}`);
}

/**
 * Returns the checks that the settings select, and all checks that these depend on.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT
 */
export function selectChecks({
  level,
  filter,
  fuzz,
  sanitize,
  rules,
}: CheckSettings): readonly CheckDefinition[] {
  for (const id of Object.keys(rules)) checkById(id);
  const patterns = filter.map(patternOf);
  for (const [i, pattern] of patterns.entries()) {
    if (!CHECKS.some(({ id }) => pattern.test(id)))
      throw invalidArgument('filter', `matches no check: '${filter[i]}'. See tenon check --list`);
  }
  const deepest = LEVELS.indexOf(level);
  // These settings restrict the run to one purpose: the other checks would have nothing to evaluate.
  const only = sanitize !== undefined || fuzz?.reproduce !== undefined;
  const chosen = CHECKS.filter(({ id, level: own }) => {
    const fuzzes = id.startsWith('fuzz/');
    if (fuzzes && fuzz === undefined) return false;
    const sanitizes = id.startsWith('sanitize/');
    if (sanitizes && (sanitize === undefined || id !== `sanitize/${sanitize}`)) return false;
    if (patterns.length > 0) return patterns.some((pattern) => pattern.test(id));
    return only ? fuzzes || sanitizes : LEVELS.indexOf(own) <= deepest;
  });
  return withNeeds(chosen);
}

/** Returns whether the filter matches the check itself, and not only a check that depends on it. */
export function isAskedFor({ id }: CheckDefinition, { filter }: CheckSettings): boolean {
  return filter.length === 0 || filter.some((glob) => patternOf(glob).test(id));
}

function withNeeds(chosen: readonly CheckDefinition[]): readonly CheckDefinition[] {
  const ids = new Set<string>();
  const add = ({ id, needs }: CheckDefinition) => {
    if (ids.has(id)) return;
    ids.add(id);
    for (const need of needs) add(checkById(need));
  };
  for (const check of chosen) add(check);
  return CHECKS.filter(({ id }) => ids.has(id));
}

/** Returns the pattern of a glob: `*` matches any characters, `?` matches one. */
function patternOf(glob: string): RegExp {
  const escaped = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`);
}
