/** The input of the benchmarks of flows. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** The bytes of a piece that a source gives to the stage `lines`. */
export const PIECE = 256 * 1024;

/** Writes JSON lines as a service logs them. Returns the path. @param {string} folder @param {number} count */
export function jsonLines(folder, count) {
  const path = join(folder, `events-${count}.json`);
  const file = openSync(path, 'w');
  for (let from = 0; from < count; from += 10_000) {
    let text = '';
    for (let i = from; i < Math.min(count, from + 10_000); i++)
      text += `{"time":"2026-01-01T00:00:00.${String(i % 1000).padStart(3, '0')}Z","level":"info","id":${i},"message":"request ${i} was served","path":"/a/b/${i % 97}","ms":${i % 251}}\n`;
    writeSync(file, text);
  }
  closeSync(file);
  return path;
}
