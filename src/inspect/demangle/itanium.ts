/**
 * Demangles C++ names of GCC and Clang for crash reports: the name of the function with its namespaces,
 * classes and template arguments, without its parameters. Names that contain expressions are not demangled.
 */
import { DECLARATOR, ItaniumTypes, QUALIFIERS } from './itanium-types.js';
import { ABBREVIATIONS, LITERAL_SUFFIX, OPERATORS } from './itanium-words.js';
import { isDigit, Mangled } from './mangled.js';

const MOST_SUBSTITUTIONS = 1024;

/** Demangles a name. Null for other manglings and for names that are too complex. */
export function itanium(symbol: string): { readonly name: string; readonly rest: string } | null {
  if (!symbol.startsWith('_Z')) return null;
  const mangled = new Mangled(symbol, 2);
  const name = new Itanium(mangled).encodingName().replaceAll(DECLARATOR, '');
  if (mangled.failed || name === '') return null;
  // The types of the parameters are omitted. Compilers append their suffixes after a dot.
  const dot = symbol.indexOf('.', mangled.at);
  return { name, rest: dot < 0 ? '' : symbol.slice(dot) };
}

/** The parser of names. */
class Itanium {
  readonly #mangled: Mangled;
  readonly #types: ItaniumTypes;
  readonly #substitutions: string[] = [];

