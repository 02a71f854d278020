/** Recognises libraries that were built with a sanitizer, by the functions of its runtime that they import. */
import { loadingOf } from '../checks/file-subject.js';
import { COMPILED_SANITIZERS, type CompiledSanitizer, type Sanitizer } from '../settings.js';
import type { Subject } from '../subject.js';
import { findValgrind } from './valgrind.js';

/** The functions that the compiler calls in a library that it builds with the sanitizer. */
const RUNTIME: Readonly<Record<CompiledSanitizer, RegExp>> = {
  address: /^__asan_init/,
  undefined: /^__ubsan_handle_/,
  thread: /^__tsan_init/,
};

/** Returns the sanitizers that the library was built with. */
export function builtWith(subject: Subject): readonly CompiledSanitizer[] {
  const imports = loadingOf(subject)?.imports ?? [];
  return COMPILED_SANITIZERS.filter((sanitizer) => imports.some((name) => RUNTIME[sanitizer].test(name)));
}

/** Returns the reason why the sanitizer of the options cannot watch the library, or null if it can. */
export function reasonAgainstWatching(subject: Subject, sanitizer: Sanitizer): string | null {
  const built = builtWith(subject);
  const [first] = built;
  if (sanitizer === 'valgrind') {
    if (first !== undefined) return `valgrind cannot run a library that was built with -fsanitize=${first}`;
    return findValgrind() === null
      ? 'valgrind is not installed. Install it (Debian package: valgrind)'
      : null;
  }
  if (built.includes(sanitizer)) return null;
  const other = first === undefined ? '' : `, but with -fsanitize=${first}: use --sanitize ${first}`;
  return `the library was not built with -fsanitize=${sanitizer}${other}`;
}

/**
 * Returns the reason why a process cannot load the library: the sanitizer that it was built with is not the one
 * of the options. Returns null if it can.
 */
export function reasonAgainstLoading(subject: Subject): string | null {
  const { sanitize } = subject.settings;
  const [first] = builtWith(subject);
  if (sanitize !== undefined || first === undefined) return null;
  return `the library was built with -fsanitize=${first}, and can only run with the runtime of that sanitizer. Add --sanitize ${first}, or check a library that was built without it`;
}
