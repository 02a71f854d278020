/**
 * The generated headers of the example kinds are up to date, and difficult kinds compile. `npm run readme` writes the
 * headers.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { documentText, readDocument, toDocument } from '../../../src/kinds/document.js';
import { cHeader } from '../../../src/kinds/generate/c.js';
import { cppHeader } from '../../../src/kinds/generate/cpp.js';
import type { FieldModel, KindModel, MethodModel, TypeModel } from '../../../src/kinds/model.js';
import { checkModel } from '../../../src/kinds/model-check.js';
import { slotsOf } from '../../../src/kinds/wire.js';
import { cCompilers, cppCompilers } from '../../abi/compilers.js';
import { root } from '../../support/index.js';
import { compileHeaders } from './compile-headers.js';
import { clashing, documented, least, many, sharing } from './nasty-kinds.js';

const documents = join(root, 'examples', 'kinds');
const update = process.env['TENON_UPDATE_DOCS'] === '1';
/** The kinds with a C++ header: a plugin uses it, or it is for the plugins of others. */
const IN_CPP = ['text', 'state'];

test.each(readdirSync(documents))('%s is in its normal form, and its headers are up to date', (file) => {
  const text = readFileSync(join(documents, file), 'utf8');
  const kind = readDocument(JSON.parse(text));
  expect(documentText(toDocument(kind))).toBe(text);
  const headers = [[`${kind.name}.kind.h`, cHeader(kind)]];
  if (IN_CPP.includes(kind.name)) headers.push([`${kind.name}.kind.hpp`, cppHeader(kind)]);
  for (const [name = '', expected = ''] of headers) {
    const path = join(root, 'plugins-c', name);
    if (update) writeFileSync(path, expected);
    expect(readFileSync(path, 'utf8'), name).toBe(expected);
  }
});

const u32: TypeModel = { form: 'scalar', scalar: 'u32' };
const str: TypeModel = { form: 'str' };
const field = (name: string, type: TypeModel = u32): FieldModel => ({ name, type });

const WORDS = (
  'class new template operator virtual this delete and or not xor register restrict int bool true false NULL errno ' +
  'final override import module requires concept typeof alignas _Bool _Atomic __LINE__ INT_MAX UINT32_C tenon_str uint8_t'
).split(' ');
const members = WORDS.map((name) => ({ name }));

/** Every name is a keyword, a macro or a type of C or C++. */
const keywords: KindModel = {
  name: 'class',
  version: '2.0.0',
  methods: WORDS.map((name): MethodModel => {
    const fields = WORDS.map((one, i) =>
      field(one, [u32, str, { form: 'list', element: u32 } as const][i % 3]),
    );
    const names: FieldModel[] = [
      field('enum', { form: 'enum', members, open: false }),
      field('flags', { form: 'flags', members: members.slice(0, 32), open: true }),
      field('union', { form: 'union', members: members.map((one) => ({ ...one, type: str })), open: true }),
    ];
    if (name === 'new') return { name, form: 'cursor', input: fields, item: names };
    return { name, form: 'record', input: fields, output: name === 'this' ? names : [field('return')] };
  }),
  events: [{ name: 'default', fields: [field('double', str)] }],
};

/** 60 methods of 60 fields each way. */
const large: KindModel = {
  name: 'large-kind',
  version: '1.0.0',
  methods: Array.from({ length: 60 }, (_, i): MethodModel => {
    const scalars = ['bool', 'u8', 'i16', 'f32', 'u64', 'f64'] as const;
    const fields = Array.from({ length: 60 }, (_, j) =>
      field(`field_${j}`, j % 7 === 0 ? str : { form: 'scalar', scalar: scalars[(i + j) % 6] ?? 'u8' }),
    );
    return {
      name: `method_${i}`,
      doc: `Method ${i} /* with */ a ??/ comment.`,
      form: 'record',
      input: fields,
      output: fields,
    };
  }),
  events: [],
};

/** Records without fields, everywhere. */
const nothing: TypeModel = { form: 'record', fields: [] };
const empty: KindModel = {
  name: 'empty',
  version: '1.0.0',
  methods: [
    { name: 'none', form: 'record', input: [], output: [] },
    {
      name: 'some',
      form: 'record',
      input: [field('nothing', nothing), field('maybe', { form: 'option', value: nothing })],
      output: [
        field('u', {
          form: 'union',
          members: [
            { name: 'a', type: nothing },
            { name: 'b', type: null },
          ],
          open: false,
        }),
      ],
    },
    { name: 'raw', form: 'bytes' },
    { name: 'each', form: 'cursor', input: [], item: [field('at')] },
  ],
  events: [{ name: 'tick', fields: [] }],
};

const DIFFICULT = [keywords, large, empty, sharing, clashing, documented, many, least];

test('difficult kinds are valid', () => {
  for (const kind of DIFFICULT) {
    checkModel(kind);
    expect(slotsOf(kind).length).toBeGreaterThan(0);
  }
});

test.each([
  ...cCompilers.map((compiler) => [compiler, '-std=c11']),
  ...cppCompilers.map((compiler) => [compiler, '-std=c++17']),
])('difficult kinds compile without a warning by %s %s', { timeout: 240_000 }, (compiler, std) => {
  compileHeaders(DIFFICULT, compiler, [std]);
});

test('they compile without their documents', () => {
  const [compiler] = cCompilers;
  if (compiler !== undefined) compileHeaders(DIFFICULT, compiler, ['-std=c11', '-DTENON_NO_DOCUMENT']);
});

test.each(cppCompilers)('a kind may have the name of a function of the C library: %s', (compiler) => {
  const kinds = ['log', 'time', 'index', 'signal', 'std'].map((name) => ({ ...least, name }));
  compileHeaders(kinds, compiler, ['-std=c++17', '-include', 'cmath', '-include', 'csignal']);
});

test('a type that several methods use is defined once, whether it has a name or not', () => {
  const [c, cpp] = [cHeader(sharing), cppHeader(sharing)];
  const structs = [...c.matchAll(/^typedef struct (\w+) \{/gm)].map(([, name]) => name);
  expect(structs.filter((name) => !/_(?:in|out|writer)$/.test(name ?? ''))).toEqual([
    ...['sharing_find_in_places', 'sharing_find_in_shapes_bits', 'sharing_find_in_shapes'],
    ...['sharing_fixed_in_corner', 'sharing_each_item', 'sharing_moved'],
  ]);
  expect(c.match(/^typedef uint32_t /gm)).toHaveLength(2);
  const lists = [...c.matchAll(/^TENON_LIST\((\w+),/gm)].map(([, name]) => name);
  expect(new Set(lists).size).toBe(lists.length);
  expect(cpp.match(/= sharing_find_in_places;/g)).toHaveLength(1);
  // A definition and its document make the same headers.
  const document = readDocument(JSON.parse(JSON.stringify(toDocument(sharing))));
  expect([cHeader(document), cppHeader(document)]).toEqual([c, cpp]);
});
