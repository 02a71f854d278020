/** Counts results by state. */
import type { CheckResult, CheckState, Tally } from './verdict.js';

const STATES: readonly CheckState[] = ['passed', 'failed', 'skipped', 'incomplete', 'excepted'];

export function tallyOf(results: readonly CheckResult[]): Tally {
  return fill((state) => results.filter((result) => result.state === state).length);
}

export function addTallies(tallies: readonly Tally[]): Tally {
  return fill((state) => tallies.reduce((sum, tally) => sum + tally[state], 0));
}

function fill(count: (state: CheckState) => number): Tally {
  return Object.fromEntries(STATES.map((state) => [state, count(state)])) as Tally;
}
