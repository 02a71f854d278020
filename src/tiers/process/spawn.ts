/** Starts the process of a runner. */

import { type ChildProcess, spawn } from 'node:child_process';
import { findRunner, runnerProblem } from '../../addon/native-files.js';
import { prepareToReap } from '../../addon/reaper.js';
import { TenonError } from '../../base/errors.js';
import { requireDescriptors } from '../../base/resources.js';
import { runtimeProblem } from '../../base/runtime.js';
import { confinementArguments } from './confinement.js';
import { longestResult, type RunnerSettings } from './settings.js';

/** Files for a child, as `spawn` takes them. */
export type Stdio = readonly (number | 'pipe')[];

/**
 * The first file descriptor of the channel in the runner. The files are shared memory, wake-ups and lifetime,
 * or one pipe for both directions, or what Windows needs instead.
 */
export const FIRST_FILE = 3;
const following = (names: readonly string[]) => names.map((name, i) => [name, FIRST_FILE + i] as const);
const isWindows = process.platform === 'win32';
const FILES = {
  'shared-memory': following(['--shm', '--wake', '--life']),
  pipe: isWindows
    ? following(['--in', '--out', '--bell', '--life'])
    : ['--in', '--out'].map((name) => [name, FIRST_FILE] as const),
};

/** Returns the program to start. @throws TenonError ERR_TENON_UNSUPPORTED */
export function programOf(settings: RunnerSettings): string {
  const lacking = runtimeProblem('process');
  const program = lacking === null ? (settings.program ?? findRunner()) : null;
  if (program !== null) return program;
  const reason = lacking ?? runnerProblem() ?? 'There is no tenon-runner.';
  throw new TenonError(
    'ERR_TENON_UNSUPPORTED',
    `Cannot run ${settings.shown} in a process of its own. ${reason}`,
    { path: settings.shown, plugin: settings.plugin },
  );
}

/**
 * Starts the program in a process group of its own. It inherits nothing from this process but the channel.
 */
export function spawnRunner(
  program: string,
  settings: RunnerSettings,
  files: Stdio,
  output: Stdio = ['pipe', 'pipe'],
): ChildProcess {
  requireDescriptors();
  prepareToReap();
  return spawn(program, argumentsFor(settings), {
    // Windows has no groups, and ends a process that is not detached with its parent.
    detached: !isWindows,
    windowsHide: true,
    env: { ...settings.env },
    cwd: settings.cwd,
    stdio: ['ignore', ...output, ...files],
  });
}

function argumentsFor(settings: RunnerSettings): string[] {
  const { file, shown, abi, plugin, profile, queue, limits, sandbox } = settings;
  const options: readonly (readonly [name: string, value: string | number | undefined])[] = [
    ['--abi', abi],
    ['--name', plugin],
    ['--origin', shown],
    ...FILES[settings.transport],
    ['--parent', process.pid],
    ['--profile', profile],
    ['--queue-messages', queue.messages],
    ['--queue-bytes', queue.bytes],
    ['--result', longestResult(limits)],
  ];
  const given = options.flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
  return ['serve', file, ...given, ...confinementArguments(limits, sandbox)];
}
