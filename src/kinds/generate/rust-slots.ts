/** The trait of a kind in Rust, and the slots of its method table. */
import type { KindModel, MethodModel } from '../model.js';
import { type KindSlot, place, slotsOf } from '../wire.js';
import { docs, members, pascal } from './rust-names.js';
import { borrows, type MethodTypes, type RustTypes } from './rust-types.js';

/** A method of the trait. */
export interface RustMethod {
  readonly method: MethodModel;
  readonly types: MethodTypes;
  /** The name of its function. */
  readonly name: string;
}

/** Returns the methods of a kind with their Rust names. */
export function rustMethods(kind: KindModel, all: readonly MethodTypes[]): RustMethod[] {
  const names = members(kind.methods.map((method) => method.name));
  return kind.methods.map((method, i) => ({
    method,
    types: all[i] ?? { input: '', output: '', cursor: '' },
    name: names[i] ?? method.name,
  }));
}

/** Returns the trait and the traits of its cursors. */
export function traitLines(kind: KindModel, name: string, methods: readonly RustMethod[]): string[] {
  return [
    '',
    ...docs('', kind.doc, `The kind ${kind.name}, version ${kind.version}. A plugin implements it.`),
    `pub trait ${name} {`,
    ...methods.flatMap((one, i) => [...(i > 0 ? [''] : []), ...methodLines(kind, one)]),
    '}',
    ...methods.flatMap((one) => cursorTrait(one)),
  ];
}

function methodLines(kind: KindModel, one: RustMethod): string[] {
  const { method, name } = one;
  const { since } = method;
  const added = since === undefined ? undefined : `Since version ${since}. By default it is not supported.`;
  const { parameters, result } = signatureOf(one, since === undefined ? '' : '_');
  const head = `    fn ${name}(${parameters.join(', ')}) -> Result<${result}, Error>`;
  return [
    ...docs('    ', method.doc ?? `The method \`${method.name}\`.`, added),
    ...(since === undefined
      ? [`${head};`]
      : [
          `${head} {`,
          `        Err(Error::unsupported("this plugin does not have ${kind.name}.${method.name}"))`,
          '    }',
        ]),
  ];
}

/**
 * Returns the parameters and the result of a method. `mark` precedes their names, and `path` the names of the module's
 * types.
 */
export function signatureOf(
  { method, types }: RustMethod,
  mark: string,
  path = '',
): { parameters: string[]; result: string } {
  const own = '&mut self';
  if (method.form === 'bytes')
    return { parameters: [own, `${mark}input: &[u8]`, `${mark}out: &mut Output<'_>`], result: '()' };
  const lifetime = borrows({ form: 'record', fields: method.input }) ? "<'_>" : '';
  const input = method.input.length === 0 ? [] : [`${mark}input: ${path}${types.input}${lifetime}`];
  if (method.form === 'cursor')
    return { parameters: [own, ...input], result: `Box<dyn ${path}${types.cursor}>` };
  const output = method.output.length === 0 ? [] : [`${mark}out: ${path}${types.output}<'_>`];
  return { parameters: [own, ...input, ...output], result: '()' };
}

function cursorTrait({ method, types }: RustMethod): string[] {
  if (method.form !== 'cursor') return [];
  const lends = borrows({ form: 'record', fields: method.item });
  return [
    '',
    ...docs(
      '',
      `The items that \`${method.name}\` returns, one after another. It is dropped when the host closes the cursor, and at the latest with the instance.`,
    ),
    `pub trait ${types.cursor}: Send {`,
    '    /// Returns the next item; `None` after the last one.',
    `    fn next(&mut self) -> Result<Option<${types.output}${lends ? "<'_>" : ''}>, Error>;`,
    '}',
    ...(lends
      ? []
      : [
          '',
          `impl<I: Iterator<Item = ${types.output}> + Send> ${types.cursor} for I {`,
          `    fn next(&mut self) -> Result<Option<${types.output}>, Error> {`,
          '        Ok(Iterator::next(self))',
          '    }',
          '}',
        ]),
  ];
}

