/** Builds a plugin with Cargo. */
import { join } from 'node:path';
import type { BuildOptions, Project } from './build.js';
import { run } from './compiler.js';
import { type BuiltLibrary, chosen, LIBRARY } from './libraries.js';

export function cargo(folder: string, { release, target }: BuildOptions): Project {
  const args = ['build', '--manifest-path', join(folder, 'Cargo.toml'), ...(release ? ['--release'] : [])];
  return {
    shown: `cargo build in ${folder}`,
    folder,
    deep: true,
    async build(signal) {
      // Diagnostics go to the standard error output, and the files that were built to the standard output.
      const command = ['cargo', ...args, '--message-format', 'json-render-diagnostics'] as const;
      const { succeeded, output } = await run(command, folder, signal);
      return succeeded ? chosen(librariesIn(output), target, 'cdylib') : null;
    },
    close: () => undefined,
  };
}

interface Message {
  readonly reason?: string;
  readonly target?: { readonly name: string; readonly crate_types: readonly string[] };
  readonly filenames?: readonly string[];
}

function librariesIn(output: string): BuiltLibrary[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => {
      const { reason, target, filenames = [] } = JSON.parse(line) as Message;
      if (reason !== 'compiler-artifact' || !target?.crate_types.includes('cdylib')) return [];
      const file = filenames.find((name) => name.endsWith(LIBRARY));
      return file === undefined ? [] : [{ target: target.name, file }];
    });
}
