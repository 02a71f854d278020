/** The resources of this process: descriptors, threads, processes and memory. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Returns the descendants of this process as `{ pid, parent, state, name }`. Defunct ones are among them. */
export function descendants() {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const found = /^\d+ \((.*)\) (\S) (\d+)/s.exec(read(`/proc/${pid}/stat`));
      return found === null
        ? []
        : [{ pid: Number(pid), name: found[1], state: found[2], parent: Number(found[3]) }];
    });
  const own = new Set([process.pid]);
  for (let before = 0; before !== own.size; ) {
    before = own.size;
    for (const { pid, parent } of all) if (own.has(parent)) own.add(pid);
  }
  return all.filter(({ pid }) => pid !== process.pid && own.has(pid));
}

/** Returns the open files by what they refer to, for the report of a leak. */
export function openFiles() {
  const count = new Map();
  for (const fd of readdirSync('/proc/self/fd')) {
    let target = 'closed meanwhile';
    try {
      target = readlinkSync(`/proc/self/fd/${fd}`).replace(/\d{3,}/g, 'N');
    } catch {}
    count.set(target, (count.get(target) ?? 0) + 1);
  }
  return count;
}

/** Returns what is held now. Memory is in MiB. */
export function held() {
  const status = read('/proc/self/status');
  const number = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  const { heapUsed, external } = process.memoryUsage();
  const processes = descendants();
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    threads: number('Threads'),
    processes: processes.length,
    defunct: processes.filter(({ state }) => state === 'Z').length,
    rss: Math.round(number('VmRSS') / 1024),
    heap: Math.round((heapUsed + external) / 2 ** 20),
  };
}
