/** The host's answer to a plugin that changes settings of the process that it is loaded into. */
import { TenonError } from '../base/errors.js';
import type { LibraryFacts } from '../inspect/facts.js';
import {
  changedSettings,
  cheapSettings,
  guardedSettings,
  type Meddling,
  remediesFor,
} from '../library/process-settings.js';
import type { SettingsGuard } from '../tiers/context.js';
import type { LoadSettings } from './load-options.js';

/** The plugin, as messages name it. */
interface Suspect {
  readonly name: string;
  readonly path: string;
  readonly facts: Pick<LibraryFacts, 'language'>;
}

/**
 * Warns of settings that a plugin has changed while it was opened.
 * @throws TenonError ERR_TENON_CONTRACT with `onMeddling: 'refuse'`
 */
export function judgeOpening(
  suspect: Suspect,
  { onMeddling }: Pick<LoadSettings, 'onMeddling'>,
  meddlings: readonly Meddling[],
): void {
  for (const meddling of meddlings) {
    if (onMeddling === 'refuse')
      throw refusal(`Cannot load ${suspect.path}: it`, suspect, meddling).with({ gate: 'open' });
    warn(suspect, meddling, true);
  }
}

/** Returns the guard for the instances of a plugin. */
export function guardOf(suspect: Suspect, { onMeddling }: Pick<LoadSettings, 'onMeddling'>): SettingsGuard {
  const all = guardedSettings(suspect.facts);
  let first = true;
  const told = new Set<string>();
  return {
    next() {
      const which = first ? all : cheapSettings(all);
      first = false;
      return which;
    },
    judge(changes, restored) {
      const meddling = { ...changes, step: 'in new' };
      if (onMeddling === 'refuse') return refusal(`Plugin ${suspect.name}`, suspect, meddling);
      const what = changedSettings(changes);
      if (!told.has(what)) warn(suspect, meddling, restored);
      told.add(what);
      return null;
    },
  };
}

function refusal(who: string, { name, path }: Suspect, meddling: Meddling): TenonError {
  const message = `${who} changed ${changedSettings(meddling)} of this process ${meddling.step}, and this host refuses that. ${remediesFor(meddling)} In a process of its own (isolation: 'process') it may.`;
  return new TenonError('ERR_TENON_CONTRACT', message, { plugin: name, path });
}

function warn({ name }: Suspect, meddling: Meddling, restored: boolean): void {
  const then = restored
    ? 'tenon has restored what was before.'
    : 'In the thread tier only signal handlers are restored, because other threads may change the rest.';
  const message = `Plugin ${name} changed ${changedSettings(meddling)} of this process ${meddling.step}. ${then} ${remediesFor(meddling)}`;
  process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_MEDDLING' });
}
