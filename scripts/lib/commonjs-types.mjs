/**
 * Types for CommonJS: a `.d.cts` file next to each entry point of the package.
 *
 * `require('tenon')` loads the same ES module as `import` on every Node.js version that tenon supports. TypeScript
 * accepts that only with `module: node20` or later. With `node16` and `node18` it requires CommonJS declarations.
 * These refer to each declaration of the ES module, so a class has the same type no matter how it was imported.
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { inRoot } from './paths.mjs';
import { runNode } from './run.mjs';
import { mustSucceed } from './steps.mjs';

/** The entry points that have types, as paths below dist without an extension. */
export const ENTRY_POINTS = ['index', 'check/index', 'examples/index', 'flow/index'];

/** A program that prints the names of a module's values, and which of them are classes and so types as well. */
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

/** Returns the printed list. Node.js may have printed other lines too, such as warnings. */
const valuesIn = (output) => JSON.parse(output.split('\n').find((line) => line.startsWith('[')));

/** Writes the declarations of all entry points, which must be compiled already. */
export async function writeCommonJsTypes() {
  for (const entry of ENTRY_POINTS) {
    const url = pathToFileURL(inRoot('dist', `${entry}.js`)).href;
    const result = await runNode(['--input-type=module', '-e', LIST, url]);
    mustSucceed(result, `Importing ${url}`, 'commonjs-types');
    writeFileSync(inRoot('dist', `${entry}.d.cts`), declarations(valuesIn(result.output)));
  }
}
