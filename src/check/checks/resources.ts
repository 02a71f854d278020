/** Checks of group `resources`: what a plugin takes and leaves. */
import type { CheckDefinition } from '../definition.js';

export const resourceChecks: readonly CheckDefinition[] = [];
