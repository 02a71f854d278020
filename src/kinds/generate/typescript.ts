/** Generates the TypeScript module of a kind: its definition, and the types of its methods and records. */
import { wrapped } from '../../base/columns.js';
import type { FieldModel, KindModel, MethodModel, NamesType, TypeModel } from '../model.js';
import { type Expression, laidOut, type Part, quoted } from './layout-text.js';
import { isNamed, type NamedType, shapeOf } from './shape.js';
import { FUNCTIONS, type SharedType, typescriptNames } from './typescript-names.js';

/** The names that the expressions of a module use. */
interface Source {
  /** The functions of the package. */
  readonly used: Set<string>;
  /** The constants of the types that were defined, by their shapes. */
  readonly names: Map<string, string>;
}

/** Returns the source of the module of a kind. */
export function typescriptModule(kind: KindModel): string {
  const { kind: name, api, shared } = typescriptNames(kind);
  const source: Source = { used: new Set(['defineKind', 'method']), names: new Map() };
  const definitions = shared.flatMap((one) => {
    const lines = statement(one.name, definitionOf(one.type, source));
    source.names.set(shapeOf(one.type), one.name);
    return lines;
  });
  const value = definition(kind, source);
  const lines = [
    `// The kind ${kind.name} ${kind.version}. 'tenon kind bind' generated this file: change the kind, not the file.`,
    imports(source, shared),
    '',
    ...(definitions.length === 0 ? [] : [...definitions, '']),
    ...comment(kind.doc ?? `The kind ${kind.name}.`),
    ...statement(name, value, 'export '),
    '',
    `/** The methods of an instance, as \`instance.as(${name})\` returns them. */`,
    `export type ${api}Api = KindApi<typeof ${name}>;`,
    `/** The blocking methods of an instance, as \`instance.asSync(${name})\` returns them. */`,
    `export type ${api}ApiSync = KindApiSync<typeof ${name}>;`,
    ...shared.flatMap(exportsOf),
  ];
  return `${lines.join('\n')}\n`;
}

function imports({ used }: Source, shared: readonly SharedType[]): string {
  const types = ['KindApi', 'KindApiSync'];
  if (shared.some(({ input }) => input !== undefined)) types.unshift('InputOf');
  if (shared.some(({ output }) => output !== undefined)) types.push('OutputOf');
  const all = [...FUNCTIONS.filter((one) => used.has(one)), ...types.map((one) => `type ${one}`)];
  const list: Expression = { open: '{', parts: all.map((value) => ({ label: '', value })), close: '}' };
  return `import ${laidOut(list, 0, "import  from 'tenon';".length)} from 'tenon';`;
}

function statement(name: string, value: Expression, prefix = ''): string[] {
  const head = `${prefix}const ${name} = `;
  return [`${head}${laidOut(value, 0, head.length)};`];
}

/** Exports the values of a type: as results have them, and as arguments may have them. */
function exportsOf({ name, about, input, output }: SharedType): string[] {
  return [
    ...(output === undefined
      ? []
      : [`/** ${about} in a result. */`, `export type ${output} = OutputOf<typeof ${name}>;`]),
    ...(input === undefined
      ? []
      : [`/** ${about} in an argument. */`, `export type ${input} = InputOf<typeof ${name}>;`]),
  ];
}

function comment(text: string): string[] {
  const lines = wrapped(text.replaceAll('*/', '* /').trim(), 110, '').split('\n');
  return lines.length === 1 ? [`/** ${lines[0]} */`] : ['/**', ...lines.map((line) => ` * ${line}`), ' */'];
}

function definition(kind: KindModel, source: Source): Expression {
  const methods = kind.methods.map((one) => part(one.name, methodOf(one, source)));
  const events = kind.events.map((one) => {
    const fields = object(fieldsOf(one.fields, source));
    return part(one.name, documented(fields, one.doc, source));
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

function methodOf(method: MethodModel, source: Source): Expression {
  const options = [
    ...(method.doc === undefined ? [] : [part('doc', quoted(method.doc))]),
    ...(method.since === undefined ? [] : [part('since', quoted(method.since))]),
  ];
  const last = options.length === 0 ? [] : [object(options)];
  if (method.form === 'bytes') return call('method.bytes', last);
  const input = object(fieldsOf(method.input, source));
  if (method.form === 'record')
    return call('method', [input, object(fieldsOf(method.output, source)), ...last]);
  source.used.add('cursor');
  return call('method', [input, call('cursor', [object(fieldsOf(method.item, source))]), ...last]);
}

function fieldsOf(fields: readonly FieldModel[], source: Source): Part[] {
  return fields.map((field) => part(field.name, documented(typeOf(field.type, source), field.doc, source)));
}

function documented(value: Expression, text: string | undefined, source: Source): Expression {
  if (text === undefined) return value;
  source.used.add('doc');
  return call('doc', [value, quoted(text)]);
}

function typeOf(type: TypeModel, source: Source): Expression {
  const name = isNamed(type) ? source.names.get(shapeOf(type)) : undefined;
  return name ?? (isNamed(type) ? namedOf(type, source) : plainOf(type, source));
}

function plainOf(type: Exclude<TypeModel, NamedType>, source: Source): Expression {
  switch (type.form) {
    case 'scalar':
      return quoted(type.scalar);
    case 'array':
      return quoted(`${type.scalar}[${type.length}]`);
    case 'str':
    case 'bytes':
      return quoted(type.form);
    case 'list':
      return made(source, 'list', typeOf(type.element, source));
    case 'option':
      return made(source, 'option', typeOf(type.value, source));
  }
}

function namedOf(type: NamedType, source: Source): Expression {
  // An object of types is a record, too.
  if (type.form === 'record' && type.as === undefined) return object(fieldsOf(type.fields, source));
  return definitionOf(type, source);
}

/** Returns the call that makes a type. */
function definitionOf(type: NamedType, source: Source): Expression {
  if (type.form === 'record')
    return made(source, 'record', object(fieldsOf(type.fields, source)), ...optionsOf(type));
  if (type.form !== 'union')
    return made(source, type.form === 'enum' ? 'enumeration' : 'flags', namesOf(type), ...optionsOf(type));
  const members = type.members.map((one) =>
    part(one.name, documented(one.type === null ? 'null' : typeOf(one.type, source), one.doc, source)),
  );
  return made(source, 'union', object(members), ...optionsOf(type));
}

function made(source: Source, name: string, ...args: Expression[]): Expression {
  source.used.add(name);
  return call(name, args);
}

function optionsOf({ open = false, as }: { readonly open?: boolean; readonly as?: string }): Expression[] {
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
