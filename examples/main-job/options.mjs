/** The command line of the main job. */
import { opendirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

export const USAGE = `Usage: npm start [-- [FOLDER] [options]]

Processes every text file below FOLDER (default: node_modules) with six native plugins and verifies their
results: wordcount (C), gzip (C, with the zlib of the system), grep (Rust), and text, text-cpp and text-rs,
which have the same typed methods in C, C++ and Rust. In the end, up to 8 MB of the files pass through a flow of
connectors, whose times are printed.

Options:
  --pattern REGEX  the pattern of grep, in the syntax of Rust's regex crate (default: TODO|FIXME|XXX)
  --plugins DIR    the folder with the plugins (default: build/plugins)
  --isolation T    where the plugins run: inline (the default), thread or process
  --no-install     do not install missing system packages (compilers and others); only name them
  -h, --help       print this help

Exit codes:
  0  all results are correct
  1  a result is wrong, or a plugin is missing or failed
  2  the command line is invalid`;

/** An error in the command line. */
export class UsageError extends Error {}

const WHY_NOT = { ENOENT: 'does not exist', ENOTDIR: 'is not a folder' };

function folderFrom(value, argument, base) {
  const folder = resolve(base, value);
  try {
    opendirSync(folder).closeSync();
  } catch ({ code }) {
    const why = WHY_NOT[code] ?? `cannot be read (${code})`;
    throw new UsageError(`${argument} ${why}: ${folder}`);
  }
  return folder;
}

function parse(args) {
  const options = {
    pattern: { type: 'string' },
    plugins: { type: 'string' },
    isolation: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  };
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/**
 * Parses the command line. Does not check that the folder `plugins` exists, because it may not be built yet.
 *
 * @param {readonly string[]} args
 * @param {string} base the folder that relative paths start from. npm sets INIT_CWD to the folder it was
 * called in.
 * @throws {UsageError}
 */
export function readOptions(args, base = process.env.INIT_CWD ?? process.cwd()) {
  const { values, positionals } = parse(args);
  if (values.help) return { help: true };
  if (positionals.length > 1)
    throw new UsageError(`One FOLDER is expected, not ${positionals.length}: ${positionals.join(' ')}`);
  const [given] = positionals;
  const { isolation = 'inline' } = values;
  if (!['inline', 'thread', 'process'].includes(isolation))
    throw new UsageError(`--isolation must be inline, thread or process, not ${isolation}`);
  return {
    help: false,
    folder: given === undefined ? resolve(root, 'node_modules') : folderFrom(given, 'FOLDER', base),
    isolation,
    pattern: values.pattern ?? 'TODO|FIXME|XXX',
    plugins: values.plugins === undefined ? resolve(root, 'build', 'plugins') : resolve(base, values.plugins),
  };
}
