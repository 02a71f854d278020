/** The line about a host. */
import type { Output } from '../io.js';
import { duration, printable, shortened } from '../text.js';
import type { RunningHost } from './hosts.js';

/** Returns for example `host 1234  up 3 h  server.js`, with the reason if the host has no statistics. */
export function headingOf({ pid, program, since, state, problem, stats }: RunningHost, out: Output): string {
  const up = age(stats?.uptime ?? Date.now() - Date.parse(since));
  const head = `host ${pid}  up ${up}`;
  const note = state === 'running' ? '' : `  ${state}: ${printable(problem ?? '')}`;
  const room = Math.max(8, out.columns - head.length - note.length - 2);
  const painted = state === 'running' ? '' : out.yellow(note);
  return `${out.bold(head)}${painted}  ${shortened(printable(program), room, 'start')}`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

/** Returns the age in one unit: `3 h`, `12 s`. */
function age(ms: number): string {
  const unit = UNITS.find(([, size]) => ms >= size);
  if (unit !== undefined) return `${Math.floor(ms / unit[1])} ${unit[0]}`;
  return duration(Math.max(1000, Math.floor(ms / 1000) * 1000));
}
