/** The names in the TypeScript module of a kind, and the types that it defines once. */
import type { KindModel, TypeModel } from '../model.js';
import { pascal } from './rust-names.js';
import { innerTypes, isNamed, type NamedType, recordsOf, shapeOf } from './shape.js';

/** The functions of the package that a definition may use. */
export const FUNCTIONS = [
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
] as const;
/** The types of the package that a module may use. */
const TYPES = ['InputOf', 'KindApi', 'KindApiSync', 'OutputOf'];
const RESERVED =
  `await break case catch class const continue debugger default delete do else enum eval export extends false finally for
  function if implements import in instanceof interface let new null package private protected public return static super
  switch this throw true try typeof undefined var void while with yield arguments async of`.split(/\s+/);

/** A type that a module defines under a name: one that has a name in the kind, or that the kind uses several times. */
export interface SharedType {
  readonly type: NamedType;
  /** The name of the constant. */
  readonly name: string;
  /** The place or name in the kind, for a comment. */
  readonly about: string;
  /** The name of the type of its values in arguments; undefined if none has it. */
  readonly input: string | undefined;
  /** The name of the type of its values in results and events; undefined if none has it. */
  readonly output: string | undefined;
}

/** The names in a module. */
export interface TypeScriptNames {
  /** The constant with the kind. */
  readonly kind: string;
  /** The beginning of the names of the types of its methods: `Text` of `TextApi`. */
  readonly api: string;
  /** The types that are defined once, each behind those that it uses. */
  readonly shared: readonly SharedType[];
}

/** Returns the names in the module of a kind. */
export function typescriptNames(kind: KindModel): TypeScriptNames {
  const used = new Set<string>([...FUNCTIONS, ...RESERVED]);
  const usedTypes = new Set(TYPES);
  const name = claim(camel(kind.name), used);
  const api = pascal(kind.name);
  for (const type of [`${api}Api`, `${api}ApiSync`]) usedTypes.add(type);
  const found = [...usesOf(kind).values()].filter(({ type, count }) => type.as !== undefined || count > 1);
  const shared = found.map(({ type, words, isInput, isOutput }) => {
    const wanted = pascal(type.as ?? words);
    return {
      type,
      name: claim(camel(type.as ?? words), used),
      about: `\`${type.as ?? words}\``,
      output: isOutput ? claim(wanted, usedTypes) : undefined,
      input: isInput ? claim(isOutput ? `${wanted}Input` : wanted, usedTypes) : undefined,
    };
  });
  return { kind: name, api, shared };
}

/** `my-kind` becomes `myKind`. */
function camel(name: string): string {
  const words = pascal(name);
  return words.charAt(0).toLowerCase() + words.slice(1);
}

function claim(wanted: string, used: Set<string>): string {
  let name = wanted;
  while (used.has(name)) name += '_';
  used.add(name);
  return name;
}

interface Use {
  readonly type: NamedType;
  /** The first place of the type: the words from which its name is made. */
  readonly words: string;
  count: number;
  isInput: boolean;
  isOutput: boolean;
}

/** Returns the uses of each named type of a kind by its shape, those within a type before it. */
function usesOf(kind: KindModel): Map<string, Use> {
  const uses = new Map<string, Use>();
  const visit = (type: TypeModel, words: string, isInput: boolean, counts: boolean): void => {
    const known = isNamed(type) ? uses.get(shapeOf(type)) : undefined;
    for (const [place, inner] of innerTypes(type))
      visit(inner, place === '' ? words : `${words}_${place}`, isInput, counts && known === undefined);
    if (!isNamed(type)) return;
    const use = known ?? { type, words, count: 0, isInput: false, isOutput: false };
    uses.set(shapeOf(type), use);
    // The content of a shared type is written once.
    if (counts) use.count++;
    if (isInput) use.isInput = true;
    else use.isOutput = true;
  };
  for (const { owner, side, fields } of recordsOf(kind))
    for (const field of fields) visit(field.type, `${owner}_${field.name}`, side === 'input', true);
  return uses;
}
