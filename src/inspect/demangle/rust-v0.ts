/**
 * The v0 mangling of rustc (`-C symbol-mangling-version=v0`), by the grammar of RFC 2603. Hashes of crates
 * and lifetimes are omitted: they are not useful in a crash report.
 */
import { isDigit, Mangled } from './mangled.js';

const BASIC: Readonly<Record<string, string>> = {
  a: 'i8',
  b: 'bool',
  c: 'char',
  d: 'f64',
  e: 'str',
  f: 'f32',
  h: 'u8',
  i: 'isize',
  j: 'usize',
  l: 'i32',
  m: 'u32',
  n: 'i128',
  o: 'u128',
  p: '_',
  s: 'i16',
  t: 'u16',
  u: '()',
  v: '...',
  x: 'i64',
  y: 'u64',
  z: '!',
};
/** Namespaces of items without a name in the source. */
const SPECIAL: Readonly<Record<string, string>> = { C: 'closure', S: 'shim' };
const START = 2;

/** Demangles a path. Null for other manglings. `rest` is the suffix of the symbol. */
export function rustV0(symbol: string): { readonly name: string; readonly rest: string } | null {
  if (!symbol.startsWith('_R') || isDigit(symbol.charAt(START))) return null;
  const parser = new RustV0(new Mangled(symbol, START));
  return parser.symbol();
}

class RustV0 {
  readonly #mangled: Mangled;

  constructor(mangled: Mangled) {
    this.#mangled = mangled;
  }

  symbol(): { readonly name: string; readonly rest: string } | null {
    const mangled = this.#mangled;
    const name = this.#path(true);
    // The crate that instantiated it.
    if (/[A-Z]/.test(mangled.peek())) this.#path(false);
    if (mangled.failed || (!mangled.isAtEnd && !'.$'.includes(mangled.peek()))) return null;
    return { name, rest: mangled.text.slice(mangled.at) };
  }

  /** Parses a path. `isValue`: `::` precedes generic arguments. */
  #path(isValue: boolean): string {
    const mangled = this.#mangled;
    return mangled.deeper(() => {
      switch (mangled.next()) {
        case 'C':
          return this.#identifier().name;
        case 'M':
          this.#implPath();
          return mangled.join('<', this.#type(), '>');
        case 'X':
          this.#implPath();
          return this.#asTrait();
        case 'Y':
          return this.#asTrait();
        case 'N':
          return this.#nested(isValue);
        case 'I': {
          const path = this.#path(isValue);
          const args = mangled.until('E', () => this.#genericArgument()).filter((one) => one !== '');
          return args.length === 0
            ? path
            : mangled.join(path, isValue ? '::<' : '<', mangled.list(args), '>');
        }
        case 'B':
          return this.#backReference(() => this.#path(isValue));
        default:
          return mangled.fail();
      }
    });
  }

  #asTrait(): string {
    const type = this.#type();
    return this.#mangled.join('<', type, ' as ', this.#path(false), '>');
  }

