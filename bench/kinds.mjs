/**
 * Measures a typed call with strings, an option, a list and a string against the same work through JSON, koffi, a
 * function of napi-rs and a WebAssembly component. `npm run bench` builds the last two; they are left out if they could
 * not be built. Run it alone with `node bench/kinds.mjs [BUILD_FOLDER [DIST_FOLDER]]`.
 */
import { deepStrictEqual } from 'node:assert';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { measure } from './rounds.mjs';
import { measureAsync } from './rounds-async.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const SUFFIX = { win32: '.dll', darwin: '.dylib' };
const INPUT = { text: 'a fox, another fox and yet one more fox', needle: 'fox', limit: 3 };
const AT_ONCE = 64;

export const KIND_YARDSTICK = {
  json: 'JSON through tenon callSync',
  koffi: 'koffi, two strings and a struct',
  napi: 'napi-rs, a function with the same types',
  jco: 'jco, a component with the same types',
  typed: 'tenon typed call with strings',
};
const MANY = 'tenon typed call with strings, many of 1 000';
const PROCESS = 'tenon, process, typed call with strings, 64 in flight';

/**
 * Measures all contenders.
 *
 * @param {{build?: string, dist?: string, rounds?: number, roundMs?: number}} [options]
 * @returns {Promise<import('./rounds.mjs').Row[]>}
 */
export async function kindRows({ build = join(root, 'build'), dist = join(root, 'dist'), ...options } = {}) {
  const tenon = await import(pathToFileURL(join(dist, 'index.js')).href);
  const file = join(build, 'bench', `find${SUFFIX[/** @type {'win32'} */ (process.platform)] ?? '.so'}`);
  const kind = kindOf(tenon);
  const host = new tenon.PluginHost({ paths: [] });
  const instance = await (await host.load(file)).new();
  const others = await builtContenders(join(build, 'bench'));
  const rows = measure(contenders(instance, kind, file, others), options);
  if (host.capabilities.isolation.includes('process')) {
    const remote = await (await host.load(file, { isolation: 'process' })).new();
    rows.push(...(await measureAsync([inFlight(remote.as(kind))], options)));
  }
  await host.close();
  return rows;
}

/** @param {any} tenon */
function kindOf({ defineKind, list, method, option }) {
  return defineKind({
    name: 'text',
    version: '1.1.0',
    methods: {
      find: method(
        { text: 'str', needle: 'str', limit: option('u32') },
        { total: 'u32', hits: list({ at: 'u32', line: 'u32' }), first: 'str' },
      ),
    },
  });
}

/**
 * Returns the functions of the contenders that were built.
 *
 * @param {string} folder
 * @returns {Promise<{name: string, find: (input: typeof INPUT) => any}[]>}
 */
async function builtContenders(folder) {
  const napi = join(folder, 'napi.node');
  const jco = join(folder, 'jco', 'find.js');
  const found = [];
  if (existsSync(napi)) found.push({ name: KIND_YARDSTICK.napi, find: require(napi).find });
  if (existsSync(jco))
    found.push({ name: KIND_YARDSTICK.jco, find: (await import(pathToFileURL(jco).href)).find });
  return found;
}

/**
 * @param {any} instance @param {any} kind @param {string} file
 * @param {Awaited<ReturnType<typeof builtContenders>>} others
 */
function contenders(instance, kind, file, others) {
  const { json, koffi, typed } = KIND_YARDSTICK;
  const { find } = instance.asSync(kind);
  const viaJson = () => JSON.parse(instance.callSync(Buffer.from(JSON.stringify(INPUT))).toString());
  const viaKoffi = koffiCall(file);
  const inputs = Array.from({ length: 1000 }, () => INPUT);
  const expected = find(INPUT);
  deepStrictEqual(viaJson(), expected);
  deepStrictEqual(viaKoffi(), expected);
  for (const other of others) deepStrictEqual(other.find(INPUT), expected);
  deepStrictEqual([...find.many(inputs)].at(-1), expected);
  return [
    { name: json, run: viaJson },
    { name: koffi, against: json, run: viaKoffi },
    { name: typed, against: json, run: () => find(INPUT) },
    { name: typed, against: koffi, run: () => find(INPUT) },
    ...others.flatMap((other) => [
      { name: other.name, against: json, run: () => other.find(INPUT) },
      { name: typed, against: other.name, run: () => find(INPUT) },
    ]),
    {
      name: MANY,
      against: typed,
      messages: 1000,
      run: () => {
        let total = 0;
        for (const one of find.many(inputs)) total += one.total;
        return total;
      },
    },
  ];
}

/** Returns a call of the exported C function with koffi. @param {string} file */
function koffiCall(file) {
  const koffi = require('koffi');
  const hit = koffi.struct({ at: 'uint32', line: 'uint32' });
  const found = koffi.struct({
    total: 'uint32',
    count: 'uint32',
    hits: koffi.array(hit, 3),
    first: koffi.array('char', 64),
  });
  const find = koffi
    .load(file)
    .func('bench_find', 'void', ['str', 'str', 'uint32', koffi.out(koffi.pointer(found))]);
  return () => {
    const result = /** @type {any} */ ({});
    find(INPUT.text, INPUT.needle, INPUT.limit, result);
    const { total, count, hits, first } = result;
    return { total, hits: hits.slice(0, count), first };
  };
}

/** @param {any} api */
function inFlight(api) {
  const run = () => Promise.all(Array.from({ length: AT_ONCE }, () => api.find(INPUT)));
  return { name: PROCESS, messages: AT_ONCE, run };
}

/**
 * Returns the figures with a limit, each with its measured value.
 *
 * @param {readonly import('./rounds.mjs').Row[]} rows
 */
export function kindFigures(rows) {
  const { json, koffi, napi, jco, typed } = KIND_YARDSTICK;
  const ratio = (/** @type {string} */ name, /** @type {string} */ against) =>
    rows.find((row) => row.name === name && row.against === against)?.ratio ?? Number.NaN;
  const inFlightNs = rows.find(({ name }) => name === PROCESS)?.medianNs ?? Number.NaN;
  return [
    {
      what: 'typed call with strings and a list, against JSON',
      found: ratio(typed, json),
      limit: 0.4,
      unit: '×',
    },
    {
      what: 'typed call with strings and a list, against koffi',
      found: ratio(typed, koffi),
      limit: 1,
      unit: '×',
    },
    ...[
      { what: 'a function of napi-rs', name: napi, limit: 0.6 },
      { what: 'a component translated by jco', name: jco, limit: 0.3 },
    ]
      .filter(({ name }) => rows.some((row) => row.name === name))
      .map(({ what, name, limit }) => ({
        what: `typed call with strings and a list, against ${what}`,
        found: ratio(typed, name),
        limit,
        unit: '×',
      })),
    {
      what: 'the same, many of 1 000, per record, against one',
      found: ratio(MANY, typed),
      limit: 0.5,
      unit: '×',
    },
    { what: 'the same in the process tier, 64 in flight', found: inFlightNs / 1000, limit: 2, unit: 'µs' },
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [build, dist] = process.argv.slice(2);
  const rows = await kindRows({
    ...(build && { build: resolve(build) }),
    ...(dist && { dist: resolve(dist) }),
  });
  for (const { name, medianNs, ratio, against } of rows)
    console.log(
      `${name.padEnd(56)} ${medianNs.toFixed(1).padStart(9)} ns  ${ratio === null ? '' : `${ratio.toFixed(3)} × ${against}`}`,
    );
  for (const { what, found, limit, unit } of kindFigures(rows))
    console.log(`${what}: ${found.toFixed(3)} ${unit}, limit ${limit}`);
}
