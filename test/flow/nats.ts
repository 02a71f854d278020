/** A NATS server with JetStream, for one test: on loopback, with its files in a temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { onTestFinished } from 'vitest';
import { findNatsServer } from '../../scripts/lib/nats.mjs';
import { isStopped } from '../../src/base/process-id.js';
import { temporaryFolder } from '../support/index.js';

const program = findNatsServer();
/** Why tests of JetStream are skipped; empty if they are not. */
export const withoutNats =
  program === undefined ? ' (skipped: nats-server is not installed, and was not built with Go)' : '';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export class NatsServer {
  readonly #folder = temporaryFolder();
  #port = 0;
  #child: ChildProcess | undefined;

  /** Starts a server, and ends it after the test. */
  static async start(): Promise<NatsServer> {
    const server = new NatsServer();
    server.#port = await freePort();
    await server.run();
    onTestFinished(() => server.kill());
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Starts it with the same port and files. */
  async run(): Promise<void> {
    const args = ['-a', '127.0.0.1', '-p', `${this.#port}`, '-js', '-sd', this.#folder];
    const child = spawn(program ?? '', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let printed = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        if (printed.includes('Server is ready')) resolve();
      });
      child.on('exit', () => reject(new Error(printed)));
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Stops it: it answers nothing, but its connections stay. */
  async stop(): Promise<void> {
    const pid = this.#child?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    while (!isStopped(pid)) await sleep(5);
    // Bytes that it had sent before still arrive.
    await sleep(100);
  }

  /** Returns a connection of the test itself. */
  async connection(): Promise<NatsConnection> {
    const connection = await connect({ servers: this.address });
    onTestFinished(() => connection.close());
    return connection;
  }

  /** Makes a stream. */
  async stream(name: string, options: Partial<StreamConfig> = {}) {
    const manager = await jetstreamManager(await this.connection());
    await manager.streams.add({ name, subjects: [name], ...options });
    return manager;
  }
}
