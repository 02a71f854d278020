import { join } from 'node:path';
import type { CheckOptions } from '../../src/check/index.js';
import { root } from '../support/index.js';
import type { Trip } from './table.js';

/** The folder of inputs that the fuzz plugins accept. */
export const corpus = join(root, 'test', 'check', 'corpus');

/** The fuzzing budget in milliseconds. It is never used up, because each run ends with its finding. */
const BUDGET = 120_000;

const trip = (check: string, plugin: string, mentions: string, options: CheckOptions = {}): Trip => ({
  check: `fuzz/${check}`,
  plugin: `fuzz-${plugin}`,
  mentions,
  options: { fuzz: { budget: BUDGET, corpus }, filter: [`fuzz/${check}`], ...options },
});

export const fuzzTrips: readonly Trip[] = [
  trip('input', 'input', 'a call with 4 bytes: "BOX\\xff"'),
  trip('input', 'hang', 'It did not return within 3000 ms; a call with 5 bytes: "BOX\\x00', {
    timeout: 3000,
  }),
  trip('input', 'breach', 'it returned 99, expected a status of tenon.h (0 to 8); a call with 4 bytes'),
  trip('config', 'config', '\\x22boxName\\x22:\\x22'),
  trip('methods', 'methods', 'method 1 of packer/1 with 1 bytes'),
];
