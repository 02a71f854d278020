/** Builds a plugin with CMake, in the folder `build` of the project. CMake's file API says which libraries it builds. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { quoted } from '../../base/shell.js';
import type { BuildOptions, Project } from './build.js';
import { type CommandLine, run } from './compiler.js';
import { type BuiltLibrary, chosen } from './libraries.js';

export function cmake(folder: string, { release, target }: BuildOptions): Project {
  const build = join(folder, 'build');
  const api = join(build, '.cmake', 'api', 'v1');
  const configure: CommandLine = [
    ...(['cmake', '-S', folder, '-B', build] as const),
    ...(release ? ['-DCMAKE_BUILD_TYPE=Release'] : []),
  ];
  const compile: CommandLine = [
    ...(['cmake', '--build', build, '--parallel'] as const),
    ...(target === undefined ? [] : ['--target', target]),
    ...(release ? ['--config', 'Release'] : []),
  ];
  let isConfigured = false;
  const step = async (command: CommandLine, signal: AbortSignal): Promise<boolean> => {
    const { succeeded, output } = await run(command, folder, signal);
    // Some build programs print the messages of compilers to the standard output.
    if (!succeeded && !signal.aborted) process.stderr.write(output);
    return succeeded;
  };
  return {
    shown: quoted(['cmake', '--build', build]),
    folder,
    deep: true,
    async build(signal) {
      if (!isConfigured) {
        mkdirSync(join(api, 'query', 'client-tenon'), { recursive: true });
        writeFileSync(join(api, 'query', 'client-tenon', 'codemodel-v2'), '');
        isConfigured = await step(configure, signal);
        if (!isConfigured) return null;
      }
      if (!(await step(compile, signal))) return null;
      return chosen(librariesIn(build, join(api, 'reply')), target, 'library of the type MODULE');
    },
    close: () => undefined,
  };
}

interface Reply {
  readonly objects: readonly { readonly kind: string; readonly jsonFile: string }[];
}
interface CodeModel {
  readonly configurations: readonly { readonly targets: readonly { readonly jsonFile: string }[] }[];
}
interface Target {
  readonly name: string;
  readonly type: string;
  readonly artifacts?: readonly { readonly path: string }[];
}

/** Reads the reply of CMake. A shared library counts only if there is no module. */
function librariesIn(build: string, folder: string): BuiltLibrary[] {
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
  const index = readdirSync(folder)
    .filter((name) => name.startsWith('index-'))
    .sort()
    .at(-1);
  const model = index && read<Reply>(index).objects.find(({ kind }) => kind === 'codemodel')?.jsonFile;
  const [configuration] = model ? read<CodeModel>(model).configurations : [];
  const targets = (configuration?.targets ?? []).map(({ jsonFile }) => read<Target>(jsonFile));
  const ofType = (type: string): BuiltLibrary[] =>
    targets
      .filter((one) => one.type === type)
      .map(({ name, artifacts }) => ({ target: name, file: resolve(build, artifacts?.[0]?.path ?? '') }));
  const modules = ofType('MODULE_LIBRARY');
  return modules.length > 0 ? modules : ofType('SHARED_LIBRARY');
}
