/** Runs a check of group `fuzz`: runs its scenario, and if it fails, finds the input that caused the failure. */
import { join } from 'node:path';
import { quote } from '../../library/statements.js';
import { conclude } from '../conclude.js';
import type { CheckAnswer, CheckDefinition } from '../definition.js';
import { keepInput } from '../inputs.js';
import { startScenario } from '../scenario.js';
import { withScratch } from '../scratch.js';
import type { Subject } from '../subject.js';
import type { Finding } from '../verdict.js';
import { type Breadcrumb, readBreadcrumb } from './breadcrumb.js';
import { type CrashingInput, findCulprit } from './culprit.js';

/** Milliseconds after which a call counts as hanging, unless the user sets another timeout. */
const HANG_MS = 5000;
/** Milliseconds to load the plugin and create an instance on a busy machine. */
const SETTING_UP_MS = 10_000;

export function fuzz(check: CheckDefinition, subject: Subject): Promise<CheckAnswer> {
  const { settings } = subject;
  const hang = settings.timeout ?? HANG_MS;
  const timeout = (settings.fuzz?.budget ?? 0) + hang + SETTING_UP_MS;
  return withScratch(async (folder) => {
    const file = join(folder, 'breadcrumb');
    const args = ['--breadcrumb', file, '--hang', String(hang)];
    const run = await startScenario(check, subject, folder, { timeout, args });
    const answer = conclude(run, {}, subject, timeout);
    const [found, ...others] = answer.state === 'failed' ? answer.findings : [];
    const crumb = readBreadcrumb(file);
    if (answer.state !== 'failed' || found === undefined || crumb === null) return answer;
    const culprit =
      settings.fuzz?.reproduce === undefined
        ? await findCulprit(crumb.bytes, found, { check, subject, folder, hang })
        : { bytes: crumb.bytes, alone: true };
    return { ...answer, findings: [withInput(found, crumb, culprit, check, subject), ...others] };
  });
}

function withInput(
  found: Finding,
  crumb: Breadcrumb,
  { bytes, alone }: CrashingInput,
  { id }: CheckDefinition,
  { settings }: Subject,
): Finding {
  const role = id === 'fuzz/config' ? 'config' : 'input';
  const input = keepInput(bytes.toString('base64'), role, settings.artifacts);
  return { ...found, message: `${found.message}; ${described(crumb, bytes, alone, settings)}`, input };
}

/** Describes the input, and how it was generated. */
function described(
  { number, what, bytes: whole }: Breadcrumb,
  bytes: Buffer,
  alone: boolean,
  { seed, fuzz: asked }: Subject['settings'],
): string {
  const shown = `${what} with ${bytes.length} bytes: ${quote(bytes)}`;
  if (asked?.reproduce !== undefined) return shown;
  const origin = `number ${number} of seed ${seed}`;
  if (!alone)
    return `${shown} (${origin}; this input alone does not reproduce it, so earlier inputs contribute)`;
  return whole.length === bytes.length
    ? `${shown} (${origin})`
    : `${shown} (${origin}, reduced from ${whole.length} bytes)`;
}
