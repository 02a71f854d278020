/** Computes the metrics of a flow from its parts. */
import type { TenonError } from '../base/errors.js';
import type { Times } from './histograms.js';
import type { Ledger } from './ledger.js';
import type { Blocker, FlowMetrics, FlowState, SinkMetrics } from './metrics.js';
import type { Blockage } from './sink.js';
import type { SinkManager } from './sink-manager.js';
import type { SourceManager } from './source-manager.js';

/** The parts of a flow. */
interface Observed {
  readonly name: string;
  readonly state: FlowState;
  readonly sourceName: string;
  readonly source: SourceManager;
  readonly ledger: Ledger;
  /** All sinks, with that of dead letters. */
  readonly sinks: readonly SinkManager[];
  /** The row that a stage cannot process. */
  readonly blockage: (Blockage & { readonly name: string }) | undefined;
  readonly stages: ReadonlyMap<string, Times>;
  readonly latency: Times;
  readonly checkpoints: number;
}

/** Returns the present metrics. */
export function metricsOf(flow: Observed): FlowMetrics {
  const { counts } = flow.ledger;
  const { state, rows, reconnects } = flow.source;
  const sum = (member: 'dropped' | 'redelivered'): number =>
    flow.sinks.reduce((total, sink) => total + sink.counts[member], 0);
  return {
    name: flow.name,
    state: flow.state,
    ...counts,
    out: counts.in - counts.filtered,
    dropped: sum('dropped'),
    redelivered: sum('redelivered'),
    inFlightBytes: flow.ledger.bytes,
    blockedOn: blockerOf(flow),
    source: { name: flow.sourceName, state, rows, reconnects },
    sinks: Object.fromEntries(flow.sinks.map((sink) => [sink.settings.name, sinkMetrics(sink)])),
    stages: Object.fromEntries([...flow.stages].map(([name, times]) => [name, times.percentiles()])),
    latency: flow.latency.percentiles(),
    checkpoints: flow.checkpoints,
  };
}

/** Returns the row that blocks a flow, or null. */
export function rowBlocker(sinks: readonly SinkManager[], blockage: Observed['blockage']): Blocker | null {
  if (blockage !== undefined) return { why: 'row', ...blockage };
  const sink = sinks.find((one) => one.blockage !== undefined && one.settings.required);
  if (sink?.blockage === undefined) return null;
  return { name: sink.settings.name, why: 'row', ...sink.blockage };
}

function blockerOf({ sinks, blockage, state, source, sourceName }: Observed): Blocker | null {
  const row = rowBlocker(sinks, blockage);
  if (row !== null || state === 'ended') return row;
  const required = sinks.filter(({ settings }) => settings.required);
  for (const { circuit, settings, connection } of required) {
    if (circuit === 'working') continue;
    const why = circuit === 'stopped' ? 'stopped' : 'closed';
    return { name: settings.name, why, ...problemOf(connection.problem) };
  }
  if (source.problem !== undefined) return { name: sourceName, why: 'closed', ...problemOf(source.problem) };
  if (source.state !== 'full') return null;
  const [slowest] = required.sort((a, b) => b.counts.waiting - a.counts.waiting);
  return slowest === undefined ? null : { name: slowest.settings.name, why: 'slow' };
}

function problemOf(error: TenonError | undefined): { error?: TenonError } {
  return error === undefined ? {} : { error };
}

function sinkMetrics(sink: SinkManager): SinkMetrics {
  const { counts, circuit, settings, connection, latency } = sink;
  const { reconnects } = connection;
  return { ...counts, required: settings.required, circuit, reconnects, latency: latency.percentiles() };
}
