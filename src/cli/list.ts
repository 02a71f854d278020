/** `tenon list`: the plugins that a host would find, and the reasons for which it would refuse others. */
import { hasNoEntryPoint } from '../check/index.js';
import {
  type Discovery,
  type Isolation,
  inspectFileSync,
  type Manifest,
  PluginHost,
  type TenonError,
} from '../index.js';
import { type Command, Exit } from './command.js';
import { showErrors } from './errors.js';
import { type Column, fitted } from './fitted.js';
import type { Io, Output } from './io.js';
import { type OptionTable, parse } from './options.js';
import { count, printable } from './text.js';
import { ISOLATION, tierFor } from './tier.js';
import { UsageError } from './usage.js';
import { depthOf } from './values.js';

const OPTIONS = {
  depth: { value: 'N', about: 'look N levels below each folder too (0 to 16, default 0)' },
  isolation: ISOLATION,
  json: { about: 'print {plugins, refused, shadowed, notPlugins}' },
} as const satisfies OptionTable;

export const list: Command = {
  usage: ['[FOLDER…] [OPTION…]'],
  about: [
    'Searches the folders, then those of the environment variable TENON_PATH, and admits or refuses every library in them like a host. Shows the admitted plugins, and the refused files with the reasons. A library without any entry point of a plugin is not refused, because a plugin may need it.',
  ],
  options: OPTIONS,
  operands: 'folders',
  exits: '1 a file or folder was refused',
  prepare(args) {
    const { values, operands } = parse(OPTIONS, args);
    const depth = depthOf(values.depth);
    if (operands.includes('')) throw new UsageError('the name of a folder must not be empty.');
    if (operands.length === 0 && !process.env.TENON_PATH)
      throw new UsageError('a folder is missing. Give one, or set TENON_PATH.');
    const { isolation, contained } = tierFor(values.isolation);
    const settings = { paths: operands, depth, isolation, json: values.json === true };
    return { contained, run: (io) => run(settings, io) };
  },
};

interface Settings {
  readonly paths: readonly string[];
  readonly depth: number;
  readonly isolation: Isolation;
  readonly json: boolean;
}

/** A discovery in which libraries that are not plugins are separate from the refused ones. */
interface Listing extends Omit<Discovery, 'plugins'> {
  readonly plugins: readonly (Manifest & { readonly isolation: Isolation })[];
  /** The paths of libraries without any entry point. */
  readonly notPlugins: readonly string[];
}

async function run({ paths, depth, isolation, json }: Settings, io: Io): Promise<number> {
  const host = new PluginHost({ paths, depth });
  try {
    const listing = listingOf(await host.discover({ isolation }));
    if (json) io.out.line(JSON.stringify(listing, null, 2));
    else show(listing, io.out);
    return listing.refused.length > 0 ? Exit.refused : Exit.fine;
  } finally {
    await host.close();
  }
}

function listingOf({ plugins, refused, shadowed }: Discovery): Listing {
  const helpers = new Set(refused.filter(isHelper));
  return {
    plugins: plugins.map(({ manifest, isolation }) => ({ ...manifest, isolation })),
    refused: refused.filter((error) => !helpers.has(error)),
    shadowed,
    notPlugins: [...helpers].map(({ path = '' }) => path),
  };
}

/** Returns whether the refused file is a valid library that is not meant to be a plugin. */
function isHelper({ code, path }: TenonError): boolean {
  if (code !== 'ERR_TENON_MISSING_SYMBOL' || path === undefined) return false;
  try {
    return hasNoEntryPoint(inspectFileSync(path));
  } catch {
    return false;
  }
}

const COLUMNS: readonly Column<Listing['plugins'][number]>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'VERSION', cell: ({ version }) => version ?? '-' },
  { title: 'ABI', cell: ({ abi }) => abi, spare: 2 },
  { title: 'LANGUAGE', cell: ({ language }) => language ?? '-', spare: 3 },
  {
    title: 'KINDS',
    cell: ({ kinds }) =>
      Object.entries(kinds)
        .map(([kind, version]) => `${kind} ${version}`)
        .join(', ') || '-',
    shorten: 'end',
    spare: 1,
  },
  { title: 'DIGEST', cell: ({ digest }) => digest.slice(0, 12), spare: 4 },
  {
    title: 'MS',
    cell: ({ gates }) => gates.reduce((sum, gate) => sum + gate.ms, 0).toFixed(1),
    align: 'right',
    spare: 5,
  },
  { title: 'PATH', cell: ({ path }) => path, shorten: 'start' },
];

function show({ plugins, refused, shadowed, notPlugins }: Listing, out: Output): void {
  out.line(out.bold(count(plugins.length, 'plugin')));
  if (plugins.length > 0) for (const line of fitted(COLUMNS, plugins, out.columns)) out.line(line);
  showErrors(out, 'refused', refused);
  showErrors(out, 'passed over', shadowed);
  if (notPlugins.length === 0) return;
  out.line();
  out.line(out.bold(`${notPlugins.length} not ${notPlugins.length === 1 ? 'a plugin' : 'plugins'}`));
  for (const path of notPlugins) out.line(`  ${printable(path)}`);
}
