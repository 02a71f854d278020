/** Kinds that are difficult to generate code from. */
import {
  cursor,
  defineKind,
  doc,
  enumeration,
  flags,
  list,
  method,
  option,
  record,
  union,
} from '../../../src/index.js';
import { modelOf } from '../../../src/kinds/kind.js';
import type { FieldModel, KindModel, TypeModel } from '../../../src/kinds/model.js';

const place = record({ at: 'u32', line: doc('str', 'The whole line.') });
const mode = enumeration(['plain', 'regex'], { open: true });
const marks = flags(['bold', 'wide']);
const shape = union({ none: null, dot: place, path: list(place), grid: list(list('f32')), bits: 'u8[4]' });

/** Types without a name that several methods, events and other types use. */
export const sharing = modelOf(
  defineKind({
    name: 'sharing',
    version: '1.1.0',
    methods: {
      find: method(
        { places: list(place), mode, marks, shapes: list(shape), grid: list(list('f32')) },
        { places: list(place), mode, marks, shapes: list(shape), grid: list(list('f32')) },
      ),
      best: method({ maybe: option(place), one: place }, { maybe: option(place), one: place }),
      fixed: method({ blocks: list('u8[4]'), corner: { x: 'i32', y: 'i32' } }, { blocks: list('u8[4]') }),
      each: method({ mode }, cursor({ place, shape }), { since: '1.1.0' }),
    },
    events: { moved: { from: place, to: option(place), marks, corner: { x: 'i32', y: 'i32' } } },
  }),
);

const u32: TypeModel = { form: 'scalar', scalar: 'u32' };
const str: TypeModel = { form: 'str' };
const field = (name: string, type: TypeModel = u32): FieldModel => ({ name, type });
const struct = (...fields: FieldModel[]): TypeModel => ({ form: 'record', fields });
const alias = (as: string, ...fields: FieldModel[]): TypeModel => ({ form: 'record', fields, as });
const listOf = (element: TypeModel): TypeModel => ({ form: 'list', element });

/** Different types whose places or names lead to the same name, and names that generated code uses itself. */
export const clashing: KindModel = {
  name: 'clash',
  version: '1.0.0',
  methods: [
    {
      name: 'find',
      form: 'record',
      input: [
        field('a', struct(field('b_c', struct(field('x'))))),
        field('a_b', struct(field('c', struct(field('y', str))))),
        field('aB', struct(field('C', struct(field('z', listOf(str)))))),
      ],
      output: [
        field('writer', struct(field('writer_', str), field('FindOutWriterWriter'), field('w', str))),
        field('hit', listOf(alias('hit', field('x')))),
        field('hits', listOf(alias('hit_list', field('hit', str)))),
        field('deep', listOf(listOf(listOf(listOf(alias('hit', field('x'))))))),
        field('deeper', alias('hit_list_list_list', field('list', listOf(listOf(str))))),
        field('FindOutWriter', str),
        field('writer_', str),
        field('set_hit', str),
      ],
    },
    { name: 'Find', form: 'record', input: [field('In', struct(field('x', str)))], output: [] },
    { name: 'find_in', form: 'record', input: [field('a', struct(field('q', str)))], output: [field('out')] },
    { name: 'lines', form: 'cursor', input: [], item: [field('item', alias('lines_item', field('n')))] },
    {
      name: 'kinds',
      form: 'record',
      input: [
        field('k', {
          form: 'enum',
          as: 'kind',
          open: false,
          members: ['h', 'hpp', 'H', 'read'].map((name) => ({ name })),
        }),
        field('one', {
          form: 'union',
          open: false,
          members: [
            { name: 'ID', type: u32 },
            { name: 'id', type: str },
          ],
        }),
      ],
      output: [field('clash_1', str), field('CLASH_1_FACTS')],
    },
  ],
  events: [
    { name: 'find_out', fields: [field('a', str)] },
    { name: 'hit', fields: [field('b', alias('hit_emit', field('x')))] },
    { name: 'Hit', fields: [] },
  ],
};

const DOC = `Ends */ a comment, /* begins one, \\ escapes ??/ \`\`\` and [hides] <b>things</b> | here\u2028\u202e${'é'.repeat(80)} 🙂.
- a list
- that is lazy
1. One
# Heading
    let code = 1;
\`\`\`rust
compile_error!("documentation was compiled");
\`\`\``;

/** Documentation that would end comments, begin code or hide text, at everything that can have some. */
export const documented: KindModel = {
  name: 'documented',
  doc: DOC,
  version: '1.1.0',
  methods: [
    {
      name: 'one',
      doc: DOC,
      form: 'record',
      input: [
        { ...field('text', str), doc: DOC },
        {
          ...field('mode', {
            form: 'enum',
            open: true,
            members: [{ name: 'only', doc: DOC }, { name: 'b' }],
          }),
          doc: DOC,
        },
        { ...field('bits', { form: 'flags', open: false, members: [{ name: 'only', doc: DOC }] }), doc: DOC },
      ],
      output: [
        {
          ...field('u', { form: 'union', open: false, members: [{ name: 'only', doc: DOC, type: str }] }),
          doc: DOC,
        },
        { ...field('list', listOf(struct({ ...field('x', str), doc: DOC }))), doc: DOC },
      ],
    },
    { name: 'each', doc: DOC, form: 'cursor', input: [], item: [{ ...field('x', str), doc: DOC }] },
    { name: 'raw', doc: DOC, since: '1.1.0', form: 'bytes' },
    { name: 'later', doc: DOC, since: '1.1.0', form: 'record', input: [field('x')], output: [field('y')] },
  ],
  events: [{ name: 'done', doc: DOC, fields: [{ ...field('x'), doc: DOC }] }],
};

/** 200 methods with names of 63 characters, and types within each other as deep as they may be. */
const long = (i: number): string => `m${i}_`.padEnd(63, 'very_long_name_');
const nested = (depth: number): TypeModel =>
  depth === 0 ? str : depth % 2 === 0 ? listOf(nested(depth - 1)) : struct(field('inner', nested(depth - 1)));
export const many: KindModel = {
  name: 'many-methods-with-a-long-name-32',
  version: '1.0.0',
  methods: Array.from({ length: 200 }, (_, i) => ({
    name: long(i),
    form: 'record',
    input: [{ ...field(long(i)), type: i === 0 ? nested(7) : str }],
    output: i % 2 === 0 ? [field(long(i))] : [],
  })),
  events: [],
};

/** A kind with one method that takes and returns nothing. */
export const least: KindModel = {
  name: 'least',
  version: '0.0.1',
  methods: [{ name: 'm', form: 'record', input: [], output: [] }],
  events: [],
};
