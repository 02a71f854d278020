/** Checks of group `fuzz`: made-up inputs and configs. */
import type { CheckDefinition } from '../definition.js';

export const fuzzChecks: readonly CheckDefinition[] = [];
