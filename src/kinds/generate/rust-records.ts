/** The definitions of Rust types, and how each is read and written. */
import type { FieldModel, NamesType, TypeModel, UnionType } from '../model.js';
import { alignOf, hasSpans, place, sizeOf } from '../wire.js';
import { docs, members, pascal, screaming } from './rust-names.js';
import {
  borrows,
  fieldsHaveSpans,
  isPlain,
  isRequired,
  type RustType,
  type RustTypes,
} from './rust-types.js';

/** Returns the lines that define a type. */
export function define(type: RustType, types: RustTypes): string[] {
  const { name, model, output } = type;
  if (model.form === 'record') {
    if (output) return model.fields.length === 0 ? [] : builder(name, model.fields, types);
    return record(name, model, types);
  }
  if (model.form === 'union') return union(name, model, types);
  return model.form === 'enum' ? enumeration(name, model) : flags(name, model);
}

const derived = (more = ''): string => `#[derive(Clone, Copy, Debug, PartialEq${more})]`;

function record(
  name: string,
  { fields, doc }: { readonly fields: readonly FieldModel[]; readonly doc?: string | undefined },
  types: RustTypes,
): string[] {
  const model: TypeModel = { form: 'record', fields };
  const own = members(fields.map((field) => field.name));
  const placed = place(fields).fields;
  const self = borrows(model) ? `${name}<'a>` : name;
  const at = (i: number): string => plus('at', placed[i]?.offset ?? 0);
  return [
    '',
    ...docs('', doc),
    derived(),
    `pub struct ${self} {`,
    ...fields.flatMap((field, i) => [
      ...docs('    ', field.doc),
      `    pub ${own[i]}: ${types.rust(field.type, "'a")},`,
    ]),
    '}',
    ...value(self, model, {
      read: [
        '        Ok(Self {',
        ...fields.map((field, i) => `            ${own[i]}: r.field("${field.name}", ${at(i)})?,`),
        '        })',
      ],
      write: [...fields.map((_, i) => `        self.${own[i]}.write(w, ${at(i)})?;`), '        Ok(())'],
    }),
  ];
}

const plus = (place: string, offset: number): string => (offset === 0 ? place : `${place} + ${offset}`);

/** Implements `Value` for a type. */
function value(
  self: string,
  model: TypeModel,
  { read, write }: { readonly read: readonly string[]; readonly write: readonly string[] },
): string[] {
  return [
    '',
    `impl<'a> Value<'a> for ${self} {`,
    `    const SIZE: usize = ${sizeOf(model)};`,
    `    const ALIGN: usize = ${alignOf(model)};`,
    ...(isPlain(model) ? ['    const PLAIN: bool = true;'] : []),
    `    const SPANS: bool = ${hasSpans(model)};`,
    '',
    "    fn read(r: &mut Reader<'a>, at: usize) -> Result<Self, Broken> {",
    ...read,
    '    }',
    '',
    '    fn write<S: Sink>(self, w: &mut Writer<S>, at: usize) -> Result<(), Error> {',
    ...write,
    '    }',
    '}',
  ];
}

/** The record that a method returns: a struct with a function for each field. */
function builder(name: string, fields: readonly FieldModel[], types: RustTypes): string[] {
  const own = members(fields.map((field) => field.name));
  const { fields: placed, size } = place(fields);
  const required = fields.filter((field) => isRequired(field.type)).map((field) => `"${field.name}"`);
  const order = fieldsHaveSpans(fields)
    ? 'Fields whose values are strings, bytes, lists or unions are written once, in the order of the functions. A field that is not written is zero, empty or absent.'
    : 'A field that is not written is zero or absent.';
  return [
    '',
    ...docs('', `Writes the output. ${order}`),
    '#[derive(Debug)]',
    `pub struct ${name}<'a>(Record<'a>);`,
    '',
    `impl ${name}<'_> {`,
    ...fields.flatMap((field, i) => [
      ...(i > 0 ? [''] : []),
      ...setter(field, own[i] ?? field.name, i, placed[i]?.offset ?? 0, types),
    ]),
    '}',
    '',
    `impl<'a> Builder<'a> for ${name}<'a> {`,
    `    const SIZE: usize = ${size};`,
    `    const REQUIRED: &'static [&'static str] = &[${required.join(', ')}];`,
    '',
    "    fn wrap(record: Record<'a>) -> Self {",
    '        Self(record)',
    '    }',
    '}',
  ];
}

function setter(field: FieldModel, own: string, index: number, at: number, types: RustTypes): string[] {
  const { type, name, doc } = field;
  const about = docs('    ', doc ?? `Writes \`${name}\`.`);
  if (!hasSpans(type))
    return [
      ...about,
      `    pub fn ${own}(&mut self, value: ${types.rust(type, "'_")}) {`,
      `        self.0.fixed(${at}, value);`,
      '    }',
    ];
  if (type.form === 'list')
    return [
      ...about,
      ...(borrows(type.element)
        ? [
            `    pub fn ${own}<'v>(`,
            '        &mut self,',
            `        values: impl IntoIterator<Item = ${types.rust(type.element, "'v")}>,`,
            '    ) -> Result<(), Error> {',
          ]
        : [
            `    pub fn ${own}(&mut self, values: impl IntoIterator<Item = ${types.rust(type.element, "'_")}>) -> Result<(), Error> {`,
          ]),
      `        self.0.list(${index}, "${name}", ${at}, values)`,
      '    }',
    ];
  const how = isRequired(type) ? 'required' : 'span';
  return [
    ...about,
    `    pub fn ${own}(&mut self, value: ${types.rust(type, "'_")}) -> Result<(), Error> {`,
    `        self.0.${how}(${index}, "${name}", ${at}, value)`,
    '    }',
  ];
}

