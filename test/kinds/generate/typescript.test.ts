/** Generated modules compile in a strict project, and define every type once. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readDocument, toDocument } from '../../../src/kinds/document.js';
import { typescriptModule } from '../../../src/kinds/generate/typescript.js';
import type { KindModel } from '../../../src/kinds/model.js';
import { root, temporaryFolder } from '../../support/index.js';
import { fieldsOf } from '../random-records.js';
import { clashing, documented, least, many, sharing } from './nasty-kinds.js';

const documents = join(root, 'examples', 'kinds');
const examples = readdirSync(documents).map((file) =>
  readDocument(JSON.parse(readFileSync(join(documents, file), 'utf8'))),
);

/** Values of the types that the module of `sharing` exports. */
const USE = `
import type { FindMarks, FindMode, FindPlaces, FindPlacesInput, FindShapes, SharingApi } from './sharing.kind.js';

declare const api: SharingApi;
const place: FindPlacesInput = { at: 1, line: 'x' };
const { places, shapes, mode } = await api.find({
  places: [place], mode: 'plain', marks: ['bold'], shapes: [{ tag: 'none' }, { tag: 'dot', value: place }], grid: [[1]],
});
const found: FindPlaces | undefined = places[0];
const maybe: FindPlaces | undefined = (await api.best({ one: place })).maybe;
const modes: FindMode = mode;
const shape: FindShapes | undefined = shapes[0];
const marks: FindMarks = [];
if (shape?.tag === 'dot') console.log(shape.value.line, found?.at, maybe?.at, modes, marks);
// @ts-expect-error: there is no such mode
const wrong: FindMode = 'none';
console.log(wrong);
// @ts-expect-error: the method is absent in older plugins
api.each({ mode: 'plain' });
`;

test('all modules compile in a strict project', { timeout: 60_000 }, () => {
  const folder = temporaryFolder();
  const random = fc.sample(fieldsOf(3), { numRuns: 20, seed: 11 }).map((fields, i): KindModel => {
    const name = `random${i}`;
    const output = fields.map((field) => ({
      ...field,
      type: { form: 'list', element: field.type } as const,
    }));
    return {
      name,
      version: '1.0.0',
      methods: [{ name: 'm', form: 'record', input: fields, output }],
      events: [],
    };
  });
  for (const kind of [...examples, sharing, clashing, documented, many, least, ...random])
    writeFileSync(join(folder, `${kind.name}.kind.ts`), typescriptModule(kind));
  writeFileSync(join(folder, 'use.ts'), USE);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compilerOptions = {
    ...{ module: 'NodeNext', target: 'ES2022', lib: ['ES2023', 'ESNext.Disposable'], noEmit: true },
    ...{
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      isolatedModules: true,
    },
    ...{
      verbatimModuleSyntax: true,
      erasableSyntaxOnly: true,
      noUnusedLocals: true,
      noUnusedParameters: true,
    },
    ...{ skipLibCheck: true, types: ['node'], typeRoots: [join(root, 'node_modules', '@types')] },
    paths: { tenon: [join(root, 'dist', 'index.d.ts')] },
  };
  const config = join(folder, 'tsconfig.json');
  writeFileSync(config, JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

test('a type that several methods use is defined once, whether it has a name or not', () => {
  const source = typescriptModule(sharing);
  expect(source.match(/line: doc\('str', 'The whole line\.'\)/g)).toHaveLength(1);
  expect(source.match(/enumeration\(/g)).toHaveLength(1);
  expect(source.match(/flags\(\[/g)).toHaveLength(1);
  expect(source.match(/union\(/g)).toHaveLength(1);
  expect(source).toContain('export type FindPlaces = OutputOf<typeof findPlaces>;');
  expect(source).toContain('export type FindPlacesInput = InputOf<typeof findPlaces>;');
  // A definition and its document make the same module.
  expect(typescriptModule(readDocument(JSON.parse(JSON.stringify(toDocument(sharing)))))).toBe(source);
});
