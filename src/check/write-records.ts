/** The records of a verdict, for hosts that demand one (`require`). */

import { type CheckRecord, CheckRecords } from '../admission/check-records.js';
import { invalidArgument } from '../base/errors.js';
import type { FileVerdict, Verdict } from './verdict.js';

/**
 * Writes what the verdict says of each plugin into a file of records, in place of what was there of the same digest. Files that are
 * no plugins are left out. Returns how many records were written.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT for a verdict of some checks only; ERR_TENON_UNREADABLE
 */
export async function recordVerdict(verdict: Verdict, file: string): Promise<number> {
  if (verdict.filter.length > 0)
    throw invalidArgument('verdict', 'is of some checks only (filter), and so says nothing of a level');
  const records = verdict.files.flatMap((one) => recordOf(one, verdict));
  if (records.length > 0) await new CheckRecords(file).add(records);
  return records.length;
}

function recordOf(file: FileVerdict, { level, failOn, suite, abi, seed, date }: Verdict): CheckRecord[] {
  const { sha256, outcome, path, plugin, results } = file;
  if (sha256 === null || outcome === 'not-a-plugin') return [];
  const idsOf = (state: string) => results.filter((result) => result.state === state).map(({ id }) => id);
  const found = { failed: idsOf('failed'), excepted: idsOf('excepted') };
  return [
    {
      digest: sha256,
      path,
      name: plugin?.name ?? null,
      level,
      outcome,
      failOn,
      ...found,
      suite,
      abi,
      seed,
      date,
    },
  ];
}
