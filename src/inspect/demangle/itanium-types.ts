/** Types of template arguments and parameters in Itanium C++ names. Parameters are parsed for their end. */
import { BUILTIN, BUILTIN_D } from './itanium-words.js';
import { isDigit, type Mangled } from './mangled.js';

/** The mark for the position of a `*` or `&` in a function type. */
export const DECLARATOR = '\u0001';
export const QUALIFIERS: Readonly<Record<string, string>> = { r: ' restrict', V: ' volatile', K: ' const' };
const POINTERS: Readonly<Record<string, string>> = { P: '*', R: '&', O: '&&' };

/** The parts of a type that are not types. */
export interface TypeNames {
  name(): string;
  substitution(): string;
  templateParameter(): string;
  /** The name with the template arguments that come next. */
  instance(name: string): string;
  /** Adds a name that later substitutions can refer to, and returns it. */
  remember(name: string): string;
}

export class ItaniumTypes {
  readonly #mangled: Mangled;
  readonly #names: TypeNames;

  constructor(mangled: Mangled, names: TypeNames) {
    this.#mangled = mangled;
    this.#names = names;
  }

  type(): string {
    const mangled = this.#mangled;
    return mangled.deeper(() => {
      const next = mangled.peek();
      const builtin = BUILTIN[next];
      if (builtin !== undefined) {
        mangled.at += 1;
        return builtin;
      }
      if (next === 'u') {
        mangled.at += 1;
        return mangled.take(mangled.number());
      }
      const plain = next === 'D' ? BUILTIN_D[mangled.peek(1)] : undefined;
      if (plain !== undefined) {
        mangled.at += 2;
        return plain;
      }
      if (next === 'S' && mangled.peek(1) !== 't') return this.#substitutedType();
      return this.#names.remember(this.#compound(next));
    });
  }

  #substitutedType(): string {
    const mangled = this.#mangled;
    const name = this.#names.substitution();
    return mangled.peek() === 'I' ? this.#names.remember(this.#names.instance(name)) : name;
  }

  #compound(tag: string): string {
    const mangled = this.#mangled;
    if (POINTERS[tag] !== undefined) {
      mangled.at += 1;
      return declared(mangled, this.type(), POINTERS[tag]);
    }
    if (QUALIFIERS[tag] !== undefined) return this.#qualified();
    switch (tag) {
      case 'F':
        return this.#functionType();
      case 'A':
        return this.#array();
      case 'M': {
        mangled.at += 1;
        const owner = this.type();
        return declared(mangled, this.type(), mangled.join(' ', owner, '::*'));
      }
      case 'D':
        return mangled.eat('Dp') ? mangled.join(this.type(), '...') : mangled.fail();
      case 'T':
        return this.#templateType();
      default:
        return this.#names.name();
    }
  }

  #templateType(): string {
    const mangled = this.#mangled;
    if (/[sue]/.test(mangled.peek(1))) {
      mangled.at += 2;
      return this.#names.name();
    }
    const name = this.#names.templateParameter();
    if (mangled.peek() !== 'I') return name;
    this.#names.remember(name);
    return this.#names.instance(name);
  }

  #qualified(): string {
    const mangled = this.#mangled;
    let qualifiers = '';
    for (let next = QUALIFIERS[mangled.peek()]; next !== undefined; next = QUALIFIERS[mangled.peek()]) {
      qualifiers = mangled.join(next, qualifiers);
      mangled.at += 1;
    }
    return mangled.join(this.type(), qualifiers);
  }

  #functionType(): string {
    const mangled = this.#mangled;
    mangled.at += 1;
    mangled.eat('Y');
    const result = this.type();
    const parameters = mangled.until('E', () => {
      if ('RO'.includes(mangled.peek()) && mangled.peek(1) === 'E') {
        mangled.at += 1;
        return '';
      }
      return this.type();
    });
    const shown = parameters.filter((one) => one !== '' && one !== 'void');
    return mangled.join(result, ' ', DECLARATOR, '(', mangled.list(shown), ')');
  }

  #array(): string {
    const mangled = this.#mangled;
    mangled.at += 1;
    const size = isDigit(mangled.peek()) ? String(mangled.number()) : '';
    if (!mangled.eat('_')) return mangled.fail();
    return mangled.join(this.type(), ' ', DECLARATOR, '[', size, ']');
  }
}

/** Inserts a `*` after the type, or at the mark in the type of a function or an array. */
function declared(mangled: Mangled, type: string, mark: string): string {
  const at = type.indexOf(DECLARATOR);
  if (at < 0) return mangled.join(type, mark);
  const isDone = type.charAt(at - 1) === '(' || type.charAt(at + 1) === ')';
  const before = type.slice(0, at);
  const after = type.slice(at + 1);
  return isDone
    ? mangled.join(before, mark, DECLARATOR, after)
    : mangled.join(before, '(', mark.trimStart(), DECLARATOR, ')', after);
}
