/**
 * A mangled name and the state of its parser. Names come from plugins, so no input makes it throw or exceed
 * its limits. A failure is sticky, and every result after it is empty.
 */

/** The maximum length of a result. Without it a few back references could fill the memory. */
const LONGEST_RESULT = 1024;
/** The maximum number of productions. Each creates at most one string. Real names need hundreds. */
const MOST_STEPS = 4096;
const DEEPEST = 64;

export class Mangled {
  readonly text: string;
  /** The position of the parser. A back reference moves it temporarily. */
  at: number;
  #steps = 0;
  #depth = 0;
  #failed = false;

  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
  }

  get failed(): boolean {
    return this.#failed;
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** Fails the whole name. */
  fail(): '' {
    this.#failed = true;
    this.at = this.text.length;
    return '';
  }

  /** Runs a production one level deeper. */
  deeper(production: () => string): string {
    this.#steps += 1;
    if (this.#steps > MOST_STEPS || this.#depth >= DEEPEST) return this.fail();
    this.#depth += 1;
    const made = production();
    this.#depth -= 1;
    return this.#failed ? '' : made;
  }

  /** Concatenates parts of a result. */
  join(...parts: readonly string[]): string {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    return length > LONGEST_RESULT ? this.fail() : parts.join('');
  }

  /** Concatenates the items of a list. */
  list(parts: readonly string[], separator = ', '): string {
    return this.join(...parts.flatMap((part, i) => (i === 0 ? [part] : [separator, part])));
  }

  peek(ahead = 0): string {
    return this.text.charAt(this.at + ahead);
  }

  /** Consumes the string if it comes next. */
  eat(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** Consumes the next character. */
  next(): string {
    if (this.isAtEnd) return this.fail();
    return this.text.charAt(this.at++);
  }

  /** Parses a decimal number. NaN if there is none. */
  number(): number {
    const from = this.at;
    // Manglings have no leading zeros: another number can follow directly after a 0.
    if (!this.eat('0')) while (isDigit(this.peek())) this.at += 1;
    const length = this.at - from;
    if (length === 0 || length > 9) {
      this.fail();
      return Number.NaN;
    }
    return Number(this.text.slice(from, this.at));
  }

  /** Consumes a number of characters. */
  take(length: number): string {
    if (!(length >= 0) || this.at + length > this.text.length) return this.fail();
    const taken = this.text.slice(this.at, this.at + length);
    this.at += length;
    return taken;
  }

  /** Repeats `production` until `end` comes. */
  until(end: string, production: () => string): string[] {
    const made: string[] = [];
    while (!this.#failed && !this.eat(end)) {
      if (this.isAtEnd) this.fail();
      else made.push(production());
    }
    return made;
  }
}

export function isDigit(character: string): boolean {
  return character >= '0' && character <= '9' && character.length === 1;
}
