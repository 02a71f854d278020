/** Turns a verdict into certificates, for hosts that demand one (`requireCheck`). */

import { type Certificate, Certificates } from '../admission/certificates.js';
import { invalidArgument } from '../base/errors.js';
import type { FileVerdict, Verdict } from './verdict.js';

/**
 * Writes a certificate for each plugin of the verdict into a file, replacing those of the same digests. Files that are not plugins are
 * left out. Returns how many certificates were written.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT for a verdict of some checks only; ERR_TENON_UNREADABLE
 */
export async function certify(verdict: Verdict, file: string): Promise<number> {
  if (verdict.filter.length > 0)
    throw invalidArgument('verdict', 'is of some checks only (filter), and so says nothing of a level');
  const certificates = verdict.files.flatMap((one) => certificateOf(one, verdict));
  if (certificates.length > 0) await new Certificates(file).add(certificates);
  return certificates.length;
}

function certificateOf(file: FileVerdict, { level, failOn, suite, abi, seed, date }: Verdict): Certificate[] {
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
