/** `tenon stats`: all statistics of running hosts. */
import { setTimeout as delay } from 'node:timers/promises';
import type { PluginStats } from '../../index.js';
import { type Command, Exit } from '../command.js';
import type { Output } from '../io.js';
import { type OptionTable, parse } from '../options.js';
import { bytes, count, duration, padded, printable, wrapped } from '../text.js';
import { durationOf } from '../values.js';
import { headingOf } from './heading.js';
import { type RunningHost, runningHosts } from './hosts.js';
import { STATE_DIR, stateDirOf } from './option.js';

const OPTIONS = {
  'state-dir': STATE_DIR,
  json: {
    about: 'print an array of {pid, program, since, state, problem, stats}; with --watch, one per line',
  },
  watch: { about: 'repeat until the command is ended' },
  interval: {
    value: 'TIME',
    about: 'the time between repetitions of --watch, such as 500ms; the default is 2s',
  },
} as const satisfies OptionTable;

export const stats: Command = {
  usage: ['[PLUGIN…] [OPTION…]'],
  about: [
    "Shows all statistics of the running hosts that have the option 'stateDir', for all their plugins or for the given ones. host.stats() returns the same.",
  ],
  options: OPTIONS,
  operands: 'none',
  exits: '1 the folder does not exist',
  prepare(args) {
    const { values, operands: names } = parse(OPTIONS, args);
    const folder = stateDirOf(values['state-dir']);
    const interval = durationOf('--interval', values.interval ?? '2s');
    const settings = { folder, names, json: values.json === true, interval };
    return { run: ({ out }) => (values.watch ? watch(settings, out) : once(settings, out)) };
  },
};

interface Settings {
  readonly folder: string;
  readonly names: readonly string[];
  readonly json: boolean;
  readonly interval: number;
}

async function once(settings: Settings, out: Output): Promise<number> {
  const hosts = await hostsOf(settings);
  out.write(settings.json ? `${JSON.stringify(hosts, null, 2)}\n` : textOf(hosts, settings.folder, out));
  return Exit.fine;
}

/** Repeats until a signal ends the process, or the reader of the output has gone. */
async function watch(settings: Settings, out: Output): Promise<number> {
  while (out.isOpen) {
    const hosts = await hostsOf(settings);
    const text = textOf(hosts, settings.folder, out);
    if (settings.json) out.line(JSON.stringify(hosts));
    else if (out.isScreen) out.write(onScreen(text));
    else out.write(`${new Date().toISOString()}\n${text}\n`);
    await delay(settings.interval);
  }
  return Exit.fine;
}

/** Returns the text that overwrites the previous one line by line, without flicker. */
function onScreen(text: string): string {
  return `\u001B[H${text.replaceAll('\n', '\u001B[K\n')}\u001B[J`;
}

async function hostsOf({ folder, names }: Settings): Promise<RunningHost[]> {
  const hosts = await runningHosts(folder);
  if (names.length === 0) return hosts;
  return hosts.map((host) => {
    const plugins = host.stats?.plugins.filter(({ name }) => names.includes(name)) ?? [];
    return host.stats === null ? host : { ...host, stats: { ...host.stats, plugins } };
  });
}

function textOf(hosts: readonly RunningHost[], folder: string, out: Output): string {
  if (hosts.length === 0) return `No host runs with the state folder ${printable(folder)}.\n`;
  const blocks = hosts.map((host) =>
    [headingOf(host, out), ...(host.stats?.plugins ?? []).flatMap((plugin) => pluginLines(plugin, out))].join(
      '\n',
    ),
  );
  return `${blocks.join('\n\n')}\n`;
}

const LABEL = 9;
const INDENT = 4 + LABEL + 2;

function pluginLines(plugin: PluginStats, out: Output): string[] {
  const { name, isolation, state, pid, generation } = plugin;
  const process = pid === null ? '' : `, pid ${pid}`;
  const start = generation === null ? '' : `, generation ${generation}`;
  const facts = factsOf(plugin).map(([label, text]) => {
    const lines = wrapped(text, out.proseWidth - INDENT, ' '.repeat(INDENT));
    return `    ${padded(label, LABEL)}  ${lines}`;
  });
  return [`  ${out.bold(printable(name))}  ${isolation}, ${state}${process}${start}`, ...facts];
}

function factsOf(plugin: PluginStats): (readonly [string, string])[] {
  const { instances, calls, failures, inFlight, bytesIn, bytesOut, messages, logs, restarts, rss } = plugin;
  return [
    ['calls', `${count(calls, 'call')}, ${failures} failed, ${inFlight} in flight`],
    ['latency', latencyText(plugin.latency)],
    ['bytes', `${bytes(bytesIn)} in, ${bytes(bytesOut)} out`],
    ['instances', String(instances)],
    ['events', `${count(messages, 'message')}, ${count(logs, 'log entry', 'log entries')}`],
    ['restarts', String(restarts)],
    ['memory', rss === null ? '-' : bytes(rss)],
  ];
}

function latencyText(latency: PluginStats['latency']): string {
  if (latency === null) return '-';
  const { samples, min, mean, max, p50, p90, p99, p999 } = latency;
  const all = { min, p50, p90, p99, 'p99.9': p999, max, mean };
  const parts = Object.entries(all).map(([name, ns]) => `${name} ${duration(ns / 1e6)}`);
  return `${parts.join(', ')} (${count(samples, 'call')} timed)`;
}
