/** The hosts that have registered in a state folder, each with its statistics if it answers. */
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

/** A running host. */
export interface RunningHost {
  readonly pid: number;
  readonly program: string;
  /** The time of its creation, in ISO 8601. */
  readonly since: string;
  /** The state. `busy`: its event loop did not answer in time. `unavailable`: it cannot be queried. */
  readonly state: 'running' | 'busy' | 'unavailable';
  /** The reason for missing statistics; null if there are statistics. */
  readonly problem: string | null;
  readonly stats: HostStats | null;
}

/** The timeout for an answer, in milliseconds. */
const PATIENCE = 1000;
const LONGEST_ANSWER = 64 * 1024 * 1024;

/** The answer for a host that was garbage collected while its process still runs. */
const COLLECTED = '{}\n';

type Answer = Pick<RunningHost, 'state' | 'problem' | 'stats'>;

/** Queries all hosts of the folder concurrently. @throws TenonError ERR_TENON_NOT_FOUND, ERR_TENON_UNREADABLE */
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

/** Queries a host. Returns null if it has ended. */
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
    return unavailable('its answer is invalid');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // A socket in a temporary folder may be visible only to its own process (PrivateTmp of systemd).
    if (code === 'ECONNREFUSED' || (code === 'ENOENT' && isBeside(socket, file.path))) return null;
    return unavailable(message);
  }
}

function unavailable(problem: string): Answer {
  return { state: 'unavailable', problem, stats: null };
}

/** Returns the line that the host answers, or null if it does not answer in time. */
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
    // The host has its maximum number of clients.
    socket.on('end', () => end(text.endsWith('\n') ? text : null));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The queue of connections is full, because the host does not accept any.
      if (error.code === 'EAGAIN') return end(null);
      clearTimeout(timer);
      reject(error);
    });
  });
}
