/** Libraries that every system has, by format. A plugin may need them. */
import type { BinaryFormat } from '../inspect/facts.js';

/** The C library and its parts, the run-time libraries of compilers, and zlib, which Node.js itself needs. */
const ALWAYS: Readonly<Record<BinaryFormat, readonly RegExp[]>> = {
  elf: [
    /^lib(c|m|pthread|dl|rt|util|resolv|nsl|anl|crypt|mvec)\.so(\.\d+)*$/,
    /^(ld-linux|ld64|ld-musl|libc\.musl|ld)[-.\w]*\.so(\.\d+)*$/,
    /^lib(gcc_s|stdc\+\+|c\+\+|c\+\+abi|unwind|atomic|z)\.so(\.\d+)*$/,
    /^linux-(vdso|gate)\.so\.1$/,
  ],
  pe: [
    /^(kernel32|kernelbase|ntdll|user32|gdi32|advapi32|shell32|ole32|oleaut32|ws2_32|mswsock|bcrypt|bcryptprimitives|crypt32|userenv|secur32|shlwapi|synchronization|psapi|dbghelp|winmm|iphlpapi|rpcrt4|version)\.dll$/i,
    /^(api-ms-win|ext-ms-win)-[-\w]+\.dll$/i,
    /^(msvcrt|ucrtbase|vcruntime140(_1)?|msvcp140)\.dll$/i,
  ],
  macho: [/^\/usr\/lib\//, /^\/System\/Library\//],
};

/** Returns whether a plugin may need a library. In the names in `allowed`, `*` matches any characters. */
export function isAllowed(name: string, format: BinaryFormat, allowed: readonly string[]): boolean {
  if (ALWAYS[format].some((pattern) => pattern.test(name))) return true;
  return allowed.some((glob) => {
    const parts = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`).test(name);
  });
}