/** Returns the type that `tenon::plugin!` uses, and one type for each slot. */
export function slotLines(
  kind: KindModel,
  trait: string,
  methods: readonly RustMethod[],
  types: RustTypes,
): string[] {
  const slots = slotsOf(kind);
  const names = slots.map((slot) => types.names.claim(`Slot${pascal(slot.name)}`));
  return [
    '',
    '/// Offers the kind: `tenon::plugin!(…, kinds: { … })` names this module.',
    '#[derive(Debug)]',
    'pub struct Kind;',
    '',
    `impl<P: Plugin + ${trait}> Typed<P> for Kind {`,
    `    const KIND: tenon::__private::Kind = typed("${kind.name}/${kind.version}", const { &table::<${slots.length}>(&[`,
    ...names.map((name) => `        method::<P, ${name}>,`),
    '    ]) });',
    '}',
    ...slots.flatMap((slot, i) => slotLine(kind, slot, names[i] ?? '', trait, methods)),
  ];
}

function slotLine(
  kind: KindModel,
  slot: KindSlot,
  name: string,
  trait: string,
  methods: readonly RustMethod[],
): string[] {
  const own = methods.find((one) => one.method === slot.method);
  if (own === undefined) return [];
  const { body, uses } = bodyOf(`${kind.name}.${slot.name}`, slot, own, trait);
  const parameter = (one: string, type: string): string => `${uses.includes(one) ? '' : '_'}${one}: ${type}`;
  const parameters = [
    parameter('plugin', '&mut P'),
    parameter('cursors', '&mut Cursors'),
    parameter('input', '&[u8]'),
    parameter('out', "&mut Output<'_>"),
  ];
  return [
    '',
    `struct ${name};`,
    `impl<P: Plugin + ${trait}> Method<P> for ${name} {`,
    `    fn call(${parameters.join(', ')}) -> Result<(), Error> {`,
    ...body.map((line) => `        ${line}`),
    '    }',
    '}',
  ];
}

function bodyOf(
  shown: string,
  { part, method }: KindSlot,
  { name, types }: RustMethod,
  trait: string,
): { body: string[]; uses: string[] } {
  const call = `<P as ${trait}>::${name}`;
  if (method.form === 'bytes')
    return { body: [`${call}(plugin, input, out)`], uses: ['plugin', 'input', 'out'] };
  const empty = method.input.length === 0;
  const lifetime = borrows({ form: 'record', fields: method.input }) ? "<'_>" : '';
  const read = `read::<${empty ? '()' : types.input + lifetime}>("${shown}", input)?`;
  const first = [empty ? `${read};` : `let input = ${read};`];
  const given = ['plugin', ...(empty ? [] : ['input'])].join(', ');
  if (method.form === 'record')
    return method.output.length === 0
      ? { body: [...first, `${call}(${given})`], uses: ['plugin', 'input'] }
      : {
          body: [
            ...first,
            `respond::<${types.output}<'_>>("${shown}", out, &Written::default(), |out| ${call}(${given}, out))`,
          ],
          uses: ['plugin', 'input', 'out'],
        };
  const cursor = `Box<dyn ${types.cursor}>`;
  if (part === 'open')
    return {
      body: [...first, `let cursor = ${call}(${given})?;`, `open::<${cursor}>(cursors, out, cursor)`],
      uses: ['plugin', 'cursors', 'input', 'out'],
    };
  if (part === 'close')
    return { body: [`close::<${cursor}>("${shown}", cursors, input)`], uses: ['cursors', 'input'] };
  const { size, align } = place(method.item);
  return {
    body: [
      `next::<${cursor}>("${shown}", cursors, input, out, (${size}, ${align}), |cursor, items| {`,
      '    while items.wants_more() {',
      `        match ${types.cursor}::next(cursor.as_mut())? {`,
      '            Some(item) => items.push(item)?,',
      '            None => return Ok(true),',
      '        }',
      '    }',
      '    Ok(false)',
      '})',
    ],
    uses: ['cursors', 'input', 'out'],
  };
}
