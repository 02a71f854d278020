/**
 * Helpers of the fault tests: they catch errors, check that the host still works, and run processes that may
 * crash.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import type { Instance, LoadOptions, PluginHost } from '../../src/index.js';
import { faultFile, pluginFile, root } from '../support/index.js';
import type { FaultRow } from './table.js';

let confined: LoadOptions = {};

/** Confines the plugins of all later tests in this file. */
export function confine(options: LoadOptions): void {
  confined = options;
}

export const confinement = (): LoadOptions => confined;

/** Returns the TenonError that `action` throws or rejects with. Any other outcome fails the test. */
export async function refusal(action: () => unknown): Promise<TenonError> {
  let result: unknown;
  try {
    result = await action();
  } catch (error) {
    if (error instanceof TenonError) return error;
    throw error;
  }
  throw new Error(`expected a TenonError, got the result ${String(result)}`);
}

const TEXT = Buffer.from('one two\nthree four five\n');

/** Checks that the host still works: another plugin is admitted and computes the expected result. */
export async function expectToWork(host: PluginHost): Promise<void> {
  const plugin = await host.load(pluginFile('wordcount'));
  const instance = await plugin.new();
  const result = instance.callSync(TEXT);
  plugin.close();
  const counts = [0, 8, 16].map((offset) => Number(result.readBigUInt64LE(offset)));
  expect(counts).toEqual([2, 5, TEXT.length]);
}

/** Checks that the error has the code, gate, status and message of the row. */
export function expectError(error: TenonError, row: FaultRow): void {
  const { code, gate, status } = error;
  expect({ code, gate, status, message: error.message }).toMatchObject({
    code: row.code,
    message: expect.stringContaining(row.mentions ?? ''),
    ...(row.gate === undefined ? {} : { gate: row.gate }),
    ...(row.status === undefined ? {} : { status: row.status }),
  });
}

/** Calls the row's method: `something`, or one of a kind. */
export function callFault(instance: Instance, row: FaultRow, input: Buffer): Buffer {
  return row.slot === undefined
    ? instance.callSync(input)
    : instance.method('codec/1', row.slot).callSync(input);
}

/** The exit code or signal of a process, and its output. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The time that a process that should hang gets before it is killed. If it is too short, the test can miss a
 * process that does not hang, but cannot fail wrongly.
 */
const WATCHED_MS = 250;

/**
 * Runs `body` in its own Node.js process with the built package. The body can use `tenon`, its `entry`,
 * `host`, `file(name)`, `load(name)` and `say(word)`. A process that prints 'hanging' is killed after
 * WATCHED_MS.
 */
export function runFault(
  body: string,
  options: { probe?: 'known-skips' | 'never'; env?: Record<string, string> } = {},
): Promise<Ended> {
  const entry = pathToFileURL(join(root, 'dist', 'index.js')).href;
  const prelude = `import * as fs from 'node:fs';
import * as tenon from ${JSON.stringify(entry)};
const entry = ${JSON.stringify(entry)};
const host = new tenon.PluginHost({ probe: { mode: ${JSON.stringify(options.probe ?? 'known-skips')} } });
const say = (word) => fs.writeSync(1, word + '\\n');
const file = (name) => ${JSON.stringify(faultFile('NAME'))}.replace('NAME', name);
const load = (name) => host.load(file(name));\n`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', prelude + body], {
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (!stdout.includes('hanging\n') && `${stdout}${text}`.includes('hanging\n')) {
      setTimeout(() => child.kill('SIGKILL'), WATCHED_MS);
    }
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
