/** The hosts that have registered in a state folder, each with its figures if it answers. */
import { connect } from 'node:net';
import { asTenonError } from '../../base/errors.js';
import {
  type FoundHostFile,
  findHostFiles,
  type HostFile,
  isBeside,
  removeEndedHost,
} from '../../host/host-files.js';
import type { HostStats } from '../../index.js';
import { requireFolder } from './option.js';
import { isHostStats } from './shape.js';

/** A host that runs. */
export interface RunningHost {
  readonly pid: number;
  readonly program: string;
  /** When it was made, ISO 8601. */
  readonly since: string;
  /** `busy`: its event loop did not answer in time. `unavailable`: it cannot be asked. */
  readonly state: 'running' | 'busy' | 'unavailable';
  /** Why there are no figures; null if there are. */
  readonly problem: string | null;
  readonly stats: HostStats | null;
}

/** Milliseconds for an answer. */
const PATIENCE = 1000;
const LONGEST_ANSWER = 64 * 1024 * 1024;

/** The answer of a host that was collected, although its process runs. */
const COLLECTED = '{}\n';

type Answer = Pick<RunningHost, 'state' | 'problem' | 'stats'>;

/** All hosts of the folder, asked at the same time. @throws TenonError ERR_TENON_NOT_FOUND, ERR_TENON_UNREADABLE */
export async function runningHosts(folder: string): Promise<RunningHost[]> {
  requireFolder(folder);
  let found: FoundHostFile[];
  try {
    found = findHostFiles(folder);
  } catch (error) {
    throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot read the state folder ${folder}`);
  }
  const hosts = await Promise.all(
    found.map(async (file) => {
      const answer = await ask(file);
      if (answer === null) removeEndedHost(file);
      const { pid, program, since } = file.content;
      return answer === null ? [] : [{ pid, program, since, ...answer }];
    }),
  );
  return hosts.flat().sort((a, b) => a.since.localeCompare(b.since));
}

/** Null if the host has ended. */
async function ask(file: FoundHostFile): Promise<Answer | null> {
  const { socket, problem } = file.content;
  if (socket === null) return unavailable(problem ?? 'it has no socket');
  try {
    const text = await request(socket, file.content);
    if (text === null)
      return { state: 'busy', problem: `it did not answer within ${PATIENCE / 1000} s`, stats: null };
    if (text === COLLECTED) return null;
    const stats: unknown = JSON.parse(text);
    if (isHostStats(stats)) return { state: 'running', problem: null, stats };
    return unavailable('its answer is not understood');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // A socket in a temporary folder may be there for its own process only (systemd's PrivateTmp).
    if (code === 'ECONNREFUSED' || (code === 'ENOENT' && isBeside(socket, file.path))) return null;
    return unavailable(message);
  }
}

function unavailable(problem: string): Answer {
  return { state: 'unavailable', problem, stats: null };
}

/** The line that the host answers; null if there is none in time. */
function request(path: string, { token }: HostFile): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path, () => socket.write(`${token}\n`));
    const end = (answer: string | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(end, PATIENCE, null);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.endsWith('\n') || text.length > LONGEST_ANSWER) end(text);
    });
    // It has as many clients as it takes.
    socket.on('end', () => end(text.endsWith('\n') ? text : null));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The queue of connections is full: it does not take them.
      if (error.code === 'EAGAIN') return end(null);
      clearTimeout(timer);
      reject(error);
    });
  });
}
