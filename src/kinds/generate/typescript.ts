/** Generates the TypeScript module of a kind: its definition, and the types of its methods and records. */
import { wrapped } from '../../base/columns.js';
import type { FieldModel, KindModel, MethodModel, NamesType, TypeModel } from '../model.js';
import { type Expression, laidOut, type Part, quoted } from './layout-text.js';
import { pascal } from './rust-names.js';

/** The functions of the package that a definition may use. */
const FUNCTIONS = [
  'cursor',
  'defineKind',
  'doc',
  'enumeration',
  'flags',
  'list',
  'method',
  'option',
  'record',
  'union',
];
const RESERVED = new Set(
  `await break case catch class const continue debugger default delete do else enum eval export extends false finally for
  function if implements import in instanceof interface let new null package private protected public return static super
  switch this throw true try typeof undefined var void while with yield arguments`.split(/\s+/),
);

/** Returns the source of the module of a kind. */
export function typescriptModule(kind: KindModel): string {
  const used = new Set<string>(['defineKind', 'method']);
  const value = definition(kind, used);
  const name = nameOf(kind);
  const type = pascal(kind.name);
  const head = `export const ${name} = `;
  const lines = [
    `// The kind ${kind.name} ${kind.version}. 'tenon kind bind' generated this file: change the kind, not the file.`,
    `import { ${FUNCTIONS.filter((one) => used.has(one)).join(', ')}, type KindApi, type KindApiSync } from 'tenon';`,
    '',
    ...comment(kind.doc ?? `The kind ${kind.name}.`),
    `${head}${laidOut(value, 0, head.length)};`,
    '',
    `/** The methods of an instance, as \`instance.as(${name})\` returns them. */`,
    `export type ${type}Api = KindApi<typeof ${name}>;`,
    `/** The blocking methods of an instance, as \`instance.asSync(${name})\` returns them. */`,
    `export type ${type}ApiSync = KindApiSync<typeof ${name}>;`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Returns the name of the constant: `my-kind` becomes `myKind`. */
function nameOf(kind: KindModel): string {
  const name = pascal(kind.name);
  const camel = name.charAt(0).toLowerCase() + name.slice(1);
  return RESERVED.has(camel) || FUNCTIONS.includes(camel) ? `${camel}_` : camel;
}

function comment(text: string): string[] {
  const lines = wrapped(text.replaceAll('*/', '* /').trim(), 110, '').split('\n');
  return lines.length === 1 ? [`/** ${lines[0]} */`] : ['/**', ...lines.map((line) => ` * ${line}`), ' */'];
}

function definition(kind: KindModel, used: Set<string>): Expression {
  const methods = kind.methods.map((one) => part(one.name, methodOf(one, used)));
  const events = kind.events.map((one) => {
    const fields = object(fieldsOf(one.fields, used));
    return part(one.name, documented(fields, one.doc, used));
  });
  return call('defineKind', [
    object([
      part('name', quoted(kind.name)),
      part('version', quoted(kind.version)),
      ...(kind.doc === undefined ? [] : [part('doc', quoted(kind.doc))]),
      part('methods', object(methods)),
      ...(events.length === 0 ? [] : [part('events', object(events))]),
    ]),
  ]);
}

const part = (name: string, value: Expression): Part => ({ label: `${name}: `, value });
const object = (parts: readonly Part[]): Expression => ({ open: '{', parts, close: '}' });

/** A call. Its last argument is laid out without a line of its own if it is the only one. */
function call(name: string, args: readonly Expression[]): Expression {
  const [only] = args;
  if (args.length === 1 && only !== undefined && typeof only !== 'string')
    return { open: `${name}(${only.open}`, parts: only.parts, close: `${only.close})` };
  return { open: `${name}(`, parts: args.map((value) => ({ label: '', value })), close: ')' };
}

function methodOf(method: MethodModel, used: Set<string>): Expression {
  const options = [
    ...(method.doc === undefined ? [] : [part('doc', quoted(method.doc))]),
    ...(method.since === undefined ? [] : [part('since', quoted(method.since))]),
  ];
  const last = options.length === 0 ? [] : [object(options)];
  if (method.form === 'bytes') return call('method.bytes', last);
  const input = object(fieldsOf(method.input, used));
  if (method.form === 'record')
    return call('method', [input, object(fieldsOf(method.output, used)), ...last]);
  used.add('cursor');
  return call('method', [input, call('cursor', [object(fieldsOf(method.item, used))]), ...last]);
}

function fieldsOf(fields: readonly FieldModel[], used: Set<string>): Part[] {
  return fields.map((field) => part(field.name, documented(typeOf(field.type, used), field.doc, used)));
}

function documented(value: Expression, text: string | undefined, used: Set<string>): Expression {
  if (text === undefined) return value;
  used.add('doc');
  return call('doc', [value, quoted(text)]);
}

function typeOf(type: TypeModel, used: Set<string>): Expression {
  const made = (name: string, ...args: Expression[]): Expression => {
    used.add(name);
    return call(name, args);
  };
  switch (type.form) {
    case 'scalar':
      return quoted(type.scalar);
    case 'array':
      return quoted(`${type.scalar}[${type.length}]`);
    case 'str':
    case 'bytes':
      return quoted(type.form);
    case 'list':
      return made('list', typeOf(type.element, used));
    case 'option':
      return made('option', typeOf(type.value, used));
    case 'record': {
      const fields = object(fieldsOf(type.fields, used));
      return type.as === undefined ? fields : made('record', fields, object([part('as', quoted(type.as))]));
    }
    case 'union': {
      const members = type.members.map((one) =>
        part(one.name, documented(one.type === null ? 'null' : typeOf(one.type, used), one.doc, used)),
      );
      return made('union', object(members), ...optionsOf(type));
    }
    default:
      return made(type.form === 'enum' ? 'enumeration' : 'flags', namesOf(type), ...optionsOf(type));
  }
}

function optionsOf({ open, as }: { readonly open: boolean; readonly as?: string }): Expression[] {
  const parts = [
    ...(open ? [part('open', 'true')] : []),
    ...(as === undefined ? [] : [part('as', quoted(as))]),
  ];
  return parts.length === 0 ? [] : [object(parts)];
}

function namesOf({ members }: NamesType): Expression {
  if (members.some((one) => one.doc !== undefined))
    return object(members.map((one) => part(one.name, quoted(one.doc ?? ''))));
  return { open: '[', parts: members.map((one) => ({ label: '', value: quoted(one.name) })), close: ']' };
}
