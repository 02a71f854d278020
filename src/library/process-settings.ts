/**
 * Settings that belong to the host: of the whole process, and of the calling thread. They are saved before code
 * of a plugin runs in this process, and restored afterwards. Only on Linux.
 */
import { constants } from 'node:os';
import type { LibraryFacts } from '../inspect/facts.js';
import { foreignSettings, type SettingsKeeper } from './foreign-settings.js';

export type { SettingsKeeper } from './foreign-settings.js';

/** The settings, as bits. `native/plugin/process_settings.h` has the same values; a test compares them. */
export const Setting = {
  FLOAT_MODE: 1,
  SIGNAL_MASK: 2,
  LOCALE: 4,
  FOLDER: 8,
  SIGNAL_HANDLERS: 16,
  UMASK: 32,
  STANDARD_STREAMS: 64,
} as const;

const ALL = 127;
/** The settings that cost little to save. */
const CHEAP = Setting.FLOAT_MODE | Setting.SIGNAL_MASK | Setting.LOCALE | Setting.FOLDER;

/** The settings that code has changed, and the signals whose handlers have changed, both as bits. */
export interface SettingChanges {
  readonly settings: number;
  /** Bit 0 stands for signal 1. */
  readonly signals: number;
}

/** Settings that code of a plugin has changed. */
export interface Meddling extends SettingChanges {
  /** The step of the plugin, as the end of a sentence: `when it was opened`. */
  readonly step: string;
}

/** Returns the settings that are guarded from a library. */
export function guardedSettings({ language }: Pick<LibraryFacts, 'language'>): number {
  if (process.platform !== 'linux') return 0;
  // Go's runtime needs its signal handlers, which pass on signals that are not its own.
  return language === 'go' ? ALL & ~Setting.SIGNAL_HANDLERS : ALL;
}

/** Returns the settings that are guarded each time that something is done often. */
export function cheapSettings(which: number): number {
  return which & CHEAP;
}

/** Runs code of a plugin and restores the settings that it changes. Returns those in `changes`. */
export function guarded<T>(
  keeper: SettingsKeeper | null,
  which: number,
  work: () => T,
): { readonly result: T; readonly changes: SettingChanges | null } {
  const chosen = which === 0 ? null : (keeper ?? foreignSettings());
  if (chosen === null) return { result: work(), changes: null };
  chosen.saveSettings(which);
  let changes: SettingChanges | null = null;
  const restore = () => {
    const [settings, signals] = chosen.restoreSettings() ?? [0, 0];
    if (settings !== 0) changes = { settings, signals };
  };
  let result: T;
  try {
    result = work();
  } catch (error) {
    restore();
    throw error;
  }
  restore();
  return { result, changes };
}

/** The settings in words, and what an author does instead of changing them. */
const WORDS: readonly (readonly [bit: number, words: string, remedy: string])[] = [
  [Setting.FLOAT_MODE, 'the floating-point mode', 'Link it without -ffast-math.'],
  [Setting.SIGNAL_MASK, 'the signal mask of the calling thread', 'Block signals only on its own threads.'],
  [Setting.LOCALE, 'the locale', 'Use newlocale and the functions that end in _l.'],
  [Setting.FOLDER, 'the working directory', 'Use absolute paths.'],
  [Setting.SIGNAL_HANDLERS, '', 'Leave signals to the host.'],
  [Setting.UMASK, 'the umask', 'Set the mode of its files with fchmod.'],
  [Setting.STANDARD_STREAMS, 'the standard streams', 'Use host->log for messages.'],
];

/** Returns what was changed, as an object of a sentence. */
export function changedSettings({ settings, signals }: SettingChanges): string {
  return listed(
    WORDS.filter(([bit]) => (settings & bit) !== 0).map(([bit, words]) =>
      bit === Setting.SIGNAL_HANDLERS ? `the handler of ${listed(signalNames(signals))}` : words,
    ),
  );
}

/** Returns what the author of the plugin can do, as sentences. */
export function remediesFor({ settings }: SettingChanges): string {
  return WORDS.filter(([bit]) => (settings & bit) !== 0)
    .map(([, , remedy]) => remedy)
    .join(' ');
}

function signalNames(signals: number): string[] {
  // Of the names of one number, such as SIGABRT and SIGIOT, the first is the usual one.
  const names = new Map(
    Object.entries(constants.signals)
      .toReversed()
      .map(([name, number]) => [number, name]),
  );
  return Array.from({ length: 31 }, (_, index) => index + 1)
    .filter((signal) => ((signals >>> (signal - 1)) & 1) !== 0)
    .map((signal) => names.get(signal) ?? `signal ${signal}`);
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
