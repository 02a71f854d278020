/** The metrics of flows in the clients of Prometheus and OpenTelemetry. */
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type EventFrame, filterFrame, flow, registerFlowMetrics, World } from '../../src/flow/index.js';
import { Feed, lines, Store, until } from './doubles.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

async function running() {
  const feed = new Feed(lines(10));
  feed.ends = false;
  const world = new World();
  onTestFinished(() => world.close());
  world.define('in', { plugin: feed.source }).define('out', { plugin: new Store().sink });
  const half = (frame: EventFrame) => filterFrame(frame, (row) => row % 2 === 0);
  const flowing = await world.deploy(flow('half').from('in').pipe(half).to('out'));
  await until(() => flowing.metrics().delivered === 5);
  return { world, flowing };
}

/** Reads the text format of Prometheus. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', value = ''] = /^(\S+) (\S+)$/.exec(line) ?? [];
    samples.set(name, Number(value));
  }
  return samples;
}

test('Prometheus gets the same numbers as metrics()', async () => {
  const { world, flowing } = await running();
  const registry = new Registry();
  registerFlowMetrics(registry, world.registry);
  const text = await registry.metrics();
  expect(text).toContain('# TYPE tenon_flow_events_total counter\n');
  expect(text).toContain('# TYPE tenon_flow_in_flight_events gauge\n');
  const samples = samplesOf(text);
  const metrics = flowing.metrics();
  for (const outcome of ['in', 'delivered', 'dead', 'filtered', 'dropped', 'redelivered'] as const)
    expect(samples.get(`tenon_flow_events_total{flow="half",outcome="${outcome}"}`)).toBe(metrics[outcome]);
  expect(samples.get('tenon_flow_state{flow="half",state="running"}')).toBe(1);
  expect(samples.get('tenon_flow_state{flow="half",state="ended"}')).toBe(0);
  expect(samples.get('tenon_flow_sink_events_total{flow="half",outcome="delivered",sink="out"}')).toBe(5);
  expect(samples.get('tenon_flow_sink_circuit{flow="half",circuit="working",sink="out"}')).toBe(1);
  expect(samples.get('tenon_flow_latency_seconds{flow="half",quantile="0.99"}')).toBeCloseTo(
    metrics.latency.p99 / 1e6,
  );
  expect([...samples.values()].every(Number.isFinite)).toBe(true);
  await flowing.drain();
  await until(() => world.registry.names.length === 0);
  expect(samplesOf(await registry.metrics()).size).toBe(0);
});

test('OpenTelemetry reads them in a callback', async () => {
  const { world } = await running();
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  provider
    .getMeter('flows')
    .createObservableCounter('tenon.flow.events')
    .addCallback((result) => {
      for (const { name, metrics } of [...world.registry].map((one) => ({
        name: one.name,
        metrics: one.metrics(),
      })))
        for (const outcome of ['in', 'delivered', 'filtered'] as const)
          result.observe(metrics[outcome], { flow: name, outcome });
    });
  await reader.forceFlush();
  const [scope] = exporter.getMetrics().at(-1)?.scopeMetrics ?? [];
  const points = scope?.metrics[0]?.dataPoints.map(({ value, attributes }) => [attributes['outcome'], value]);
  expect(points).toEqual([
    ['in', 10],
    ['delivered', 5],
    ['filtered', 5],
  ]);
});