function enumeration(name: string, model: NamesType): string[] {
  const own = members(
    [...model.members.map((member) => member.name), ...(model.open ? ['unknown'] : [])],
    pascal,
  );
  const unknown = own[model.members.length];
  return [
    '',
    derived(', Eq, Hash'),
    `pub enum ${name} {`,
    ...model.members.flatMap((member, i) => [...docs('    ', member.doc), `    ${own[i]},`]),
    ...(model.open ? ['    /// A member of a later version, with its number.', `    ${unknown}(u32),`] : []),
    '}',
    ...value(name, model, {
      read: [
        '        Ok(match read_number(r, at)? {',
        ...model.members.map((_, i) => `            ${i} => Self::${own[i]},`),
        model.open
          ? `            number => Self::${unknown}(number),`
          : `            number => return Err(unknown(number, ${model.members.length})),`,
        '        })',
      ],
      write: [
        '        let number: u32 = match self {',
        ...model.members.map((_, i) => `            Self::${own[i]} => ${i},`),
        ...(model.open ? [`            Self::${unknown}(number) => number,`] : []),
        '        };',
        '        number.write(w, at)',
      ],
    }),
  ];
}

function flags(name: string, model: NamesType): string[] {
  const own = members(
    model.members.map((member) => member.name),
    screaming,
  );
  const all = 2 ** model.members.length - 1;
  return [
    '',
    derived(', Eq, Hash, Default'),
    `pub struct ${name}(u32);`,
    '',
    `impl ${name} {`,
    ...model.members.flatMap((member, i) => [
      ...docs('    ', member.doc),
      `    pub const ${own[i]}: Self = Self(1 << ${i});`,
    ]),
    '',
    '    /// Returns whether all of the other flags are set.',
    '    pub const fn contains(self, other: Self) -> bool {',
    '        self.0 & other.0 == other.0',
    '    }',
    '',
    '    /// Returns the flags as bits.',
    '    pub const fn bits(self) -> u32 {',
    '        self.0',
    '    }',
    '}',
    '',
    `impl core::ops::BitOr for ${name} {`,
    '    type Output = Self;',
    '    fn bitor(self, other: Self) -> Self {',
    '        Self(self.0 | other.0)',
    '    }',
    '}',
    ...value(name, model, {
      read: model.open
        ? ['        read_number(r, at).map(Self)']
        : [
            '        match read_number(r, at)? {',
            `            bits if bits & !0x${all.toString(16)} == 0 => Ok(Self(bits)),`,
            `            bits => Err(unknown(bits.ilog2(), ${model.members.length})),`,
            '        }',
          ],
      write: ['        self.0.write(w, at)'],
    }),
  ];
}

function union(name: string, model: UnionType, types: RustTypes): string[] {
  const own = members(
    [...model.members.map((member) => member.name), ...(model.open ? ['unknown'] : [])],
    pascal,
  );
  const unknown = own[model.members.length];
  const self = borrows(model) ? `${name}<'a>` : name;
  const variants = model.members.flatMap((member, i) => [
    ...docs('    ', member.doc),
    `    ${own[i]}${member.type === null ? '' : `(${types.rust(member.type, "'a")})`},`,
  ]);
  return [
    '',
    derived(),
    `pub enum ${self} {`,
    ...variants,
    ...(model.open
      ? [
          '    /// A member of a later version, with its number. It can be read but not written.',
          `    ${unknown}(u32),`,
        ]
      : []),
    '}',
    ...value(self, model, {
      read: [
        '        match read_number(r, at)? {',
        ...model.members.map((member, i) =>
          member.type === null
            ? `            ${i} => read_member::<()>(r, at).map(|()| Self::${own[i]}),`
            : `            ${i} => read_member(r, at).map(Self::${own[i]}).map_err(|broken| broken.inside("${member.name}")),`,
        ),
        model.open
          ? `            number => skip_member(r, at).map(|()| Self::${unknown}(number)),`
          : `            number => Err(unknown(number, ${model.members.length})),`,
        '        }',
      ],
      write: [
        '        match self {',
        ...model.members.map((member, i) =>
          member.type === null
            ? `            Self::${own[i]} => write_member(w, at, ${i}, ()),`
            : `            Self::${own[i]}(value) => write_member(w, at, ${i}, value),`,
        ),
        ...(model.open
          ? [
              `            Self::${unknown}(number) => Err(Error::failed(format_args!("${name} has no member {number} that can be written"))),`,
            ]
          : []),
        '        }',
      ],
    }),
  ];
}
