/** Checks of group `sanitize`: reports of compilers` sanitizers. */
import type { CheckDefinition } from '../definition.js';

export const sanitizerChecks: readonly CheckDefinition[] = [];
