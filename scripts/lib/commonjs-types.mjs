/**
 * Types for CommonJS: a `.d.cts` file beside each entry point of the package.
 *
 * `require('tenon')` loads the same ES module as `import` does, on every Node.js that tenon runs on. TypeScript believes that
 * only with `module: node20` or later. With `node16` and `node18` it wants declarations that are CommonJS. These name the
 * declarations of the ES module one by one, so that a class has one type, however it was imported.
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { inRoot } from './paths.mjs';
import { runNode } from './run.mjs';
import { mustSucceed } from './steps.mjs';

/** The entry points that have types, as paths below dist without an ending. */
export const ENTRY_POINTS = ['index', 'check/index', 'examples/index'];

/** Prints the names of a module's values, with a mark for classes, which are types as well. */
const LIST = `
const module = await import(process.argv[1]);
const isClass = (value) => typeof value === 'function' && /^class\\b/.test(Function.prototype.toString.call(value));
console.log(JSON.stringify(Object.entries(module).map(([name, value]) => ({ name, isClass: isClass(value) }))));`;

/** @param {readonly {name: string, isClass: boolean}[]} values */
export function declarations(values) {
  const lines = values.flatMap(({ name, isClass }) => [
    `export declare const ${name}: typeof tenon.${name};`,
    ...(isClass ? [`export type ${name} = tenon.${name};`] : []),
  ]);
  return [
    `import type * as tenon from './index.js' with { 'resolution-mode': 'import' };`,
    `export type * from './index.js' with { 'resolution-mode': 'import' };`,
    ...lines,
    '',
  ].join('\n');
}

/** The list among what else Node.js may print, such as warnings. */
const valuesIn = (output) => JSON.parse(output.split('\n').find((line) => line.startsWith('[')));

/** Writes the declarations for all entry points, which are compiled already. */
export async function writeCommonJsTypes() {
  for (const entry of ENTRY_POINTS) {
    const url = pathToFileURL(inRoot('dist', `${entry}.js`)).href;
    const result = await runNode(['--input-type=module', '-e', LIST, url]);
    mustSucceed(result, `Importing ${url}`, 'commonjs-types');
    writeFileSync(inRoot('dist', `${entry}.d.cts`), declarations(valuesIn(result.output)));
  }
}
