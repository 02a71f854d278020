/** Says when tenon is imported, and not at the first call, that this system or runtime does not support all of it. */
import { existsSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import { libcHere } from '../base/libc.js';
import { supportProblem } from '../base/runtime.js';
import { ffi } from '../library/ffi.js';

const problem = supportProblem() ?? libcProblem();
if (problem !== null)
  process.emitWarning(problem, { type: 'TenonWarning', code: 'TENON_UNSUPPORTED_PLATFORM' });

/** Returns why plugins cannot be loaded with musl, where koffi needs a library that small systems lack. */
function libcProblem(): string | null {
  // Only these files make a report of the process and koffi worth their time.
  const files = ['x86_64', 'aarch64'].map((name) => `/lib/ld-musl-${name}.so.1`);
  if (process.platform !== 'linux' || !files.some((file) => existsSync(file)) || libcHere() !== 'musl')
    return null;
  try {
    ffi();
    return null;
  } catch (error) {
    return `${messageOf(error)} Inspection works: inspectFileSync, and the command tenon inspect.`;
  }
}
