/** `tenon list`: which plugins a host would find, and why not the others. */
import { type Discovery, type Isolation, type Plugin, PluginHost, type TenonError } from '../index.js';
import { type Command, Exit, isolationOf, parse, UsageError } from './command.js';
import type { Io } from './io.js';
import { count, paragraph, printable, table } from './text.js';

const HELP = `Usage: tenon list [FOLDER…] [--depth N] [--isolation TIER] [--json]

Searches the folders, then those of the environment variable TENON_PATH, and tries every library in
them as a host would: what is admitted, and what is refused and why.

  --depth N       look N levels below each folder too (0 to 16, default 0)
  --isolation T   start each plugin where it would run: 'inline' (the default), 'thread', 'process'
  --json          print {plugins, rejected, shadowed}
  --help          print this text

Exit code: 0 fine, 1 a file or folder was refused, 2 wrong usage, 4 a fault of tenon itself.
`;

export const list: Command = {
  summary: 'show the plugins in folders, and why others are refused',
  help: HELP,
  loadsPlugins: true,
  prepare(args) {
    const text = { type: 'string' } as const;
    const options = { json: { type: 'boolean' }, depth: text, isolation: text } as const;
    const { values, positionals } = parse({ args: [...args], options, allowPositionals: true });
    const depth = depthOf(values.depth);
    if (positionals.includes('')) throw new UsageError('a folder must not be empty');
    if (positionals.length === 0 && !process.env.TENON_PATH) {
      throw new UsageError('name a folder, or set TENON_PATH');
    }
    const isolation = isolationOf(values.isolation);
    return (io) => run({ paths: positionals, depth, isolation, json: values.json === true }, io);
  },
};

function depthOf(text = '0'): number {
  if (/^\d{1,2}$/.test(text) && Number(text) <= 16) return Number(text);
  throw new UsageError(`--depth must be an integer from 0 to 16, not '${text}'`);
}

interface Settings {
  readonly paths: readonly string[];
  readonly depth: number;
  readonly isolation: Isolation;
  readonly json: boolean;
}

async function run({ paths, depth, isolation, json }: Settings, io: Io): Promise<number> {
  const host = new PluginHost({ paths, depth });
  try {
    const found = await host.discover({ isolation });
    if (json) io.out.line(JSON.stringify(jsonOf(found), null, 2));
    else show(found, io);
    return found.refused.length > 0 ? Exit.refused : Exit.fine;
  } finally {
    await host.close();
  }
}

function jsonOf({ plugins, refused, shadowed }: Discovery): unknown {
  return {
    plugins: plugins.map(({ manifest, isolation, state }) => ({ ...manifest, isolation, state })),
    refused,
    shadowed,
  };
}

const HEADINGS = ['NAME', 'VERSION', 'ABI', 'LANGUAGE', 'KINDS', 'TIER', 'STATE', 'DIGEST', 'MS', 'PATH'];

function show({ plugins, refused, shadowed }: Discovery, { out }: Io): void {
  out.line(out.bold(`${count(plugins.length, 'plugin')}`));
  if (plugins.length > 0) {
    for (const line of table([HEADINGS, ...plugins.map((plugin) => row(plugin))], '  ')) out.line(line);
  }
  showErrors('refused', refused);
  showErrors('passed over', shadowed);

  function showErrors(title: string, errors: readonly TenonError[]): void {
    if (errors.length === 0) return;
    out.line();
    out.line(out.bold(`${errors.length} ${title}`));
    for (const error of errors) {
      out.line(`  ${printable(error.path ?? '')}`);
      out.line(`    ${out.red(error.code)}${error.gate === undefined ? '' : ` at ${error.gate}`}`);
      out.line(paragraph(error.message, '      '));
    }
  }
}

function row({ manifest, isolation, state }: Plugin): string[] {
  const kinds = Object.entries(manifest.kinds).map(([kind, version]) => `${kind} ${version}`);
  const ms = manifest.gates.reduce((sum, gate) => sum + gate.ms, 0);
  const { name, version, abi, language, digest, path } = manifest;
  return [
    name,
    version ?? '-',
    abi,
    language ?? '-',
    kinds.join(', ') || '-',
    isolation,
    state,
    digest.slice(0, 12),
    ms.toFixed(1),
    path,
  ];
}