  constructor(mangled: Mangled) {
    this.#mangled = mangled;
    this.#types = new ItaniumTypes(mangled, {
      name: () => this.#name(),
      substitution: () => this.#substitution(),
      templateParameter: () => this.#templateParameter(),
      instance: (name) => this.#instance(name),
      remember: (name) => this.#remember(name),
    });
  }

  /** Parses the name of a function. Returns the name of the target for a thunk. */
  encodingName(): string {
    const mangled = this.#mangled;
    if (mangled.eat('Th') || mangled.eat('Tv')) {
      this.#callOffset(mangled.text.charAt(mangled.at - 1));
      return this.#name();
    }
    if (mangled.eat('Tc')) {
      this.#callOffset(mangled.next());
      this.#callOffset(mangled.next());
      return this.#name();
    }
    return mangled.peek() === 'T' || mangled.peek() === 'G' ? mangled.fail() : this.#name();
  }

  #callOffset(kind: string): void {
    const mangled = this.#mangled;
    for (let numbers = kind === 'v' ? 2 : 1; numbers > 0; numbers -= 1) {
      mangled.eat('n');
      mangled.number();
      if (!mangled.eat('_')) mangled.fail();
    }
  }

  #remember(name: string): string {
    if (this.#substitutions.length >= MOST_SUBSTITUTIONS) return this.#mangled.fail();
    this.#substitutions.push(name);
    return name;
  }

  #name(): string {
    const mangled = this.#mangled;
    return mangled.deeper(() => {
      if (mangled.eat('N')) return this.#nested();
      if (mangled.eat('Z')) return this.#local();
      let name: string;
      if (mangled.eat('St')) name = mangled.join('std::', this.#unqualified(''));
      else if (mangled.peek() === 'S') {
        name = this.#substitution();
        return mangled.peek() === 'I' ? this.#instance(name) : name;
      } else name = this.#unqualified('');
      if (mangled.peek() !== 'I') return name;
      this.#remember(name);
      return this.#instance(name);
    });
  }

  /** Each prefix becomes a substitution, but the whole name does not. */
  #nested(): string {
    const mangled = this.#mangled;
    while (QUALIFIERS[mangled.peek()] !== undefined) mangled.at += 1;
    if (!mangled.eat('R')) mangled.eat('O');
    let name = '';
    let pushed = false;
    while (!mangled.failed && !mangled.eat('E')) {
      if (mangled.eat('St')) {
        name = 'std';
        continue;
      }
      const isPlain = mangled.peek() === 'S';
      name = this.#prefix(name);
      if (!isPlain) this.#remember(name);
      pushed = !isPlain;
    }
    if (pushed) this.#substitutions.pop();
    return name;
  }

  #prefix(before: string): string {
    const mangled = this.#mangled;
    const next = mangled.peek();
    if (next === 'S') return this.#substitution();
    if (next === 'I') return this.#instance(before);
    if (next === 'T') return this.#templateParameter();
    // A lambda in the initializer of a member.
    if (next === 'M') {
      mangled.at += 1;
      return before;
    }
    const name = this.#unqualified(before);
    return before === '' ? name : mangled.join(before, '::', name);
  }

  #local(): string {
    const mangled = this.#mangled;
    const outer = this.encodingName();
    if (!mangled.eat('E')) mangled.until('E', () => this.#types.type());
    if (mangled.eat('s')) {
      this.#discriminator();
      return outer;
    }
    if (mangled.eat('d')) {
      if (isDigit(mangled.peek())) mangled.number();
      if (!mangled.eat('_')) return mangled.fail();
    }
    const inner = this.#name();
    this.#discriminator();
    return mangled.join(outer, '::', inner);
  }

  #discriminator(): void {
    const mangled = this.#mangled;
    if (mangled.eat('__')) {
      mangled.number();
      if (!mangled.eat('_')) mangled.fail();
    } else if (mangled.peek() === '_' && isDigit(mangled.peek(1))) mangled.at += 2;
  }

  /** `scope` is the enclosing name, which constructors repeat. */
  #unqualified(scope: string): string {
    const mangled = this.#mangled;
    const name = this.#plainName(scope);
    while (!mangled.failed && mangled.eat('B')) mangled.take(mangled.number());
    return name;
  }

  #plainName(scope: string): string {
    const mangled = this.#mangled;
    mangled.eat('L');
    const next = mangled.peek();
    if (isDigit(next)) return sourceName(mangled.take(mangled.number()));
    if (next === 'C' && /[1-5I]/.test(mangled.peek(1))) return this.#constructorName(scope);
    if (next === 'D' && /[0-5]/.test(mangled.peek(1))) {
      mangled.at += 2;
      return `~${lastName(scope)}`;
    }
    if (mangled.eat('Ut')) return this.#numbered('unnamed type');
    if (mangled.eat('Ul')) {
      mangled.until('E', () => this.#types.type());
      return this.#numbered('lambda');
    }
    return this.#operator();
  }

  #constructorName(scope: string): string {
    const mangled = this.#mangled;
    mangled.at += 1;
    const isInherited = mangled.eat('I');
    mangled.at += 1;
    if (isInherited) this.#types.type();
    return lastName(scope);
  }

  #numbered(what: string): string {
    const mangled = this.#mangled;
    const number = isDigit(mangled.peek()) ? mangled.number() + 2 : 1;
    return mangled.eat('_') ? `{${what}#${number}}` : mangled.fail();
  }

  #operator(): string {
    const mangled = this.#mangled;
    if (mangled.eat('cv')) return mangled.join('operator ', this.#types.type());
    if (mangled.eat('li')) return mangled.join('operator""', mangled.take(mangled.number()));
    const sign = OPERATORS[mangled.take(2)];
    return sign === undefined ? mangled.fail() : `operator${sign}`;
  }

  /** Parses a number in base 36: `_` is 0, `0_` is 1. */
  #index(): number {
    const mangled = this.#mangled;
    if (mangled.eat('_')) return 0;
    let value = 0;
    for (let digits = 0; digits < 6; digits += 1) {
      const digit = BASE36.indexOf(mangled.next());
      if (digit < 0 || mangled.failed) break;
      value = value * 36 + digit;
      if (mangled.eat('_')) return value + 1;
    }
    mangled.fail();
    return 0;
  }

  #substitution(): string {
    const mangled = this.#mangled;
    mangled.at += 1;
    const known = ABBREVIATIONS[mangled.peek()];
    if (known !== undefined) {
      mangled.at += 1;
      return known;
    }
    return this.#substitutions[this.#index()] ?? mangled.fail();
  }

  /** Parses a template parameter. It is not resolved: most are in parameter lists, which are omitted. */
  #templateParameter(): string {
    const mangled = this.#mangled;
    mangled.at += 1;
    this.#index();
    return mangled.failed ? '' : 'T';
  }

  #instance(name: string): string {
    return this.#mangled.join(name, name.endsWith('<') ? ' ' : '', this.#templateArguments());
  }

  #templateArguments(): string {
    const mangled = this.#mangled;
    return mangled.deeper(() => {
      mangled.at += 1;
      const args = mangled.until('E', () => this.#templateArgument()).filter((one) => one !== '');
      return mangled.join('<', mangled.list(args), '>');
    });
  }

  #templateArgument(): string {
    const mangled = this.#mangled;
    return mangled.deeper(() => {
      if (mangled.eat('J')) return mangled.list(mangled.until('E', () => this.#templateArgument()));
      if (mangled.eat('L')) return this.#literal();
      return mangled.peek() === 'X' ? mangled.fail() : this.#types.type();
    });
  }

  #literal(): string {
    const mangled = this.#mangled;
    if (mangled.eat('_Z')) {
      const name = this.encodingName();
      if (!mangled.eat('E')) mangled.until('E', () => this.#types.type());
      return mangled.join('&', name);
    }
    const code = mangled.peek();
    const type = this.#types.type();
    const minus = mangled.eat('n') ? '-' : '';
    const from = mangled.at;
    while (!mangled.isAtEnd && mangled.peek() !== 'E') mangled.at += 1;
    const value = mangled.text.slice(from, mangled.at);
    if (!mangled.eat('E') || !/^[0-9a-f]*$/.test(value)) return mangled.fail();
    if (code === 'b') return value === '0' ? 'false' : 'true';
    const suffix = LITERAL_SUFFIX[code];
    return suffix === undefined
      ? mangled.join('(', type, ')', minus, value)
      : mangled.join(minus, value, suffix);
  }
}

const BASE36 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

function sourceName(name: string): string {
  return /^_GLOBAL_[._$]N/.test(name) ? '(anonymous namespace)' : name;
}

/** Returns the last part of a qualified name, without its template arguments. */
function lastName(scope: string): string {
  let depth = 0;
  let end = scope.length;
  for (let at = scope.length - 1; at >= 0; at -= 1) {
    const character = scope.charAt(at);
    if (character === '>') depth += 1;
    else if (character === '<') {
      depth -= 1;
      if (depth === 0) end = at;
    } else if (character === ':' && depth === 0) return scope.slice(at + 1, end);
  }
  return scope.slice(0, end);
}
