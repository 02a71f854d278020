/** Shows a running flow: a table that is drawn again and again on a terminal, plain lines elsewhere. */
import { stripVTControlCharacters } from 'node:util';
import type { FlowMetrics, Leftover } from '../../flow/index.js';
import { type Column, fitted } from '../fitted.js';
import type { Output } from '../io.js';

/** A row of the table: a part of the flow. */
interface PartRow {
  readonly part: string;
  readonly state: string;
  readonly events: number;
  readonly rate: string;
  readonly waiting: string;
  readonly p50: number;
  readonly p99: number;
}

const time = (us: number): string =>
  us === 0 ? '-' : us < 10_000 ? `${us} us` : `${(us / 1000).toFixed(0)} ms`;

const COLUMNS: readonly Column<PartRow>[] = [
  { title: 'PART', cell: ({ part }) => part, shorten: 'end' },
  { title: 'STATE', cell: ({ state }) => state },
  { title: 'EVENTS', cell: ({ events }) => String(events), align: 'right' },
  { title: 'PER SECOND', cell: ({ rate }) => rate, align: 'right', spare: 1 },
  { title: 'WAITING', cell: ({ waiting }) => waiting, align: 'right', spare: 2 },
  { title: 'P50', cell: ({ p50 }) => time(p50), align: 'right', spare: 3 },
  { title: 'P99', cell: ({ p99 }) => time(p99), align: 'right', spare: 4 },
];

/** Shows the metrics of a flow from time to time. */
export class FlowProgress {
  readonly #out: Output;
  #before: { readonly at: number; readonly metrics: FlowMetrics } | undefined;
  #drawn = 0;
  #lastBlocker = '';

  constructor(out: Output) {
    this.#out = out;
  }

  /** Shows the present metrics. */
  show(metrics: FlowMetrics): void {
    const lines = this.#out.isScreen ? this.#table(metrics) : this.#plain(metrics);
    const up = this.#drawn > 0 ? `\u001B[${this.#drawn}A\u001B[J` : '';
    this.#out.write(up + lines.map((line) => `${line}\n`).join(''));
    this.#drawn = this.#out.isScreen ? lines.length : 0;
    this.#before = { at: performance.now(), metrics };
  }

  /** Shows the end of the flow. */
  end(metrics: FlowMetrics, leftover: readonly Leftover[]): void {
    if (this.#out.isScreen) this.show(metrics);
    const { name, delivered, dead, filtered, dropped, redelivered, latency } = metrics;
    this.#out.line(
      `${name}: ended. ${delivered} delivered, ${dead} dead letters, ${filtered} filtered, ${dropped} dropped, ${redelivered} written again; p50 ${time(latency.p50)}, p99 ${time(latency.p99)}`,
    );
    for (const { source, stream, first, last, rows } of leftover)
      this.#out.line(
        `${name}: left over: ${rows} events of ${source}, stream ${stream}, positions ${first} to ${last}`,
      );
  }

  #plain(metrics: FlowMetrics): string[] {
    const { name, state, delivered, inFlight } = metrics;
    const blocker = blockerText(metrics);
    const told = blocker === '' || blocker === this.#lastBlocker ? [] : [`${name}: waits for ${blocker}`];
    this.#lastBlocker = blocker;
    const rate = this.#rate(metrics, (one) => one.delivered);
    return [`${name}: ${state}, ${delivered} delivered (${rate}/s), ${inFlight} in flight`, ...told];
  }

  #table(metrics: FlowMetrics): string[] {
    const { source, sinks, stages, inFlight, latency } = metrics;
    const rows: PartRow[] = [
      {
        ...{ part: source.name, state: source.state, events: source.rows, waiting: '' },
        rate: this.#rate(metrics, (one) => one.source.rows),
        ...{ p50: 0, p99: 0 },
      },
      ...Object.entries(stages).map(([part, { count, p50, p99 }]) => ({
        ...{ part, state: 'frames', events: count, rate: '', waiting: '', p50, p99 },
      })),
      ...Object.entries(sinks).map(
        ([
          part,
          {
            circuit,
            delivered,
            waiting,
            latency: { p50, p99 },
          },
        ]) => ({
          ...{ part, state: circuit, events: delivered, waiting: String(waiting), p50, p99 },
          rate: this.#rate(metrics, (one) => one.sinks[part]?.delivered ?? 0),
        }),
      ),
      {
        ...{ part: metrics.name, state: metrics.state, events: metrics.delivered, waiting: String(inFlight) },
        rate: this.#rate(metrics, (one) => one.delivered),
        ...{ p50: latency.p50, p99: latency.p99 },
      },
    ];
    const blocker = blockerText(metrics);
    const note = blocker === '' ? [] : [this.#out.yellow(`  waits for ${blocker}`)];
    return [...fitted(COLUMNS, rows, this.#out.columns), ...note].map((line) => this.#short(line));
  }

  /** A line that the terminal would wrap must not be drawn, because the cursor then moves up too little. */
  #short(line: string): string {
    const plain = stripVTControlCharacters(line);
    return plain.length < this.#out.columns ? line : plain.slice(0, this.#out.columns - 1);
  }

  #rate(metrics: FlowMetrics, of: (metrics: FlowMetrics) => number): string {
    if (this.#before === undefined) return '-';
    const seconds = (performance.now() - this.#before.at) / 1000;
    return ((of(metrics) - of(this.#before.metrics)) / seconds).toFixed(0);
  }
}

function blockerText({ blockedOn }: FlowMetrics): string {
  if (blockedOn === null) return '';
  const { name, why, stream, position, error } = blockedOn;
  const said = error === undefined ? '' : `: ${error.message}`;
  if (why === 'row')
    return `${name}, which never accepts the event at position ${position} of stream ${stream}${said}`;
  return `${name} (${why})${said}`;
}
