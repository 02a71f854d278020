/** Runs a check of group `fuzz`: runs its scenario, and if it fails, finds the input that caused the failure. */
import { basename, join } from 'node:path';
import { asTenonError } from '../../base/errors.js';
import { makeFolderSync } from '../../base/make-folder.js';
import { quote } from '../../library/statements.js';
import type { CheckAnswer, CheckDefinition } from '../definition.js';
import { keepInput, notKept } from '../inputs.js';
import { tryScenario } from '../scenario.js';
import { withScratch } from '../scratch.js';
import type { Subject } from '../subject.js';
import type { Finding } from '../verdict.js';
import { type Breadcrumb, readBreadcrumb } from './breadcrumb.js';
import { type CrashingInput, findCulprit } from './culprit.js';

/** Milliseconds after which a call counts as hanging, unless the user sets another timeout. */
const HANG_MS = 5000;
/** The same for the inputs that the level torture tries without a request. It allows for a busy machine. */
const USUAL_HANG_MS = 15_000;
/** Milliseconds to load the plugin and create an instance on a busy machine. */
const SETTING_UP_MS = 10_000;

export function fuzz(check: CheckDefinition, subject: Subject): Promise<CheckAnswer> {
  const { settings } = subject;
  const hang = settings.timeout ?? (settings.fuzz?.most === undefined ? HANG_MS : USUAL_HANG_MS);
  const timeout = (settings.fuzz?.budget ?? 0) + hang + SETTING_UP_MS;
  return withScratch(async (folder) => {
    const file = join(folder, 'breadcrumb');
    const args = ['--breadcrumb', file, '--hang', String(hang), ...keptCorpus(check, subject)];
    const answer = await tryScenario(check, subject, { timeout, args });
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

/** Returns the option with the folder of the inputs that reached new code, which later runs begin with. */
function keptCorpus({ id }: CheckDefinition, { path, settings }: Subject): string[] {
  const { artifacts, fuzz: asked } = settings;
  if (artifacts === undefined || asked?.reproduce !== undefined || asked?.most !== undefined) return [];
  const folder = join(artifacts, 'corpus', basename(path), id.replace('fuzz/', ''));
  try {
    makeFolderSync(folder);
  } catch (error) {
    throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot keep inputs in ${folder}`);
  }
  return ['--kept', folder];
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
  const message = `${found.message}; ${described(crumb, bytes, alone, settings)}`;
  return { ...found, message: message + notKept(input, settings.artifacts), input };
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
