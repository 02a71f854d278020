/** Checks of group `threads`: who may call when. */
import type { CheckDefinition } from '../definition.js';

export const threadChecks: readonly CheckDefinition[] = [];
