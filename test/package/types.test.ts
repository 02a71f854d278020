/** The published types, compiled in each module mode of a project. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as suite from '../../src/check/index.js';
import * as tenon from '../../src/index.js';
import { root } from '../support/index.js';
import { packBuilt, projectWith } from './support.js';

const { archive } = packBuilt('types');

const USE = `
const options: HostOptions = { paths: [] };
export const host: PluginHost = new PluginHost(options);
export const isOurs = (error: unknown): error is TenonError => error instanceof TenonError;
export const math = defineKind({
  name: 'math',
  version: '1.0.0',
  methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
});
export async function use(): Promise<Verdict> {
  const instance = await (await host.load('math')).new();
  const result: number = (await instance.as(math).min({ a: 1, b: 2 })).result;
  // @ts-expect-error It is a number.
  const text: string = (await instance.as(math).min({ a: 1, b: 2 })).result;
  return check([String(result), text]);
}
export class Sub extends PluginHost {}
export const batch: Batch = Batch.fromLines('one');
`;
const IMPORTS = `
import { Batch, defineKind, type HostOptions, method, PluginHost, TenonError } from 'tenon';
import { check, type Verdict } from 'tenon/check';
`;

const SOURCES = {
  'import.mts': IMPORTS + USE,
  'import.cts': IMPORTS + USE,
  'require.cts': `
import tenon = require('tenon');
import suite = require('tenon/check');
export const host: tenon.PluginHost = new tenon.PluginHost();
export const error: tenon.TenonError | undefined = undefined;
export const options: tenon.HostOptions = {};
export const verdict: Promise<suite.Verdict> = suite.check(['x.so']);
`,
  // A class has the same type in both module systems.
  'both.mts': `
import { PluginHost } from 'tenon';
import { host } from './require.cjs';
export const same: PluginHost = host;
`,
  // Both module systems have the same values with the same types.
  'values.cts': `
import tenon = require('tenon');
import type * as esm from 'tenon' with { 'resolution-mode': 'import' };
import suite = require('tenon/check');
import type * as esmSuite from 'tenon/check' with { 'resolution-mode': 'import' };
export const values: typeof esm = tenon;
export const suiteValues: typeof esmSuite = suite;
`,
};

test.each(['node16', 'node18', 'node20', 'nodenext'])(
  'a strict project without skipLibCheck compiles with module: %s',
  { timeout: 120_000 },
  (module) => {
    const folder = projectWith(archive);
    for (const [name, text] of Object.entries(SOURCES)) writeFileSync(join(folder, name), text);
    const flags = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023,esnext.disposable'];
    const args = [...flags, '--types', 'node', '--skipLibCheck', 'false', '--module', module];
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { status, stdout } = spawnSync(process.execPath, [compiler, ...args, ...Object.keys(SOURCES)], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  },
);

test.each([
  ['index', tenon],
  ['check/index', suite],
])('the CommonJS declarations of %s have every exported value', (entry, module) => {
  const text = readFileSync(join(root, 'dist', `${entry}.d.cts`), 'utf8');
  const declared = [...text.matchAll(/^export declare const (\w+):/gm)].map(([, name]) => name);
  expect(declared.sort()).toEqual(Object.keys(module).sort());
});
