/** The options of the process tier that not every system can honour. */
import { TenonError } from '../base/errors.js';
import type { ProcessLimits } from '../tiers/process/settings.js';

/** The limits that each system enforces besides `result`, which this process enforces. */
const LIMITS: Readonly<Record<string, readonly string[]>> = {
  linux: ['memory', 'cpu', 'files'],
  win32: ['memory'],
};
const NAMES: Readonly<Record<string, string>> = { win32: 'Windows', darwin: 'macOS' };

/**
 * Refuses options that this system cannot honour. Without them, those who rely on them are not protected.
 * @throws TenonError ERR_TENON_UNSUPPORTED
 */
export function requireHere(
  limits: ProcessLimits,
  sandbox: boolean | object,
  platform: string = process.platform,
): void {
  const system = NAMES[platform] ?? platform;
  const enforced = [...(LIMITS[platform] ?? []), 'result'];
  const lacking = Object.entries(limits).find(
    ([name, value]) => value !== undefined && !enforced.includes(name),
  );
  if (lacking !== undefined)
    throw new TenonError(
      'ERR_TENON_UNSUPPORTED',
      `The option 'limits.${lacking[0]}' is not supported on ${system}, which enforces only ${enforced.map((name) => `limits.${name}`).join(' and ')}. Leave it out, or load the plugin on Linux.`,
    );
  if (sandbox !== false && platform !== 'linux')
    throw new TenonError(
      'ERR_TENON_UNSUPPORTED',
      `The option 'sandbox' is not supported on ${system}, whose kernel offers nothing like it. Leave it out, or load the plugin on Linux.`,
    );
}
