/**
 * The safety suite finds faults in a plugin. The plugin cannot crash the suite.
 *
 *     import { check } from 'tenon/check';
 *     const verdict = await check(['./libfoo.so'], { level: 'strict' });
 */

export { certify } from './certify.js';
export { ensureChecker } from './checker.js';
export { type ForegroundRun, foregroundRun } from './debug.js';
export { type CheckDefinition, groupOf } from './definition.js';
export { type LibraryFiles, libraryFiles } from './library-files.js';
export { CHECKS, checkById } from './registry.js';
export { FORMATS, type Format, onlyFailed, type RenderOptions, render } from './render/index.js';
export { check } from './run.js';
export {
  type CheckOptions,
  type CheckProgress,
  type CheckRule,
  type FuzzOptions,
  SANITIZERS,
  type Sanitizer,
} from './settings.js';
export { hasNoEntryPoint } from './subject.js';
export type * from './verdict.js';
export { LEVELS, SEVERITIES, VERDICT_SCHEMA } from './verdict.js';
