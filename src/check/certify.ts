/** Turns a verdict into certificates, for hosts that require one (`requireCheck`). */
import { type Certificate, Certificates } from '../admission/certificates.js';
import { invalidArgument, readable } from '../base/errors.js';
import { checkString } from '../base/options.js';
import type { FileVerdict, Verdict } from './verdict.js';

/**
 * Writes a certificate for each plugin of the verdict to a file. A certificate replaces one of the same digest.
 * Files that are not plugins are left out, and so are plugins that could not be
 * checked completely. Returns the number of certificates written.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT for a verdict of only some checks; ERR_TENON_UNREADABLE
 */
export async function certify(verdict: Verdict, file: string): Promise<number> {
  checkString('file', file);
  const certificates = readable('verdict', () => {
    if (verdict.filter.length > 0)
      throw invalidArgument('verdict', 'covers only some checks (filter), so it cannot certify a level');
    return verdict.files.flatMap((one) => certificateOf(one, verdict));
  });
  if (certificates.length > 0) await new Certificates(file).add(certificates);
  return certificates.length;
}

function certificateOf(file: FileVerdict, { level, failOn, suite, abi, seed, date }: Verdict): Certificate[] {
  const { sha256, outcome, path, plugin, results } = file;
  if (sha256 === null || outcome === 'not-a-plugin' || outcome === 'incomplete') return [];
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
