/** Runs `tenon check` for tests, with surroundings that say nothing. */
import { join } from 'node:path';
import type { Verdict } from '../../src/check/index.js';
import { tripsDir } from '../check/support.js';
import { extension, pluginFile } from '../support/index.js';
import { ENV, type Run, tenon } from './run.js';

export function check(args: readonly string[], options: Parameters<typeof tenon>[1] = {}): Promise<Run> {
  return tenon(['check', ...args], { ...options, env: { ...ENV, ...options.env } });
}

export async function verdictOf(args: readonly string[]): Promise<Verdict> {
  return JSON.parse((await check([...args, '--format', 'json'])).stdout) as Verdict;
}

/** A plugin without a fault, one whose call returns 42, and how to check only that. */
export const good = pluginFile('wordcount');
export const broken = join(tripsDir, `calls-plain${extension}`);
export const ONLY = ['--filter', 'calls/plain'];
