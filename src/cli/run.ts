/** `tenon run`: runs a flow until its source is done or a signal drains it. */
import { writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { constants } from 'node:os';
import { messageOf, TenonError } from '../base/errors.js';
import { type Leftover, type RunningFlow, World } from '../flow/index.js';
import { PluginHost } from '../index.js';
import { type Command, Exit } from './command.js';
import type { Io } from './io.js';
import { type OptionTable, parse } from './options.js';
import { checkConnector, readFlowFile } from './run/flow-file.js';
import { type MetricsAddress, metricsAddress, serveMetrics } from './run/metrics-server.js';
import { FlowProgress } from './run/progress.js';
import { PLOTTED, reportOf } from './run/report.js';
import { tierFor } from './tier.js';
import { UsageError } from './usage.js';
import { durationOf } from './values.js';

const OPTIONS = {
  drain: { value: 'TIME', about: 'how long the flow may take to end after a signal (default 10s)' },
  every: { value: 'TIME', about: 'how often the state is shown (default 10s, on a terminal 500ms)' },
  metrics: {
    value: '[HOST:]PORT',
    about: 'serve the metrics to Prometheus at /metrics, on loopback unless HOST is given',
  },
  report: { value: 'FILE', about: 'write a page with the counters and the latency when the flow has ended' },
  json: { about: 'print nothing but the metrics at the end, as JSON' },
} as const satisfies OptionTable;

export const runFlow: Command = {
  usage: ['FILE [OPTION…]'],
  about: [
    'Runs the flow of a file until its source is done. The file is JSON, or a module whose default export is such an object: paths (folders with plugins), state (the folder of the checkpoints), connectors (definitions by name) and flow (name, from, pipe, to, errorsTo). Paths are relative to the file. In a module, stages may be functions and connectors may be classes. Plugins run in the process tier unless their load says otherwise.',
    'SIGTERM, SIGINT and SIGHUP drain the flow: the source takes in nothing new, and what is in flight is delivered. A second signal ends the command at once. Events that are left over are printed as exact ranges.',
  ],
  options: OPTIONS,
  operands: 'files',
  exits: '1 the flow was refused',
  prepare(args) {
    const { values, operands } = parse(OPTIONS, args);
    const [file, second] = operands;
    if (file === undefined) throw new UsageError('a file with a flow is missing. Give one.');
    if (second !== undefined)
      throw new UsageError(`run takes one file, but ${operands.length} arguments were given.`);
    const drain = durationOf('--drain', values.drain ?? '10s');
    const every = values.every === undefined ? null : durationOf('--every', values.every);
    const metrics = values.metrics === undefined ? null : metricsAddress(values.metrics);
    const { json = false, report = null } = values;
    return { run: (io) => run(file, { drain, every, json, metrics, report }, io) };
  },
};

/** The signals that drain the flow. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Milliseconds after which handles of a module are ignored. */
const LEFT_BEHIND_MS = 1000;

interface Settings {
  readonly drain: number;
  readonly every: number | null;
  readonly json: boolean;
  readonly metrics: MetricsAddress | null;
  readonly report: string | null;
}

async function run(path: string, settings: Settings, io: Io): Promise<number> {
  const file = await readFlowFile(path);
  const host = new PluginHost({ paths: file.paths });
  let server: Server | undefined;
  const load = { isolation: tierFor(undefined).isolation };
  const world = new World({ host, load, ...(file.state === null ? {} : { state: file.state }) });
  try {
    for (const [name, definition] of file.connectors)
      checkConnector(name, () => void world.define(name, definition));
    const flow = await world.deploy(file.flow);
    if (settings.metrics !== null) {
      server = await serveMetrics(settings.metrics, [flow]);
      if (!settings.json) io.out.line(`metrics at ${addressOf(server)}`);
    }
    const leftover = await untilEnd(flow, settings, io);
    if (settings.report !== null) await writeReport(settings.report, flow, leftover);
    return leftover.length === 0 ? Exit.fine : Exit.incomplete;
  } finally {
    server?.close();
    server?.closeAllConnections();
    await world.close();
    await host.close();
    // A module may leave timers or sockets, which must not keep the command from its end.
    setTimeout(() => process.exit(), LEFT_BEHIND_MS).unref();
  }
}

/** Returns the URL of the metrics. */
function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`;
}

async function writeReport(path: string, flow: RunningFlow, leftover: readonly Leftover[]): Promise<void> {
  const page = reportOf(flow.metrics(), leftover, flow.latencyAt(PLOTTED), new Date());
  await writeFile(path, page).catch((cause: unknown) => {
    throw new TenonError('ERR_TENON_UNREADABLE', `Cannot write the report ${path}: ${messageOf(cause)}.`, {
      path,
      cause,
    });
  });
}

async function untilEnd(
  flow: RunningFlow,
  { drain, every, json }: Settings,
  io: Io,
): Promise<readonly Leftover[]> {
  const progress = new FlowProgress(io.out);
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1;
    if (signals > 1) process.exit(128 + constants.signals[signal]);
    void flow.drain({ timeout: drain });
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const period = every ?? (io.out.isScreen ? 500 : 10_000);
  const timer = json ? undefined : setInterval(() => progress.show(flow.metrics()), period);
  try {
    const leftover = await flow.ended;
    const metrics = flow.metrics();
    if (json) io.out.line(JSON.stringify({ ...metrics, leftover }, numbers, 2));
    else progress.end(metrics, leftover);
    return leftover;
  } finally {
    clearInterval(timer);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

/** Positions have 64 bits, so JSON has them as strings. */
function numbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
