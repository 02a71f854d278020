/**
 * Plots the latencies of each tier as an SVG: the quantile on the x axis, and the time on a logarithmic y
 * axis.
 */
import { PLOTTED } from './rounds.mjs';

/** The plotted lines: the row of the measurements, its label and its colour. */
const LINES = [
  { row: 'tenon typed record', label: 'inline, typed record', color: '#1f5fa8' },
  { row: 'tenon callSync', label: 'inline, callSync', color: '#5b9bd5' },
  { row: 'tenon, thread, callSync', label: 'thread, callSync', color: '#b15b16' },
  { row: 'tenon, thread, call', label: 'thread, call', color: '#e39b52' },
  { row: 'tenon, process, callSync (latency)', label: 'process, callSync', color: '#2e7d32' },
  { row: 'tenon, process, call', label: 'process, call', color: '#7cbf7f' },
  { row: 'worker_threads, postMessage', label: 'worker_threads', color: '#9e9e9e', dashed: true },
  { row: 'child_process.fork, IPC, json', label: 'child_process.fork', color: '#616161', dashed: true },
];
const WIDTH = 760;
const HEIGHT = 400;
const LEFT = 70;
const RIGHT = 190;
const TOP = 20;
const BOTTOM = 40;
/** The range of the y axis, in powers of ten of nanoseconds. */
const LOWEST = 1;
const HIGHEST = 8;

/** @param {number} index */
const x = (index) => LEFT + (index / (PLOTTED.length - 1)) * (WIDTH - LEFT - RIGHT);
/** @param {number} ns */
const y = (ns) => {
  const power = Math.min(HIGHEST, Math.max(LOWEST, Math.log10(ns)));
  return HEIGHT - BOTTOM - ((power - LOWEST) / (HIGHEST - LOWEST)) * (HEIGHT - TOP - BOTTOM);
};
/** @param {number} value */
const short = (value) => value.toFixed(1);

/** @param {number} power the power of ten of nanoseconds */
function timeLabel(power) {
  const units = ['ns', 'µs', 'ms', 's'];
  return `${10 ** (power % 3)} ${units[Math.floor(power / 3)]}`;
}

/**
 * @param {readonly {name: string, quantilesNs?: readonly number[]}[]} rows
 * @returns {string} the SVG
 */
export function latencyPlot(rows) {
  const lines = LINES.flatMap((line) => {
    const quantiles = rows.find(({ name }) => name === line.row)?.quantilesNs;
    return quantiles === undefined ? [] : [{ ...line, quantiles }];
  });
  const powers = Array.from({ length: HIGHEST - LOWEST + 1 }, (_, i) => LOWEST + i);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="12">`,
    '<title>Latency of a call of 64 bytes in each tier</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    ...powers.map(
      (power) =>
        `<path d="M${LEFT} ${short(y(10 ** power))}H${WIDTH - RIGHT}" stroke="#e0e0e0"/><text x="${LEFT - 8}" y="${short(y(10 ** power) + 4)}" text-anchor="end">${timeLabel(power)}</text>`,
    ),
    ...PLOTTED.map(
      (quantile, i) =>
        `<text x="${short(x(i))}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">p${quantile * 100}</text>`,
    ),
    ...lines.map(({ quantiles, color, dashed }) => {
      const points = quantiles.map((ns, i) => `${short(x(i))},${short(y(ns))}`).join(' ');
      return `<polyline points="${points}" fill="none" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ''}/>`;
    }),
    ...legend(lines),
    '</svg>',
    '',
  ].join('\n');
}

/** @param {readonly {label: string, color: string, dashed?: boolean}[]} lines */
function legend(lines) {
  return lines.map(({ label, color, dashed }, i) => {
    const at = TOP + 14 + i * 20;
    const from = WIDTH - RIGHT + 20;
    return `<path d="M${from} ${at}h24" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ''}/><text x="${from + 32}" y="${at + 4}">${label}</text>`;
  });
}
