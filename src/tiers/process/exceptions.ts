/** The exceptions of Windows, which are the exit codes of the processes that they end. */

/** Names as in the headers of Windows, and what they mean. */
const EXCEPTIONS: Readonly<Record<number, readonly [name: string, meaning: string]>> = {
  1073741845: ['STATUS_FATAL_APP_EXIT', 'abort: a failed assertion or an uncaught exception'],
  2147483650: ['EXCEPTION_DATATYPE_MISALIGNMENT', 'access to a misaligned address'],
  2147483651: ['EXCEPTION_BREAKPOINT', 'breakpoint instruction'],
  3221225477: ['EXCEPTION_ACCESS_VIOLATION', 'invalid memory access'],
  3221225478: ['EXCEPTION_IN_PAGE_ERROR', 'access to mapped memory without backing storage'],
  3221225495: ['STATUS_NO_MEMORY', 'no memory left'],
  3221225501: ['EXCEPTION_ILLEGAL_INSTRUCTION', 'illegal instruction'],
  3221225509: ['EXCEPTION_NONCONTINUABLE_EXCEPTION', 'an exception after which nothing can continue'],
  3221225612: ['EXCEPTION_ARRAY_BOUNDS_EXCEEDED', 'index out of bounds'],
  3221225614: ['EXCEPTION_FLT_DIVIDE_BY_ZERO', 'floating-point division by zero'],
  3221225620: ['EXCEPTION_INT_DIVIDE_BY_ZERO', 'integer division by zero'],
  3221225621: ['EXCEPTION_INT_OVERFLOW', 'integer overflow'],
  3221225622: ['EXCEPTION_PRIV_INSTRUCTION', 'privileged instruction'],
  3221225725: ['EXCEPTION_STACK_OVERFLOW', 'stack overflow'],
  3221225781: ['STATUS_DLL_NOT_FOUND', 'a library was not found'],
  3221225794: ['STATUS_DLL_INIT_FAILED', 'a library could not be initialized'],
  3221226356: ['STATUS_HEAP_CORRUPTION', 'corrupted heap'],
  3221226505: ['STATUS_STACK_BUFFER_OVERRUN', 'abort, or an overrun of the stack'],
  3221226528: ['STATUS_ASSERTION_FAILURE', 'a failed assertion'],
  3765269347: ['a C++ exception', 'an uncaught C++ exception'],
  541541187: ['a C++ exception', 'an uncaught C++ exception'],
};
/** Exit codes from here on are errors of the system, which no program returns by itself. */
const FIRST_ERROR = 0xc000_0000;
const isWindows = process.platform === 'win32';

/**
 * Returns the name of the exception that an exit code stands for, for example `EXCEPTION_ACCESS_VIOLATION`. Returns null
 * if the process exited by itself, and on other systems than Windows.
 */
export function exceptionOf(code: number | null, windows = isWindows): string | null {
  if (!windows || code === null) return null;
  const name = EXCEPTIONS[code]?.[0];
  return name ?? (code >= FIRST_ERROR ? `exception 0x${code.toString(16)}` : null);
}

/** Returns the meaning of an exception, or undefined. */
export function meaningOfException(name: string): string | undefined {
  return Object.values(EXCEPTIONS).find(([known]) => known === name)?.[1];
}
