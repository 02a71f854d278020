/** Helpers of the tests: the paths of built files, temporary folders, and programs in their own process. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';

export const root = fileURLToPath(new URL('../..', import.meta.url));
/** The folder that contains the built plugins and fault plugins. A sanitized run has its own. */
export const buildDir = process.env['TENON_BUILD'] ?? join(root, 'build');
export const pluginsDir = join(buildDir, 'plugins');
export const faultsDir = join(buildDir, 'faults');
/** Whether the tests may use the native runner, which does not need the addon. */
export const withRunner = process.env['TENON_RUNNER'] !== 'none';
export const withAddon = process.env['TENON_NO_ADDON'] !== '1';

export const extension =
  process.platform === 'win32' ? '.dll' : process.platform === 'darwin' ? '.dylib' : '.so';

export const pluginFile = (name: string): string => join(pluginsDir, `${name}${extension}`);
export const faultFile = (name: string): string => join(faultsDir, `${name}${extension}`);

/** Creates a folder that is deleted when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Creates a temporary folder with copies of plugins, for tests that modify them. */
export function folderWith(...files: string[]): string {
  const folder = temporaryFolder();
  for (const file of files) cpSync(file, join(folder, file.slice(file.lastIndexOf('/') + 1)));
  return folder;
}

/** The exit code or signal of a program, and its output. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs an ES module in its own Node.js process with the built package. The module can use `tenon`, its
 * `entry`, the folders `plugins` and `faults`, and `extension`. The process is killed with SIGKILL after
 * `timeout` milliseconds. `under` is a command that starts it.
 */
export function runNode(
  body: string,
  options: { args?: string[]; env?: Record<string, string>; timeout?: number; under?: string[] } = {},
): Promise<Ended> {
  const entry = pathToFileURL(join(root, 'dist', 'index.js')).href;
  const prelude = `import * as tenon from ${JSON.stringify(entry)};
const plugins = ${JSON.stringify(pluginsDir)}, faults = ${JSON.stringify(faultsDir)}, entry = ${JSON.stringify(entry)};
const extension = ${JSON.stringify(extension)};\n`;
  const [command = '', ...before] = [...(options.under ?? []), process.execPath];
  const child = spawn(
    command,
    [...before, ...(options.args ?? []), '--input-type=module', '-e', prelude + body],
    {
      env: { ...process.env, NODE_OPTIONS: '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeout ?? 60_000,
      killSignal: 'SIGKILL',
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
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

/** Compiles a plugin from C source with the compiler of the system. Returns the path of the library. */
export function compile(
  folder: string,
  name: string,
  source: string,
  flags: string[] = [],
  compiler = 'cc',
): string {
  const file = join(folder, `${name}.c`);
  const output = join(folder, `${name}${extension}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, source);
  execFileSync(compiler, [
    '-std=c11',
    '-shared',
    '-fPIC',
    '-fvisibility=hidden',
    `-I${join(root, 'include')}`,
    file,
    '-o',
    output,
    ...flags,
  ]);
  return output;
}

/** The source of a plugin that answers every call with the same string. */
export const answering = (name: string, answer: string): string => `#include "tenon.h"
static tenon_status answer(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_write(out, "${answer}", ${Buffer.byteLength(answer)});
}
TENON_STATELESS_PLUGIN("${name}", "1.0.0", answer);
`;
