/** `tenon quarantine`: the quarantined digests, whose plugins crashed too often. */
import { join } from 'node:path';
import { didYouMean } from '../../base/options.js';
import { TenonError } from '../../index.js';
import { Quarantine, type QuarantineEntry } from '../../supervision/quarantine.js';
import { type Command, Exit } from '../command.js';
import { type Column, fitted } from '../fitted.js';
import { tell } from '../guarded.js';
import type { Io, Output } from '../io.js';
import { type OptionTable, parse } from '../options.js';
import { count, wrappedLines } from '../text.js';
import { UsageError } from '../usage.js';
import { requireFolder, STATE_DIR, stateDirOf } from './option.js';

const ACTIONS = ['list', 'clear'] as const;
const OPTIONS = {
  'state-dir': STATE_DIR,
  json: { about: 'list: print an array of {digest, name, path, reason, report, date, count}' },
} as const satisfies OptionTable;

export const quarantine: Command = {
  usage: ['list [OPTION…]', 'clear [DIGEST…] [OPTION…]'],
  about: [
    "Lists the files that hosts with the option 'stateDir' no longer load because their plugins crashed too often, or removes them from quarantine: those with the given digests, or all. A prefix of a digest is sufficient. No host needs to run.",
  ],
  options: OPTIONS,
  operands: ACTIONS,
  exits: '1 the folder does not exist, or no such file is in quarantine',
  prepare(args) {
    const { values, operands } = parse(OPTIONS, args);
    const [action = '', ...digests] = operands;
    const isList = action === 'list';
    if (!isList && action !== 'clear') throw wrongAction(action);
    if (isList && digests.length > 0) throw new UsageError('quarantine list takes no digests.');
    for (const digest of digests) checkDigest(digest);
    const folder = stateDirOf(values['state-dir']);
    return {
      async run(io) {
        requireFolder(folder);
        const file = new Quarantine(join(folder, 'quarantine.json'));
        return isList ? await list(file, values.json === true, io) : await clear(file, digests, io);
      },
    };
  },
};

function wrongAction(action: string): UsageError {
  if (action === '') return new UsageError("quarantine needs 'list' or 'clear'.");
  return new UsageError(
    `quarantine knows 'list' and 'clear', not '${action}'.${didYouMean(action, ACTIONS)}`,
  );
}

/** Checks a prefix. A short one could match by accident. @throws UsageError */
function checkDigest(text: string): void {
  if (/^[0-9a-f]{8,64}$/.test(text)) return;
  throw new UsageError(`'${text}' is not a digest. Give 8 to 64 hexadecimal digits.`);
}

const COLUMNS: readonly Column<QuarantineEntry>[] = [
  { title: 'DIGEST', cell: ({ digest }) => digest.slice(0, 12) },
  { title: 'NAME', cell: ({ name }) => name, shorten: 'end' },
  { title: 'TIMES', cell: ({ count: times }) => String(times), align: 'right' },
  { title: 'LAST', cell: ({ date }) => date.slice(0, 19).replace('T', ' ') },
  { title: 'PATH', cell: ({ path }) => path, shorten: 'start' },
];

async function list(quarantined: Quarantine, json: boolean, { out }: Io): Promise<number> {
  const entries = await quarantined.list();
  if (json) out.line(JSON.stringify(entries, null, 2));
  else show(entries, out);
  return Exit.fine;
}

function show(entries: readonly QuarantineEntry[], out: Output): void {
  out.line(out.bold(`${count(entries.length, 'file')} in quarantine`));
  if (entries.length === 0) return;
  const [head = '', ...lines] = fitted(COLUMNS, entries, out.columns);
  out.line(head);
  for (const [i, line] of lines.entries()) {
    out.line(line);
    out.line(wrappedLines(entries[i]?.reason.message ?? '', out.columns, '    '));
  }
}

async function clear(quarantined: Quarantine, digests: readonly string[], io: Io): Promise<number> {
  const entries = await quarantined.list();
  const chosen = digests.map((digest) => chosenBy(digest, entries));
  const found = digests.length === 0 ? entries : chosen.filter((entry) => entry !== undefined);
  let cleared = 0;
  for (const { digest } of new Set(found)) cleared += await quarantined.clear(digest);
  io.out.line(`${count(cleared, 'file')} removed from quarantine`);
  const unknown = digests.filter((_, i) => chosen[i] === undefined);
  for (const digest of unknown) tell(io.err, `no file in quarantine has the digest ${digest}.`);
  return unknown.length === 0 ? Exit.fine : Exit.refused;
}

/** Returns the entry with this prefix. @throws TenonError ERR_TENON_INVALID_ARGUMENT if several have it */
function chosenBy(digest: string, entries: readonly QuarantineEntry[]): QuarantineEntry | undefined {
  const [first, second] = entries.filter((entry) => entry.digest.startsWith(digest));
  if (second === undefined) return first;
  throw new TenonError(
    'ERR_TENON_INVALID_ARGUMENT',
    `Several digests in quarantine begin with ${digest}. Give more digits.`,
  );
}
