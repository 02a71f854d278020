/** Renders measures as plots: SVG that loads nothing. */
import { bytes, digits } from '../../base/text.js';
import type { Measure } from '../verdict.js';
import { quantity } from './measure-text.js';
import { element, type Markup } from './xml.js';

type Histogram = Extract<Measure, { type: 'histogram' }>;
type Series = Extract<Measure, { type: 'series' }>;
type Scale = (value: number) => number;

const WIDTH = 480;
const HEIGHT = 170;
const EDGE = { left: 62, right: 16, top: 12, bottom: 34 } as const;
const RIGHT = WIDTH - EDGE.right;
const BASE = HEIGHT - EDGE.bottom;
/** The most points that are drawn. More would not be visible. */
const MAX_POINTS = 400;

/** Returns the plot of a measure, or null if the measure is a single number. */
export function plot(measure: Measure): Markup | null {
  if (measure.type === 'histogram') return histogram(measure);
  return measure.type === 'series' && measure.points.length > 1 ? series(measure) : null;
}

/** Draws bars of equal width, although the buckets double. */
function histogram({ name, unit, buckets, median, p99 }: Histogram): Markup {
  const most = Math.max(1, ...buckets.map(({ count }) => count));
  const step = (RIGHT - EDGE.left) / Math.max(1, buckets.length);
  const y = linear(0, most, BASE, EDGE.top);
  const bars = buckets.map(({ count, upTo }, i) => {
    const box = {
      x: at(EDGE.left + i * step + 1),
      y: at(y(count)),
      width: at(Math.max(1, step - 2)),
      height: at(BASE - y(count)),
    };
    return element(
      'rect',
      { class: 'bar', ...box },
      element('title', {}, `${count} below ${quantity(upTo, unit)}`),
    );
  });
  const labels = buckets.flatMap(({ upTo }, i) =>
    i % Math.ceil(buckets.length / 6) === 0
      ? [label(EDGE.left + (i + 1) * step, BASE + 16, quantity(upTo, unit), 'middle')]
      : [],
  );
  const first = buckets[0]?.upTo ?? 1;
  const x = (value: number) =>
    EDGE.left + step * Math.min(buckets.length, Math.max(0, Math.log2(value / first) + 1));
  const marks = [
    [median, 'median'],
    [p99, '99 %'],
  ] as const;
  return svg(name, [
    ...bars,
    ...axes(),
    ...labels,
    label(EDGE.left - 8, y(most) + 4, digits(most), 'end'),
    label(EDGE.left - 8, BASE, '0', 'end'),
    ...marks.map(([value, text]) =>
      line('mark', [x(value), EDGE.top], [x(value), BASE], `${text} ${quantity(value, unit)}`),
    ),
  ]);
}

/** Draws the points and the line through them. */
function series({ name, over, points, slope }: Series): Markup {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [minX, maxX, minY, maxY] = [least(xs), most(xs), least(ys), most(ys)];
  const x = linear(minX, maxX, EDGE.left, RIGHT);
  const y = linear(minY, maxY, BASE, EDGE.top);
  const every = Math.ceil(points.length / MAX_POINTS);
  const shown = points.filter((_, i) => i % every === 0);
  const dots = shown.map(([px, py]) =>
    element('circle', { class: 'point', cx: at(x(px)), cy: at(y(py)), r: 2 }),
  );
  const [middleX, middleY] = [mean(xs), mean(ys)];
  const trend = (px: number): [number, number] => [x(px), clamp(y(middleY + slope * (px - middleX)))];
  return svg(name, [
    ...axes(),
    ...dots,
    line('fit', trend(minX), trend(maxX), `${digits(slope)} bytes per ${over.replace(/s$/, '')}`),
    label(EDGE.left - 8, EDGE.top + 4, bytes(maxY), 'end'),
    label(EDGE.left - 8, BASE, bytes(minY), 'end'),
    label(EDGE.left, BASE + 16, digits(minX), 'start'),
    label(RIGHT, BASE + 16, `${digits(maxX)} ${over}`, 'end'),
  ]);
}

function svg(name: string, content: readonly Markup[]): Markup {
  const attributes = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': name };
  return element('svg', attributes, ...content);
}

function axes(): Markup[] {
  return [
    line('axis', [EDGE.left, EDGE.top], [EDGE.left, BASE]),
    line('axis', [EDGE.left, BASE], [RIGHT, BASE]),
  ];
}

function line(kind: string, [x1, y1]: readonly number[], [x2, y2]: readonly number[], title = ''): Markup {
  const ends = { x1: at(x1), y1: at(y1), x2: at(x2), y2: at(y2) };
  return element('line', { class: kind, ...ends }, ...(title === '' ? [] : [element('title', {}, title)]));
}

function label(x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end'): Markup {
  return element('text', { x: at(x), y: at(y), 'text-anchor': anchor }, text);
}

/** Returns a linear scale. A range of one value is drawn in the middle. */
function linear(from: number, to: number, start: number, end: number): Scale {
  return (value) =>
    to === from ? (start + end) / 2 : start + ((value - from) / (to - from)) * (end - start);
}

const at = (n = 0) => Math.round(n * 10) / 10;
const clamp = (y: number) => Math.min(BASE, Math.max(EDGE.top, y));
const least = (values: readonly number[]) =>
  values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
