/** Serves the metrics of flows to Prometheus. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { TenonError } from '../../base/errors.js';
import { type RunningFlow, registerFlowMetrics } from '../../flow/index.js';
import { UsageError } from '../usage.js';

/** The address of `--metrics`. */
export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = '127.0.0.1';
const ADDRESS = /^(?:(?<host>\[[0-9A-Fa-f:.]+\]|[^:[\]]+):)?(?<port>\d{1,5})$/;

/** Reads `[HOST:]PORT`. @throws UsageError */
export function metricsAddress(text: string): MetricsAddress {
  const { host = LOOPBACK, port = '' } = ADDRESS.exec(text)?.groups ?? {};
  if (port === '' || Number(port) > 65_535)
    throw new UsageError(
      `--metrics must be a port, or an address with a port such as ${LOOPBACK}:9464, not '${text}'.`,
    );
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** Serves `/metrics`. Returns the server, which listens. @throws UsageError without prom-client */
export async function serveMetrics(
  { host, port }: MetricsAddress,
  flows: Iterable<RunningFlow>,
): Promise<Server> {
  const { Registry } = await import('prom-client').catch((cause: unknown) => {
    throw new UsageError('--metrics needs the package prom-client. Install it: npm install prom-client', {
      cause,
    });
  });
  const registry = new Registry();
  registerFlowMetrics(registry, flows);
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end('The metrics are at /metrics.\n');
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const message = `Cannot serve metrics at ${host}:${port}: ${(cause as Error).message}. Use another port.`;
    throw new TenonError('ERR_TENON_NO_RESOURCES', message, { cause });
  }
  return server;
}
