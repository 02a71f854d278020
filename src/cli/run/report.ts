/** The report of a run: a page that loads nothing, with the counters, the parts and the latency of all events. */
import { element, type Markup } from '../../check/render/xml.js';
import type { FlowMetrics, Leftover, Percentiles } from '../../flow/index.js';

/** The percentiles of the plot. */
export const PLOTTED = [0, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100] as const;

const STYLE =
  'body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;margin:1rem 0}th,td{padding:.25rem .75rem;text-align:right;border-bottom:1px solid #8884}th:first-child,td:first-child{text-align:left}svg{max-width:100%;height:auto}.line{fill:none;stroke:#2a6fdb;stroke-width:2}.grid{stroke:#8884}text{fill:currentColor;font-size:12px}';
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [720, 280, 70, 40];

/** Writes a time in a suitable unit. */
function time(us: number): string {
  if (us < 1000) return `${us} µs`;
  return us < 1e6 ? `${(us / 1000).toPrecision(3)} ms` : `${(us / 1e6).toPrecision(3)} s`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): Markup {
  const cells = (name: string, all: readonly (string | number)[]) =>
    element('tr', {}, ...all.map((cell) => element(name, {}, String(cell))));
  return element('table', {}, cells('th', head), ...rows.map((row) => cells('td', row)));
}

const times = ({ count, p50, p90, p99, max }: Percentiles) => [
  count,
  time(p50),
  time(p90),
  time(p99),
  time(max),
];
const TIMES = ['count', 'p50', 'p90', 'p99', 'longest'];

/** Renders the page. `latencies` are the microseconds at the percentiles of {@link PLOTTED}. */
export function reportOf(
  metrics: FlowMetrics,
  leftover: readonly Leftover[],
  latencies: readonly number[],
  ended: Date,
): string {
  const { name, sinks, stages, latency } = metrics;
  const body = element(
    'body',
    {},
    element('h1', {}, `Flow ${name}`),
    element('p', {}, `Ended at ${ended.toISOString()} with the state ${metrics.state}.`),
    table(
      ['events', ''],
      (['in', 'delivered', 'dead', 'filtered', 'inFlight', 'dropped', 'redelivered'] as const).map((key) => [
        key,
        metrics[key],
      ]),
    ),
    element('h2', {}, 'Time from reading until the end'),
    table(TIMES, [times(latency)]),
    plot(latencies),
    element('h2', {}, 'Sinks'),
    table(
      ['sink', 'delivered', 'dead', 'dropped', 'written again', 'connected again', ...TIMES],
      Object.entries(sinks).map(([sink, counts]) => [
        ...[sink, counts.delivered, counts.dead, counts.dropped, counts.redelivered, counts.reconnects],
        ...times(counts.latency),
      ]),
    ),
    element('h2', {}, 'Stages, for each frame'),
    table(
      ['stage', ...TIMES],
      Object.entries(stages).map(([stage, taken]) => [stage, ...times(taken)]),
    ),
    element('h2', {}, 'Left over'),
    leftover.length === 0
      ? element('p', {}, 'Nothing.')
      : table(
          ['source', 'stream', 'first position', 'last position', 'events'],
          leftover.map(({ source, stream, first, last, rows }) => [
            source,
            `${stream}`,
            `${first}`,
            `${last}`,
            rows,
          ]),
        ),
  );
  const head = `<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><meta name="color-scheme" content="light dark">${element('title', {}, `Flow ${name}`).text}<style>${STYLE}</style>`;
  return `<!DOCTYPE html>\n<html lang="en"><head>${head}</head>\n${body.text}\n</html>\n`;
}

/** Draws the times by percentile, both on logarithmic scales: the distance to 100 % shrinks tenfold from mark to mark. */
function plot(latencies: readonly number[]): Markup {
  const most = Math.max(10, ...latencies);
  const x = (percentile: number): number =>
    LEFT + ((WIDTH - LEFT - 10) * Math.min(4, -Math.log10(Math.max(1e-4, 1 - percentile / 100)))) / 4;
  const y = (us: number): number => {
    const share = Math.log10(Math.max(1, us)) / Math.log10(most);
    return Math.round((HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 10) * share) * 10) / 10;
  };
  const points = PLOTTED.map(
    (percentile, index) => `${x(percentile).toFixed(1)},${y(latencies[index] ?? 0)}`,
  );
  const decades = Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, power) => 10 ** power);
  const rows = decades.flatMap((us) => [
    element('line', { class: 'grid', x1: LEFT, x2: WIDTH - 10, y1: y(us), y2: y(us) }),
    element('text', { x: LEFT - 8, y: y(us) + 4, 'text-anchor': 'end' }, time(us)),
  ]);
  const columns = [0, 90, 99, 99.9, 99.99].map((percentile) =>
    element('text', { x: x(percentile), y: HEIGHT - 15, 'text-anchor': 'middle' }, `${percentile} %`),
  );
  const label = 'Time from the reading of an event until its end, by percentile';
  return element(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, role: 'img', 'aria-label': label },
    ...rows,
    ...columns,
    element('polyline', { class: 'line', points: points.join(' ') }),
  );
}
