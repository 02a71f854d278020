/** Renders measures as text. */
import { bytes, digits, duration } from '../../base/text.js';
import type { Measure } from '../verdict.js';

/** Returns `time of a call: median 1.2 µs, 99 % within 3 µs, at most 10 µs`. */
export function measureText(measure: Measure): string {
  const { name } = measure;
  switch (measure.type) {
    case 'histogram': {
      const [median, p99, max] = [measure.median, measure.p99, measure.max].map((n) =>
        quantity(n, measure.unit),
      );
      return `${name}: median ${median}, 99 % within ${p99}, at most ${max}`;
    }
    case 'series': {
      const { slope, low, high, over } = measure;
      const sure = low === high ? '' : `, with 95 % confidence between ${digits(low)} and ${digits(high)}`;
      return `${name}: ${digits(slope)} bytes per ${over.replace(/s$/, '')}${sure}`;
    }
    case 'value':
      return `${name}: ${quantity(measure.value, measure.unit)}`;
  }
}

/** Returns a number with its unit. */
export function quantity(n: number, unit: 'ns' | 'ms' | 'bytes' | 'count'): string {
  if (unit === 'count') return digits(n);
  return unit === 'bytes' ? bytes(n) : duration(unit === 'ns' ? n / 1e6 : n);
}
