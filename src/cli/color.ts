/** The option --color. It is read before all others, because it applies to messages about those too. */
import { COLORS, type ColorChoice } from './io.js';

/** Returns the last --color before `--`. Invalid values are refused later, when the command reads its options. */
export function colorIn(args: readonly string[]): ColorChoice {
  const end = args.indexOf('--');
  const before = end < 0 ? args : args.slice(0, end);
  const values = before.flatMap((arg, i) => {
    if (arg === '--color') return [before[i + 1]];
    return arg.startsWith('--color=') ? [arg.slice('--color='.length)] : [];
  });
  return COLORS.find((one) => one === values.at(-1)) ?? 'auto';
}
