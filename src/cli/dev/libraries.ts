/** Chooses the plugin among the libraries that a project builds. */
import { TenonError } from '../../index.js';

/** The extension of libraries on this system. */
export const LIBRARY =
  process.platform === 'win32' ? '.dll' : process.platform === 'darwin' ? '.dylib' : '.so';

/** A library that a project builds. */
export interface BuiltLibrary {
  readonly target: string;
  readonly file: string;
}

/** Returns the file of the only library, or of the one that the user chose. @throws TenonError */
export function chosen(libraries: readonly BuiltLibrary[], target: string | undefined, what: string): string {
  const fitting = libraries.filter((one) => target === undefined || one.target === target);
  const [first] = fitting;
  if (first !== undefined && fitting.length === 1) return first.file;
  const names = libraries.map((one) => one.target).sort();
  const list = names.length === 0 ? `no ${what}` : names.join(', ');
  const cure =
    names.length === 0
      ? `A plugin is a ${what}: add one.`
      : 'Choose one of them with --target, or give the folder of one.';
  const missing = target === undefined ? '' : `, and none is ${target}`;
  throw new TenonError('ERR_TENON_NOT_FOUND', `The project builds ${list}${missing}. ${cure}`);
}
