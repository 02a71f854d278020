/**
 * The scenarios of other groups that a sanitizer watches. Only its reports count there: the check of the scenario
 * judges the rest, without a sanitizer.
 */
import type { Sanitizer } from '../settings.js';
import { LEVELS, type Level } from '../verdict.js';

const IN = (group: string, names: string): readonly string[] =>
  names.split(' ').map((name) => `${group}/${name}`);

/** Scenarios whose memory has exactly the size that the plugin is given. */
const OF_MEMORY: Readonly<Record<Level, readonly string[]>> = {
  basic: [
    ...IN(
      'calls',
      'empty-input unaligned-input input-bounds output-bounds reserve-moves capacity-zero methods',
    ),
    ...IN('lifecycle', 'state-written interleaved empty-config'),
  ],
  strict: [
    ...IN('calls', 'one-byte odd-input capacity-one capacity-exact reserve-fails retained-input'),
    ...IN('calls', 'retained-output after-failure record-length message-text'),
    ...IN('lifecycle', 'config-bounds invalid-json invalid-utf8 kept-config failed-new drop-after-errors'),
    ...IN('threads', 'busy'),
    ...IN('kind', 'hostile-spans'),
    ...IN('state', 'damaged'),
  ],
  torture: [...IN('calls', 'lengths large-input'), ...IN('lifecycle', 'nested-config huge-config cycles')],
};

/**
 * Scenarios in which several threads use the plugin. Each thread is joined: the sanitizer does not see other ways in
 * which the checker, which is not built with it, lets threads wait for each other.
 */
const OF_THREADS: Readonly<Record<Level, readonly string[]>> = {
  basic: IN('threads', 'concurrent-instances'),
  strict: [...IN('threads', 'concurrent-new concurrent-calls'), ...IN('lifecycle', 'thread-exit')],
  torture: IN('threads', 'many-threads'),
};

/** Returns the ids of the scenarios up to a level. */
export function watchedScenarios(sanitizer: Sanitizer, level: Level): readonly string[] {
  const byLevel = sanitizer === 'thread' ? OF_THREADS : OF_MEMORY;
  return LEVELS.slice(0, LEVELS.indexOf(level) + 1).flatMap((one) => byLevel[one]);
}