  #implPath(): void {
    this.#disambiguator();
    this.#path(false);
  }

  #nested(isValue: boolean): string {
    const mangled = this.#mangled;
    const namespace = mangled.next();
    const path = this.#path(isValue);
    const { name, index } = this.#identifier();
    if (namespace >= 'a' && namespace <= 'z') return name === '' ? path : mangled.join(path, '::', name);
    if (namespace < 'A' || namespace > 'Z') return mangled.fail();
    const what = SPECIAL[namespace] ?? namespace;
    return mangled.join(path, '::{', what, name === '' ? '' : `:${name}`, `#${index}}`);
  }

  /** Parses `s_` or `s0_`, the index among items with the same name. */
  #disambiguator(): number {
    return this.#mangled.eat('s') ? this.#base62() + 1 : 0;
  }

  #identifier(): { readonly name: string; readonly index: number } {
    const mangled = this.#mangled;
    const index = this.#disambiguator();
    const isUnicode = mangled.eat('u');
    const length = mangled.number();
    mangled.eat('_');
    const name = mangled.take(length);
    return { name: isUnicode ? mangled.join('punycode{', name, '}') : name, index };
  }

  /** Parses a number in base 62: `_` is 0, `0_` is 1. */
  #base62(): number {
    const mangled = this.#mangled;
    if (mangled.eat('_')) return 0;
    let value = 0;
    for (let digits = 0; digits < 12; digits += 1) {
      const digit = BASE62.indexOf(mangled.next());
      if (digit < 0 || mangled.failed) break;
      value = value * 62 + digit;
      if (mangled.eat('_')) return value + 1;
    }
    mangled.fail();
    return 0;
  }

  #backReference(production: () => string): string {
    const mangled = this.#mangled;
    const from = mangled.at - 1;
    const to = START + this.#base62();
    if (mangled.failed || to >= from) return mangled.fail();
    const back = mangled.at;
    mangled.at = to;
    const made = production();
    if (!mangled.failed) mangled.at = back;
    return made;
  }

  #genericArgument(): string {
    const mangled = this.#mangled;
    if (mangled.eat('L')) {
      this.#base62();
      return '';
    }
    return mangled.eat('K') ? this.#constant() : this.#type();
  }

  #type(): string {
    const mangled = this.#mangled;
    return mangled.deeper(() => {
      const tag = mangled.next();
      const basic = BASIC[tag];
      if (basic !== undefined) return basic;
      switch (tag) {
        case 'A': {
          const type = this.#type();
          return mangled.join('[', type, '; ', this.#constant(), ']');
        }
        case 'S':
          return mangled.join('[', this.#type(), ']');
        case 'T':
          return this.#tuple();
        case 'R':
        case 'Q':
          if (mangled.eat('L')) this.#base62();
          return mangled.join(tag === 'R' ? '&' : '&mut ', this.#type());
        case 'P':
          return mangled.join('*const ', this.#type());
        case 'O':
          return mangled.join('*mut ', this.#type());
        case 'F':
          return this.#function();
        case 'D':
          return this.#dynamic();
        case 'B':
          return this.#backReference(() => this.#type());
        default:
          mangled.at -= 1;
          return this.#path(false);
      }
    });
  }

  #tuple(): string {
    const types = this.#mangled.until('E', () => this.#type());
    return this.#mangled.join('(', this.#mangled.list(types), types.length === 1 ? ',)' : ')');
  }

  #binder(): void {
    if (this.#mangled.eat('G')) this.#base62();
  }

  #function(): string {
    const mangled = this.#mangled;
    this.#binder();
    const unsafe = mangled.eat('U') ? 'unsafe ' : '';
    const abi = mangled.eat('K') ? `extern "${mangled.eat('C') ? 'C' : this.#identifier().name}" ` : '';
    const inputs = mangled.until('E', () => this.#type());
    const output = mangled.eat('u') ? '' : mangled.join(' -> ', this.#type());
    return mangled.join(unsafe, abi, 'fn(', mangled.list(inputs), ')', output);
  }

  #dynamic(): string {
    const mangled = this.#mangled;
    this.#binder();
    const traits = mangled.until('E', () => this.#dynamicTrait());
    if (mangled.eat('L')) this.#base62();
    else mangled.fail();
    return mangled.join('dyn ', mangled.list(traits, ' + '));
  }

  #dynamicTrait(): string {
    const mangled = this.#mangled;
    let made = this.#path(false);
    while (mangled.eat('p')) {
      const { name } = this.#identifier();
      const binding = mangled.join(name, ' = ', this.#type());
      const open = made.endsWith('>');
      made = mangled.join(open ? made.slice(0, -1) : made, open ? ', ' : '<', binding, '>');
    }
    return made;
  }

  #constant(): string {
    const mangled = this.#mangled;
    return mangled.deeper(() => {
      if (mangled.eat('B')) return this.#backReference(() => this.#constant());
      if (mangled.eat('p')) return '_';
      const type = mangled.next();
      const minus = mangled.eat('n') ? '-' : '';
      const from = mangled.at;
      while (/[0-9a-f]/.test(mangled.peek())) mangled.at += 1;
      const digits = mangled.text.slice(from, mangled.at);
      if (!mangled.eat('_') || digits.length > 32 || BASIC[type] === undefined) return mangled.fail();
      return constantText(type, minus, digits);
    });
  }
}

const BASE62 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

function constantText(type: string, minus: string, digits: string): string {
  const value = BigInt(`0x${digits === '' ? '0' : digits}`);
  if (type === 'b') return value === 0n ? 'false' : 'true';
  if (type === 'c') return `'\\u{${value.toString(16)}}'`;
  return `${minus}${value}`;
}
