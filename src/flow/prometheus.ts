/** The metrics of flows for Prometheus, in a registry of prom-client. They are read when the registry is asked. */
import type { FlowMetrics, SinkMetrics } from './metrics.js';
import type { RunningFlow } from './running-flow.js';

/** A registry of prom-client, as far as it is needed. */
export interface PrometheusRegistry {
  /** Takes an object with the members of prom-client's metrics. Their type is that of its own classes. */
  registerMetric(metric: never): void;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: (metrics: FlowMetrics) => readonly Sample[];
}

const STATES = ['running', 'paused', 'blocked', 'draining', 'ended'] as const;
const CIRCUITS = ['working', 'stopped', 'reconnecting'] as const;
const OUTCOMES = ['in', 'delivered', 'dead', 'filtered', 'dropped', 'redelivered'] as const;
const SINK_OUTCOMES = ['in', 'delivered', 'dead', 'dropped', 'redelivered'] as const;
const QUANTILES = { p50: '0.5', p90: '0.9', p99: '0.99' } as const;
const US_PER_S = 1e6;

/** One sample for each sink. */
const ofSinks = (value: (sink: SinkMetrics) => readonly Sample[]) => (metrics: FlowMetrics) =>
  Object.entries(metrics.sinks).flatMap(([name, sink]) =>
    value(sink).map(([labels, number]): Sample => [{ ...labels, sink: name }, number]),
  );

const FAMILIES: readonly Family[] = [
  {
    name: 'tenon_flow_events_total',
    help: 'The events of a flow by what became of them; in is the sum of delivered, dead, filtered and those in flight.',
    type: 'counter',
    samples: (metrics) => OUTCOMES.map((outcome) => [{ outcome }, metrics[outcome]]),
  },
  {
    name: 'tenon_flow_in_flight_events',
    help: 'The events that have not ended.',
    type: 'gauge',
    samples: ({ inFlight }) => [[{}, inFlight]],
  },
  {
    name: 'tenon_flow_in_flight_bytes',
    help: 'The bytes of the frames in flight.',
    type: 'gauge',
    samples: ({ inFlightBytes }) => [[{}, inFlightBytes]],
  },
  {
    name: 'tenon_flow_state',
    help: '1 for the present state of a flow, 0 for the others.',
    type: 'gauge',
    samples: (metrics) => STATES.map((state) => [{ state }, Number(metrics.state === state)]),
  },
  {
    name: 'tenon_flow_checkpoints_total',
    help: 'How often the checkpoint was written.',
    type: 'counter',
    samples: ({ checkpoints }) => [[{}, checkpoints]],
  },
  {
    name: 'tenon_flow_source_reconnects_total',
    help: 'How often the source was connected again.',
    type: 'counter',
    samples: ({ source }) => [[{ source: source.name }, source.reconnects]],
  },
  {
    name: 'tenon_flow_latency_seconds',
    help: 'The time from the reading of an event until its end, since the flow began.',
    type: 'gauge',
    samples: ({ latency }) => quantiles(latency),
  },
  {
    name: 'tenon_flow_stage_seconds',
    help: 'The time of a stage for a frame, since the flow began.',
    type: 'gauge',
    samples: ({ stages }) =>
      Object.entries(stages).flatMap(([stage, times]) =>
        quantiles(times).map(([labels, value]): Sample => [{ ...labels, stage }, value]),
      ),
  },
  {
    name: 'tenon_flow_sink_events_total',
    help: 'The events of a sink by what became of them.',
    type: 'counter',
    samples: ofSinks((sink) => SINK_OUTCOMES.map((outcome) => [{ outcome }, sink[outcome]])),
  },
  {
    name: 'tenon_flow_sink_waiting_events',
    help: 'The events that wait for a sink or for its answer.',
    type: 'gauge',
    samples: ofSinks(({ waiting }) => [[{}, waiting]]),
  },
  {
    name: 'tenon_flow_sink_circuit',
    help: '1 for the present state of the connection of a sink, 0 for the others.',
    type: 'gauge',
    samples: ofSinks((sink) => CIRCUITS.map((circuit) => [{ circuit }, Number(sink.circuit === circuit)])),
  },
  {
    name: 'tenon_flow_sink_reconnects_total',
    help: 'How often a sink was connected again.',
    type: 'counter',
    samples: ofSinks(({ reconnects }) => [[{}, reconnects]]),
  },
  {
    name: 'tenon_flow_sink_latency_seconds',
    help: 'The time from a write to its answer, since the flow began.',
    type: 'gauge',
    samples: ofSinks(({ latency }) => quantiles(latency)),
  },
];

function quantiles(times: FlowMetrics['latency']): Sample[] {
  return Object.entries(QUANTILES).map(([name, quantile]) => [
    { quantile },
    times[name as keyof typeof QUANTILES] / US_PER_S,
  ]);
}

/**
 * Registers the metrics of flows, with the label `flow`. `flows` is asked each time: give `world.registry`, and flows
 * that are deployed later are among them.
 *
 * ```js
 * import { Registry } from 'prom-client';
 * const registry = new Registry();
 * registerFlowMetrics(registry, world.registry);
 * const text = await registry.metrics();
 * ```
 */
export function registerFlowMetrics(registry: PrometheusRegistry, flows: Iterable<RunningFlow>): void {
  for (const { name, help, type, samples } of FAMILIES) {
    const get = async () => ({
      name,
      help,
      type,
      aggregator: 'sum',
      values: [...flows].flatMap((flow) =>
        samples(flow.metrics()).map(([labels, value]) => ({ labels: { flow: flow.name, ...labels }, value })),
      ),
    });
    registry.registerMetric({ name, help, type, get, reset: () => undefined } as never);
  }
}
