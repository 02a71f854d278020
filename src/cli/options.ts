/** The options of commands. One table per command defines its command line, its help and its completion. */
import { parseArgs } from 'node:util';
import { didYouMean } from '../base/options.js';
import { COLORS } from './io.js';
import { UsageError } from './usage.js';

/** One option. Without `value` it is a flag. */
export interface OptionSpec {
  /** The description in help: a sentence without a full stop. */
  readonly about: string;
  /** The name of the value in help: `FILE`. */
  readonly value?: string;
  readonly repeat?: true;
  /** The only values that the option takes. */
  readonly words?: readonly string[];
  /** Values that shells suggest. Other values are valid too. */
  readonly hints?: readonly string[];
  /** The type of path that the value is, for shells. */
  readonly path?: 'file' | 'folder';
  /** The heading in help under which the option is listed. */
  readonly group?: string;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

type Word<S extends OptionSpec> = S extends { readonly words: readonly (infer W)[] } ? W : string;
type Value<S extends OptionSpec> = S extends { readonly value: string }
  ? S extends { readonly repeat: true }
    ? readonly Word<S>[]
    : Word<S>
  : boolean;

/** The values of the options that were given. */
export type OptionValues<T extends OptionTable> = { readonly [Name in keyof T]?: Value<T[Name]> };

/** The options of every command. */
export const COMMON = {
  color: { value: 'WHEN', words: COLORS, about: `colors: 'auto' (the default), 'always' or 'never'` },
  help: { about: 'print this help' },
} as const satisfies OptionTable;

/** One `--name` on the command line, as parseArgs returns it. */
interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

/** Parses a command line. @throws UsageError with the option and its valid values */
export function parse<const T extends OptionTable>(
  table: T,
  args: readonly string[],
): { values: OptionValues<T>; operands: string[] } {
  const known: OptionTable = { ...COMMON, ...table };
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(known).map(([name, spec]) => [
        name,
        { type: spec.value === undefined ? 'boolean' : 'string' } as const,
      ]),
    ),
    strict: false,
    tokens: true,
  });
  const values: Record<string, unknown> = {};
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    else if (token.kind === 'option') add(values, known, token);
  }
  return { values: values as OptionValues<T>, operands };
}

function add(values: Record<string, unknown>, known: OptionTable, token: OptionToken): void {
  const { name, rawName } = token;
  const spec = Object.hasOwn(known, name) ? known[name] : undefined;
  if (spec === undefined || !rawName.startsWith('--')) throw unknownOption(rawName, Object.keys(known));
  const value = spec.value === undefined ? flag(token) : valueText(token, spec);
  if (spec.repeat) values[name] = [...((values[name] as unknown[] | undefined) ?? []), value];
  else values[name] = value;
}

export function unknownOption(rawName: string, known: readonly string[]): UsageError {
  const meant = didYouMean(rawName.replace(/^-+/, ''), known).replace(/'(.*)'/, "'--$1'");
  return new UsageError(`there is no option '${rawName}'.${meant}`);
}

function flag({ rawName, value }: OptionToken): true {
  if (value === undefined) return true;
  throw new UsageError(`${rawName} takes no value, but '${value}' was given.`);
}

function valueText({ rawName, value, inlineValue }: OptionToken, spec: OptionSpec): string {
  if (value === undefined) throw new UsageError(`${rawName} needs a value: ${rawName} ${spec.value}`);
  if (!inlineValue && value.length > 1 && value.startsWith('-'))
    throw new UsageError(
      `${rawName} needs a value, but '${value}' looks like an option. If it is the value, write ${rawName}=${value}`,
    );
  const { words } = spec;
  if (words === undefined || words.includes(value)) return value;
  throw new UsageError(
    `${rawName} must be one of ${words.join(', ')}, not '${value}'.${didYouMean(value, words)}`,
  );
}
