/** Runs `tenon check` for tests, without the environment variables that change its output. */
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

/** A valid plugin, a plugin whose call returns 42, and the arguments to check only its call. */
export const good = pluginFile('wordcount');
export const broken = join(tripsDir, `calls-plain${extension}`);
export const ONLY = ['--filter', 'calls/plain'];
