/** The shape of statistics. It validates answers, which come from another process that may have another version. */
import type { HostStats, LatencyStats, PluginStats } from '../../index.js';

type Type = 'string' | 'number' | 'number or null' | 'latency';

const PLUGIN: { readonly [Name in keyof PluginStats]: Type } = {
  name: 'string',
  isolation: 'string',
  state: 'string',
  pid: 'number or null',
  generation: 'number or null',
  instances: 'number',
  calls: 'number',
  failures: 'number',
  bytesIn: 'number',
  bytesOut: 'number',
  latency: 'latency',
  inFlight: 'number',
  messages: 'number',
  logs: 'number',
  restarts: 'number',
  rss: 'number or null',
};

const LATENCY: readonly (keyof LatencyStats)[] = [
  'samples',
  'min',
  'mean',
  'max',
  'p50',
  'p90',
  'p99',
  'p999',
];

export function isHostStats(value: unknown): value is HostStats {
  const { pid, uptime, plugins } = membersOf(value);
  return (
    typeof pid === 'number' && typeof uptime === 'number' && Array.isArray(plugins) && plugins.every(isPlugin)
  );
}

function isPlugin(value: unknown): value is PluginStats {
  const members = membersOf(value);
  return Object.entries(PLUGIN).every(([name, type]) => isOf(members[name], type));
}

function isOf(value: unknown, type: Type): boolean {
  if (type === 'number or null') return value === null || typeof value === 'number';
  if (type !== 'latency') return typeof value === type;
  const members = membersOf(value);
  return value === null || LATENCY.every((name) => typeof members[name] === 'number');
}

function membersOf(value: unknown): Partial<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
