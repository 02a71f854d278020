/** Renders a verdict as text in all formats. */
import { readable } from '../../base/errors.js';
import { checkBoolean, checkCount, checkKnown, checkOneOf, readOptions } from '../../base/options.js';
import type { Verdict } from '../verdict.js';
import { renderCompact } from './compact.js';
import { renderGithub } from './github.js';
import { renderHtml } from './html.js';
import { renderJson } from './json.js';
import { renderJunit } from './junit.js';
import type { RenderOptions } from './options.js';
import { renderPretty } from './pretty.js';
import { renderSarif } from './sarif.js';

export type { RenderOptions } from './options.js';
export { onlyFailed } from './view.js';

const RENDERERS = {
  pretty: renderPretty,
  compact: renderCompact,
  json: renderJson,
  junit: renderJunit,
  sarif: renderSarif,
  github: renderGithub,
  html: renderHtml,
} as const satisfies Readonly<Record<string, (verdict: Verdict, options: RenderOptions) => string>>;

/** The name of a format. */
export type Format = keyof typeof RENDERERS;

/** All formats. */
export const FORMATS = Object.keys(RENDERERS) as readonly Format[];

/**
 * Renders the verdict. In every format, text from a plugin is data: it cannot move the cursor, and is neither
 * markup nor a command.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT for an unknown format, or for anything but a verdict
 */
export function render(verdict: Verdict, format: Format, given: RenderOptions = {}): string {
  const name = checkOneOf('format', format, FORMATS);
  const options = readOptions('options', given);
  checkKnown('render', options, ['color', 'width']);
  if (options.color !== undefined) checkBoolean('color', options.color);
  if (options.width !== undefined) checkCount('width', options.width, { most: 10_000 });
  return readable('verdict', () => renderOwn(verdict, name, options));
}

/** Renders a verdict of this process. Whatever goes wrong is a fault of tenon, so it is thrown as it is. */
export function renderOwn(verdict: Verdict, format: Format, options: RenderOptions): string {
  return RENDERERS[format](verdict, options);
}
