/** Writes a plugin project from the templates in examples/templates. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { isCheckout, packageRoot, packageVersion } from '../base/package.js';
import { cppSkeleton, cSkeleton, rustSkeleton } from '../kinds/generate/skeleton.js';
import type { KindModel } from '../kinds/model.js';
import { documentOf, filesIn, type GeneratedFile } from './kind/generated.js';

export const LANGUAGES = ['c', 'cpp', 'rust'] as const;
export type Language = (typeof LANGUAGES)[number];

const TEMPLATES = join(packageRoot, 'examples', 'templates');
const CMAKE = {
  tools: 'It is built by CMake.',
  build: 'cmake -S . -B build && cmake --build build',
};

/** The differences between the languages. */
const KINDS: Readonly<Record<Language, { language: string; tools: string; build: string; source: string }>> =
  {
    c: { language: 'C', ...CMAKE, source: 'src/plugin.c' },
    cpp: { language: 'C++', ...CMAKE, source: 'src/plugin.cc' },
    rust: {
      language: 'Rust',
      tools: 'It is built by cargo (Rust 1.85 or newer).',
      build: 'cargo build --release',
      source: 'src/plugin.rs',
    },
  };

/** The names that tools derive from the name of the plugin. */
export interface ProjectNames {
  readonly name: string;
  /** The name as a C or Rust identifier. */
  readonly identifier: string;
  readonly crate: string;
  /** The name as a package name of npm. */
  readonly package: string;
}

/** Returns the names, or undefined if the name is not valid for a plugin. */
export function projectNames(name: string): ProjectNames | undefined {
  if (!/^[A-Za-z0-9._-]{1,63}$/.test(name) || /^\.+$/.test(name)) return undefined;
  const word = name.replaceAll(/[^A-Za-z0-9]/g, '_').replace(/^(?=\d)/, 'p');
  const identifier = word.replace(/^_+/, '').toLowerCase() || 'plugin';
  return {
    name,
    identifier,
    crate: identifier.replaceAll('_', '-').replace(/-+$/, '') || 'plugin',
    package: name.toLowerCase().replace(/^[._]+/, '') || 'plugin',
  };
}

/** Writes the project. Returns the written files, relative to the folder. */
export function writeProject(name: string, language: Language, folder: string, kind?: KindModel): string[] {
  const names = projectNames(name);
  if (names === undefined) throw new Error(`'${name}' is not a valid name of a plugin`);
  const tenon = { tenon: tenonFor(folder), archive: `tenon-${packageVersion()}.tgz` };
  const ofKind = kind === undefined ? {} : { kind: kind.name, kindVersion: kind.version };
  const values = {
    ...names,
    ...KINDS[language],
    ...placesOf(names, language),
    ...tenon,
    ...ofKind,
    lang: language,
  };
  const written = new Set<string>();
  for (const part of ['common', language, ...(kind === undefined ? [] : ['kind'])]) {
    const from = join(TEMPLATES, part);
    for (const file of filesBelow(from)) {
      const target = file.split(sep).map(visibleName).join(sep);
      mkdirSync(dirname(join(folder, target)), { recursive: true });
      writeFileSync(join(folder, target), filled(readFileSync(join(from, file), 'utf8'), values));
      written.add(target);
    }
  }
  for (const { name: file, content } of kind === undefined ? [] : kindFiles(name, language, kind)) {
    writeFileSync(join(folder, file), content);
    written.add(file);
  }
  return [...written].sort();
}

/** Returns the document of a kind, the code that is generated from it, and the source of the plugin. */
function kindFiles(name: string, language: Language, kind: KindModel): GeneratedFile[] {
  const skeleton = { c: cSkeleton, cpp: cppSkeleton, rust: rustSkeleton }[language];
  return [
    { name: `${kind.name}.kind.json`, content: documentOf(kind) },
    ...filesIn('src', kind, [language]),
    { name: KINDS[language].source, content: skeleton(kind, name) },
  ];
}

function placesOf({ name, identifier }: ProjectNames, language: Language): { library: string } {
  const extension = { darwin: 'dylib', win32: 'dll' }[process.platform as 'darwin' | 'win32'] ?? 'so';
  if (language !== 'rust') return { library: `build/${name}.${extension}` };
  const prefix = process.platform === 'win32' ? '' : 'lib';
  return { library: `target/release/${prefix}${identifier}.${extension}` };
}

/**
 * Returns the dependency on tenon for package.json: this checkout or, if tenon was installed, the archive or
 * repository that it was installed from. A version is valid only if tenon was installed from a registry.
 */
function tenonFor(folder: string): string {
  if (isCheckout) return `file:${relative(folder, packageRoot)}`;
  const source = installedFrom();
  if (source?.startsWith('file:')) {
    const project = resolve(packageRoot, '..', '..');
    return `file:${relative(folder, resolve(project, source.slice('file:'.length)))}`;
  }
  return source?.startsWith('git+') ? source : `^${packageVersion()}`;
}

/** Returns the source from which npm installed this package, according to its list in node_modules. */
function installedFrom(): string | undefined {
  try {
    const list: unknown = JSON.parse(readFileSync(join(packageRoot, '..', '.package-lock.json'), 'utf8'));
    const { packages } = list as { packages?: Record<string, { resolved?: unknown }> };
    const source = packages?.['node_modules/tenon']?.resolved;
    return typeof source === 'string' ? source : undefined;
  } catch {
    // Another package manager or a global installation has no such list.
    return undefined;
  }
}

/** Returns the name of a written file. Template names begin with `_` instead of a dot, because npm omits dot files. */
function visibleName(part: string): string {
  return part.replace(/^_/, '.');
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (found, key: string) => values[key] ?? found);
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
