/** Explains the addresses that a finding carries: the stack of a thread, and the uses of static variables. */
import { dirname } from 'node:path';
import { printable } from '../base/text.js';
import { plainName } from '../inspect/demangle/index.js';
import { variablesIn } from '../inspect/symbols.js';
import { explainFault, type Frame, showSource } from '../supervision/fault.js';
import type { CheckerRecord } from './report-lines.js';
import { callsOf, placeIn } from './source-lines.js';
import type { Subject } from './subject.js';
import type { SourceLine } from './verdict.js';

type FindingRecord = Extract<CheckerRecord, { type: 'finding' }>;

export interface Explanation {
  /** The end of the message, or an empty string. */
  readonly text: string;
  /** The line of the source that the finding is about, or null. */
  readonly place: SourceLine | null;
}

/** The most variables in a message. */
const MOST_VARIABLES = 4;
/** Start routines of threads in libraries of languages: the function of the plugin is called by them. */
const RUNTIME = /^(?:std|core|alloc|__rust|<)/;

/** Explains a finding. Addresses without symbols add nothing. */
export function explain({ base, stack = [], uses = [] }: FindingRecord, subject: Subject): Explanation {
  if (base === undefined) return { text: '', place: null };
  if (uses.length > 0) return explainUses(BigInt(base), uses, subject);
  return explainStack(framesOf(BigInt(base), stack.map(BigInt), subject));
}

function framesOf(base: bigint, stack: readonly bigint[], { path }: Subject): readonly Frame[] {
  const [pc, ...frames] = stack;
  if (pc === undefined) return [];
  const fault = { address: 0n, pc, base, frames, mainThread: false };
  return explainFault(fault, null, path, [dirname(path)]).frames;
}

/** The function that a thread was started with says more than the one that it happened to be in. */
function explainStack(frames: readonly Frame[]): Explanation {
  const own = frames.filter((frame) => frame.offset !== null && frame.function !== null);
  const outermost = own.findLast((frame) => !RUNTIME.test(frame.function ?? '')) ?? own.at(-1);
  const place = placeIn(callsOf(frames));
  return {
    text: outermost === undefined ? '' : `. One of them runs ${printable(outermost.function ?? '')}`,
    place,
  };
}

function explainUses(
  base: bigint,
  uses: readonly (readonly [data: string, code: string])[],
  subject: Subject,
): Explanation {
  const data = uses.map(([address]) => Number(BigInt(address) - base));
  const names = variablesIn(subject.path, data);
  const users = uses.map(([, code]) => framesOf(base, [BigInt(code)], subject)[0]);
  const told = new Map<string, Frame | undefined>();
  names.forEach((name, i) => {
    const shown =
      name === null ? `the variable at 0x${(data[i] ?? 0).toString(16)}` : printable(sourceName(name));
    if (!told.has(shown)) told.set(shown, users[i]);
  });
  const named = [...told].slice(0, MOST_VARIABLES).map(([name, user]) => name + usedIn(user));
  const more = told.size > MOST_VARIABLES ? ' and others' : '';
  const [first] = told.values();
  return {
    text: `. They share static variables: ${named.join(', ')}${more}`,
    place: placeIn(callsOf(first === undefined ? [] : [first])),
  };
}

/** The name in the source. Compilers number static variables of functions: `buffer.0`. */
function sourceName(symbol: string): string {
  return plainName(symbol.replace(/\.\d+$/, ''));
}

function usedIn(user: Frame | undefined): string {
  if (user === undefined || user.offset === null) return '';
  const line = showSource(user);
  const name = user.function === null ? null : printable(user.function);
  if (name === null) return line === null ? '' : ` (used in ${line})`;
  return ` (used in ${name}${line === null ? '' : `, ${line}`})`;
}
