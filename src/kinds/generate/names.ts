/** Names in generated code: unique, and none that the language or its headers use. */

/** The keywords of C11 to C23 and of C++98 to C++23, and the words that common headers define as macros. */
const KEYWORDS = new Set(
  `alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl
  concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default delete
  do double dynamic_cast else enum explicit export extern false final float for friend goto if import inline int long
  module mutable namespace new noexcept not not_eq nullptr operator or or_eq override private protected public register
  reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast struct switch template
  this thread_local throw true try typedef typeid typename typeof typeof_unqual union unsigned using virtual void volatile
  wchar_t while xor xor_eq NULL EOF I complex imaginary noreturn errno assert offsetof stdin stdout stderr unix linux
  major minor makedev near far interface small BOOL TRUE FALSE NAN INFINITY BUFSIZ`.split(/\s+/),
);
/** Names that belong to the implementation, to this package, or to the headers of the standard library. */
const TAKEN =
  /^(?:_[A-Z_]\w*|TENON\w*|tenon_\w+|(?:u?int\d+|size)_t|U?INT\w*_(?:MIN|MAX|C)|(?:SIZE|PTRDIFF|WCHAR|WINT|RAND|SIG_ATOMIC)_\w+|EXIT_\w+)$/;

/** Returns the name, with a trailing underscore if it is a keyword. */
export function safe(name: string): string {
  return KEYWORDS.has(name) || TAKEN.test(name) ? `${name}_` : name;
}

/** The form of a macro's name, as headers of the kind itself have them, too: `TEXT_1_FACTS`. */
const MACRO = /^[A-Z][A-Z0-9]*_[A-Z0-9_]*$/;

/** Returns the names of members that are in one scope, all different and none of them a keyword or a macro. */
export function safeAll(names: readonly string[], taken: readonly string[] = []): string[] {
  const safeName = (name: string): string => (MACRO.test(name) ? `${name}_` : safe(name));
  return apart(names, taken, safeName);
}

/** Returns the names, all different from each other and from those that are taken, by underscores behind them. */
export function apart(
  names: readonly string[],
  taken: readonly string[],
  change = (name: string): string => name,
): string[] {
  const used = new Set(taken);
  const given = new Set(names);
  return names.map((name) => {
    let one = change(name);
    while (used.has(one) || (one !== name && given.has(one))) one += '_';
    used.add(one);
    return one;
  });
}

/** `find_in` becomes `FindIn`. */
export function pascal(name: string): string {
  const joined = name
    .split(/[_-]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
  return /^[A-Za-z]/.test(joined) ? joined : `T${joined}`;
}

/** Gives each thing of one scope a name of its own. */
export class Names {
  readonly #used = new Set<string>();

  /**
   * Returns `wanted`, or `wanted` with a number if it is used already. With each name, those are used that have one
   * of the suffixes behind it.
   */
  claim(wanted: string, suffixes: readonly string[] = []): string {
    for (let i = 1; ; i++) {
      const name = i === 1 ? safe(wanted) : `${wanted}_${i}`;
      const all = [name, ...suffixes.map((suffix) => name + suffix)];
      if (all.some((one) => this.#used.has(one))) continue;
      for (const one of all) this.#used.add(one);
      return name;
    }
  }
}
