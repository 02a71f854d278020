/** The TypeScript module and the Markdown page that are generated from a kind. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as tenon from '../../src/index.js';
import { readDocument, toDocument } from '../../src/kinds/document.js';
import { markdownPage } from '../../src/kinds/generate/markdown.js';
import { typescriptModule } from '../../src/kinds/generate/typescript.js';
import type { KindModel, TypeModel } from '../../src/kinds/model.js';
import { root } from '../support/index.js';
import { sharing } from './generate/nasty-kinds.js';
import { fieldsOf } from './random-records.js';

const read = (name: string): KindModel =>
  readDocument(JSON.parse(readFileSync(join(root, 'examples', 'kinds', `${name}.kind.json`), 'utf8')));

/** Evaluates a generated module. Returns the document of the kind that it defines. */
function evaluated(source: string): unknown {
  const [, imported = '', rest = ''] =
    /^\/\/.*\nimport \{([^}]*)\} from 'tenon';\n([\s\S]*)$/.exec(source) ?? [];
  const functions = imported.split(',').filter((one) => one.trim() !== '' && !one.includes('type '));
  const body = rest.replaceAll(/^export type .*$/gm, '').replace(/^export const (\w+) =/m, 'const kind_ = ');
  const define = new Function('tenon', `const { ${functions} } = tenon;\n${body}\nreturn kind_;`) as (
    from: typeof tenon,
  ) => { toJSON(): unknown };
  return define(tenon).toJSON();
}

test.each(['math', 'codec', 'text'])('the module of %s defines the same kind', (name) => {
  const kind = read(name);
  const source = typescriptModule(kind);
  expect(evaluated(source)).toEqual(toDocument(kind));
  expect(source.split('\n').every((line) => line.length <= 120 || line.includes("'"))).toBe(true);
});

const docs = fc.option(fc.constantFrom('plain', "it's */ `x` \\ \u2028 <b> | end", '$1'), {
  nil: undefined,
});
const kinds = fc
  .record({ input: fieldsOf(3), output: fieldsOf(2), item: fieldsOf(2, 1), doc: docs, other: docs })
  .map(({ input, output, item, doc, other }): KindModel => {
    const about = doc === undefined ? {} : { doc };
    const first = (all: typeof input) =>
      all.map((field, i) => (i === 0 && other !== undefined ? { ...field, doc: other } : field));
    return {
      name: 'new',
      ...about,
      version: '1.2.0',
      methods: [
        { name: 'delete', ...about, form: 'record', input: first(input), output },
        { name: 'raw', form: 'bytes' },
        { name: 'rows', ...about, since: '1.1.0', form: 'cursor', input, item: first(item) },
      ],
      events: [{ name: 'moved', ...about, fields: first(input) }],
    };
  });

test('the modules of random kinds define the same kinds', () => {
  fc.assert(
    fc.property(kinds, (kind) => {
      expect(evaluated(typescriptModule(kind))).toEqual(toDocument(kind));
    }),
    { numRuns: 200 },
  );
});

test('the page of a kind has its methods, fields and named types', () => {
  const page = markdownPage(read('text'));
  expect(page).toContain('# The kind text\n');
  expect(page).toContain('### find\n\nFinds all places of a needle');
  expect(page).toContain('| `hits` | list of [hit](#hit) | The first places. |');
  expect(page).toContain('| `limit` | optional `u32` | The most hits to return.');
  expect(page).toContain('### count\n\nCounts words');
  expect(page).toContain('Since version 1.1.0.');
  expect(page).toContain('### hit\n\n| field | type | meaning |\n');
});

test('a type without a name whose members are documented has a section, and links lead to it', () => {
  const page = markdownPage(sharing);
  expect(page.match(/^### find\.places$/gm)).toHaveLength(1);
  expect(page).toContain('| `places` | list of [find.places](#findplaces) |');
  expect(page).toContain('`dot` [find.places](#findplaces)');
  const hit: TypeModel = { form: 'record', fields: [{ name: 'x', type: { form: 'str' } }], as: 'hit' };
  const kind: KindModel = {
    name: 'k',
    version: '1.0.0',
    methods: [{ name: 'hit', form: 'record', input: [], output: [{ name: 'one', type: hit }] }],
    events: [{ name: 'Hit', fields: [{ name: '__x__', type: hit }] }],
  };
  // The headings of the method and the event come first.
  expect(markdownPage(kind)).toContain('[hit](#hit-2)');
});

test('documentation cannot break the page or its tables', () => {
  fc.assert(
    fc.property(kinds, (kind) => {
      const page = markdownPage(kind);
      expect(page).not.toMatch(/<b>/);
      for (const line of page.split('\n').filter((one) => one.startsWith('|')))
        expect([3, 4]).toContain(line.replaceAll('\\|', '').split('|').length - 2);
    }),
    { numRuns: 100 },
  );
});
