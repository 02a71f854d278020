/**
 * The server that answers requests for a host's figures on a UNIX socket or named pipe. A request is a line
 * with the token of the host's file. The answer is a line of JSON. The server does not keep the event loop
 * alive. It limits the number of clients and the length of a request, and disconnects a client after a fixed
 * time.
 */
import { timingSafeEqual } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { debug } from '../base/diagnostics.js';

const MOST_CLIENTS = 16;
/** Milliseconds after which a client is disconnected. */
const PATIENCE = 2000;
const LONGEST_REQUEST = 256;

export interface StatsServerOptions {
  readonly path: string;
  readonly token: string;
  /** Returns the figures, which are the answer. */
  stats(): object;
  /** Called if the socket cannot be used. */
  failed(error: Error): void;
}

export class StatsServer {
  readonly #options: StatsServerOptions;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  constructor(options: StatsServerOptions) {
    this.#options = options;
    this.#server = createServer((client) => this.#serve(client));
    this.#server.maxConnections = MOST_CLIENTS;
    this.#server.on('error', (error) => options.failed(error));
    // Without `exclusive`, the primary process of node:cluster would listen for its workers.
    this.#server.listen({ path: options.path, exclusive: true });
    this.#server.unref();
    if (process.platform !== 'win32') this.#makePrivate(options.path);
  }

  close(): void {
    for (const client of this.#clients) client.destroy();
    this.#server.close();
  }

  /** Restricts the socket to its user, for the case that the folder, which is private now, is opened later. */
  #makePrivate(path: string): void {
    try {
      chmodSync(path, 0o600);
    } catch (error) {
      debug('%s cannot be made private: %s', path, error);
    }
  }

  #serve(client: Socket): void {
    this.#clients.add(client);
    client.unref();
    const timer = setTimeout(() => client.destroy(), PATIENCE).unref();
    client.on('error', () => undefined);
    client.on('close', () => {
      clearTimeout(timer);
      this.#clients.delete(client);
    });
    let request = '';
    client.setEncoding('latin1');
    client.on('data', (text: string) => {
      request += text;
      const end = request.indexOf('\n');
      if (end < 0 && request.length <= LONGEST_REQUEST) return;
      client.pause();
      client.removeAllListeners('data');
      if (end >= 0 && this.#isAllowed(request.slice(0, end))) this.#answer(client);
      else client.destroy();
    });
  }

  #isAllowed(token: string): boolean {
    const [given, wanted] = [Buffer.from(token, 'latin1'), Buffer.from(this.#options.token, 'latin1')];
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  #answer(client: Socket): void {
    try {
      client.end(`${JSON.stringify(this.#options.stats())}\n`);
    } catch (error) {
      debug('the figures of the host cannot be sent: %s', error);
      client.destroy();
    }
  }
}
