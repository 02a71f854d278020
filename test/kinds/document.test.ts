/** A kind's document and its model say the same. */
import { describe, expect, test } from 'vitest';
import { documentText, type KindDocument, readDocument, toDocument } from '../../src/kinds/document.js';
import { eventId, place, slotsOf } from '../../src/kinds/wire.js';

const u32 = 'u32';
const TEXT: KindDocument = {
  format: 1,
  name: 'text',
  doc: 'Searching text.',
  version: '1.1.0',
  methods: [
    {
      name: 'find',
      doc: 'All places of a needle.',
      input: [
        { name: 'text', type: 'str' },
        { name: 'limit', doc: 'At most that many.', type: { option: u32 } },
      ],
      output: [
        { name: 'total', type: u32 },
        { name: 'hits', type: { list: { record: [{ name: 'at', type: u32 }], as: 'hit' } } },
        { name: 'mode', type: { enum: ['plain', { name: 'regex', doc: 'A pattern.' }], open: true } },
        { name: 'marks', type: { flags: ['bold', 'wide'], as: 'marks' } },
        { name: 'what', type: { union: [{ name: 'none' }, { name: 'span', type: 'f64[2]' }] } },
      ],
    },
    { name: 'raw', bytes: true },
    { name: 'lines', since: '1.1.0', input: [], cursor: [{ name: 'line', type: 'str' }] },
  ],
  events: [{ name: 'progress', fields: [{ name: 'done', type: 'u64' }] }],
};

test('a document is read and written unchanged', () => {
  const model = readDocument(TEXT);
  expect(toDocument(model)).toEqual(TEXT);
  expect(documentText(toDocument(readDocument(JSON.parse(documentText(TEXT)))))).toBe(documentText(TEXT));
});

test('slots: three for a cursor, with layouts without names', () => {
  const slots = slotsOf(readDocument(TEXT));
  expect(slots.map(({ name, layout }) => [name, layout])).toEqual([
    ['find', '{str,option<u32>}->{u32,list<{u32}>,enum+,flags<2>,union<-,f64[2]>}'],
    ['raw', 'bytes->bytes'],
    ['lines_open', '{}->{u64}'],
    ['lines_next', '{u64,u32}->{list<{str}>,bool}'],
    ['lines_close', '{u64}->{}'],
  ]);
  expect(new Set(slots.map(({ hash }) => hash)).size).toBe(5);
});

test('the layout of the fixed part is that of C', () => {
  const [method] = readDocument(TEXT).methods;
  if (method?.form !== 'record') throw new Error('not a record method');
  const offsets = (placed: ReturnType<typeof place>) => placed.fields.map(({ offset }) => offset);
  expect(place(method.input)).toMatchObject({ size: 16, align: 4 });
  expect(offsets(place(method.input))).toEqual([0, 8]);
  expect(offsets(place(method.output))).toEqual([0, 4, 12, 16, 20]);
  expect(place(method.output).size).toBe(32);
});

test('the id of an event depends on its fields and on the major version, not on the minor one', () => {
  const model = readDocument(TEXT);
  const [event] = model.events;
  if (event === undefined) throw new Error('no event');
  const id = eventId(model, event);
  expect(eventId({ ...model, version: '1.9.0' }, event)).toBe(id);
  expect(eventId({ ...model, version: '2.0.0' }, event)).not.toBe(id);
  expect(eventId(model, { ...event, fields: [] })).not.toBe(id);
});

const method = (changes: object) => ({
  ...TEXT,
  events: [],
  methods: [{ name: 'm', input: [], ...changes }],
});
const typed = (type: unknown) => method({ output: [{ name: 'x', type }] });
const nested = (depth: number): unknown => (depth === 0 ? u32 : { list: nested(depth - 1) });

describe('an invalid document is refused, and the error names the place', () => {
  test.each([
    ['format', { ...TEXT, format: 2 }],
    ['version', { ...TEXT, version: '1' }],
    ['name', { ...TEXT, name: 'Text' }],
    ['methods', { ...TEXT, methods: [] }],
    ['methods', { ...TEXT, methods: [TEXT.methods[1], TEXT.methods[1]] }],
    ['methods', { ...TEXT, methods: [TEXT.methods[2], { name: 'lines_open', bytes: true, since: '1.1.0' }] }],
    [
      'methods.b.since',
      {
        ...TEXT,
        methods: [
          { name: 'a', bytes: true, since: '1.1.0' },
          { name: 'b', bytes: true },
        ],
      },
    ],
    ['methods.a.since', { ...TEXT, methods: [{ name: 'a', bytes: true, since: '1.2.0' }] }],
    ['methods[0].extra', method({ output: [], extra: 1 })],
    ['methods[0]', method({ output: [], cursor: [] })],
    ['methods[0].bytes', method({ bytes: true })],
    ['methods[0].output[0].type', typed('u33')],
    ['methods[0].output[0].type', typed({ list: u32, option: u32 })],
    ['methods[0].output[0].type.list', typed({ list: 'f32[0]' })],
    ['methods.m.output.x', typed({ list: { record: [] } })],
    ['methods.m.output.x', typed({ option: { option: u32 } })],
    ['methods.m.output.x', typed({ enum: [] })],
    ['methods.m.output.x', typed({ enum: ['a', 'a'] })],
    ['methods.m.output.x', typed({ flags: Array.from({ length: 33 }, (_, i) => `f${i}`) })],
    [`methods[0].output[0].type${'.list'.repeat(8)}`, typed(nested(8))],
    ['methods.m.cursor', method({ cursor: [] })],
    ['events', { ...TEXT, events: [{ name: 'then', fields: [] }] }],
  ])('%s', (argument, document) => {
    expect(() => readDocument(document)).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument }),
    );
  });

  test('depth 8 is accepted', () => {
    expect(() => readDocument(typed(nested(7)))).not.toThrow();
  });
});

test('two types with one name must be equal', () => {
  const kind = (second: object) => ({
    format: 1,
    name: 'k',
    version: '1.0.0',
    methods: [
      {
        name: 'm',
        input: [{ name: 'a', type: { list: { record: [{ name: 'x', type: u32 }], as: 'point' } } }],
        output: [{ name: 'b', type: { union: [{ name: 'one', type: second }] } }],
      },
    ],
  });
  expect(readDocument(kind({ record: [{ name: 'x', type: u32 }], as: 'point' })).name).toBe('k');
  expect(() => readDocument(kind({ record: [{ name: 'x', type: 'i32' }], as: 'point' }))).toThrow(
    /methods\.m\.output\.b\.one\.as/,
  );
});
