/** The connection to a NATS server with JetStream. The client libraries are optional peers, and load here. */
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { TenonError } from '../../base/errors.js';
import { failure } from '../connector.js';

type Library = typeof import('@nats-io/jetstream');

/** A connection, and the library that made it. */
export interface Client {
  readonly connection: NatsConnection;
  readonly library: Library;
  readonly js: JetStreamClient;
  readonly manager: JetStreamManager;
}

/** The settings of the connection that sources and sinks share. */
export interface JetStreamServer {
  /** The servers as `HOST:PORT` or URLs. Default `127.0.0.1:4222`. */
  readonly servers?: string | readonly string[];
  /** Further options of `connect` of @nats-io/transport-node: user, password, token, TLS. */
  readonly connection?: object;
}

/** The code of JetStream for a stream, consumer or message that does not exist. */
const NOT_FOUND = 404;
/** The milliseconds for one attempt to connect, and for one request. */
const TIMEOUT = 5000;

/**
 * Connects. Lost connections are restored by the client while it is open.
 * @throws TenonError ERR_TENON_NOT_FOUND without the libraries; with TENON_CLOSED if there is no server
 */
export async function openClient({
  servers = '127.0.0.1:4222',
  connection = {},
}: JetStreamServer): Promise<Client> {
  const { transport, library } = await libraries();
  try {
    const opened = await transport.connect({
      timeout: TIMEOUT,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      ignoreClusterUpdates: true,
      ...connection,
      servers: typeof servers === 'string' ? servers : [...servers],
    });
    const options = { timeout: TIMEOUT };
    try {
      const manager = await library.jetstreamManager(opened, options);
      return { connection: opened, library, js: library.jetstream(opened, options), manager };
    } catch (error) {
      await opened.close();
      throw error;
    }
  } catch (error) {
    throw failure('TENON_CLOSED', `${servers} cannot be used as a JetStream server: ${messageOf(error)}`);
  }
}

async function libraries() {
  try {
    const [transport, library] = await Promise.all([
      import('@nats-io/transport-node'),
      import('@nats-io/jetstream'),
    ]);
    return { transport, library };
  } catch (cause) {
    throw new TenonError(
      'ERR_TENON_NOT_FOUND',
      'The connectors for JetStream need the packages @nats-io/transport-node and @nats-io/jetstream. Install them: npm install @nats-io/transport-node @nats-io/jetstream',
      { cause },
    );
  }
}

/** Returns the result of a request, or null if what it asks for does not exist. @throws what the request throws */
export async function orNull<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    const { code, status } = error as { code?: number; status?: number };
    if (code === NOT_FOUND || status === NOT_FOUND) return null;
    throw error;
  }
}

/** Returns the message of what the client threw. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
