/** `tenon ps`: the running hosts and their plugins. */
import type { PluginStats } from '../../index.js';
import { type Command, Exit } from '../command.js';
import { type Column, fitted } from '../fitted.js';
import type { Output } from '../io.js';
import { type OptionTable, parse } from '../options.js';
import { bytes, duration, printable } from '../text.js';
import { UsageError } from '../usage.js';
import { headingOf } from './heading.js';
import { type RunningHost, runningHosts } from './hosts.js';
import { STATE_DIR, stateDirOf } from './option.js';

const OPTIONS = {
  'state-dir': STATE_DIR,
  json: { about: 'print an array of {pid, program, since, state, problem, stats}' },
} as const satisfies OptionTable;

export const ps: Command = {
  usage: ['[OPTION…]'],
  about: [
    "Lists the running hosts that have the option 'stateDir', and the plugins of each: tier, state, process, instances, calls, failures, the median and the 99th percentile of the call times, and the memory of the process.",
    "A host that does not answer within a second is shown as 'busy', because its event loop is blocked.",
  ],
  options: OPTIONS,
  operands: 'none',
  exits: '1 the folder does not exist',
  prepare(args) {
    const { values, operands } = parse(OPTIONS, args);
    if (operands.length > 0) throw new UsageError(`ps takes no arguments, but '${operands[0]}' was given.`);
    const folder = stateDirOf(values['state-dir']);
    return {
      async run({ out }) {
        const hosts = await runningHosts(folder);
        if (values.json) out.line(JSON.stringify(hosts, null, 2));
        else show(hosts, folder, out);
        return Exit.fine;
      },
    };
  },
};

const nanoseconds = (ns: number | undefined) => (ns === undefined ? '-' : duration(ns / 1e6));

const COLUMNS: readonly Column<PluginStats>[] = [
  { title: 'PLUGIN', cell: ({ name }) => name, shorten: 'end' },
  { title: 'TIER', cell: ({ isolation }) => isolation },
  { title: 'STATE', cell: ({ state }) => state },
  { title: 'PID', cell: ({ pid }) => String(pid ?? '-'), align: 'right', spare: 2 },
  { title: 'GEN', cell: ({ generation }) => String(generation ?? '-'), align: 'right', spare: 4 },
  { title: 'INST', cell: ({ instances }) => String(instances), align: 'right', spare: 3 },
  { title: 'CALLS', cell: ({ calls }) => String(calls), align: 'right' },
  { title: 'FAILED', cell: ({ failures }) => String(failures), align: 'right' },
  { title: 'P50', cell: ({ latency }) => nanoseconds(latency?.p50), align: 'right' },
  { title: 'P99', cell: ({ latency }) => nanoseconds(latency?.p99), align: 'right' },
  { title: 'RSS', cell: ({ rss }) => (rss === null ? '-' : bytes(rss)), align: 'right', spare: 1 },
];

function show(hosts: readonly RunningHost[], folder: string, out: Output): void {
  if (hosts.length === 0) out.line(`No host runs with the state folder ${printable(folder)}.`);
  for (const [i, host] of hosts.entries()) {
    if (i > 0) out.line();
    out.line(headingOf(host, out));
    const plugins = host.stats?.plugins ?? [];
    if (plugins.length > 0) for (const line of fitted(COLUMNS, plugins, out.columns)) out.line(line);
    else if (host.stats !== null) out.line('  no plugins');
  }
}
