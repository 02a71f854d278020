/** Checks of group `resources`: the resources that a plugin uses, changes and leaves behind. */
import type { CheckDefinition } from '../definition.js';
import { failingChecks } from './resources-failing.js';
import { hostChecks } from './resources-host.js';
import { leakChecks } from './resources-leaks.js';
import { settingChecks } from './resources-settings.js';
import { wasteChecks } from './resources-waste.js';

export const resourceChecks: readonly CheckDefinition[] = [
  ...leakChecks,
  ...failingChecks,
  ...settingChecks,
  ...hostChecks,
  ...wasteChecks,
];
