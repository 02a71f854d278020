/** The advice to messages of the loader, with real libraries that it refuses. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TenonError } from '../../src/index.js';
import { inspectFileSync } from '../../src/inspect/index.js';
import { openLibrary } from '../../src/library/library.js';
import { adviceFor } from '../../src/library/loader-advice.js';
import { answering, compile, pluginFile, root, temporaryFolder } from '../support/index.js';
import { openHost } from '../support/processes.js';

const linux = process.platform === 'linux';
const PLUGIN = answering('made', 'ok');
const NEEDS = `${PLUGIN}int borrowed(void); int (*volatile use_it)(void) = borrowed;\n`;
const LENT = '__attribute__((visibility("default"))) int borrowed(void) { return 1; }\n';

/** Compiles a plugin that needs the library `helper.so` in its folder, found by an absolute RUNPATH. */
function withHelper(folder: string, flags: string[] = []): { plugin: string; helper: string } {
  const helper = compile(folder, 'libhelper', LENT, ['-Wl,-soname,libhelper.so', ...flags]);
  const plugin = compile(folder, 'needs', NEEDS, [helper, `-Wl,-rpath,${folder}`]);
  return { plugin, helper };
}

/** Each case: the name, a function that makes the plugin, and words of the message. */
const CASES: readonly (readonly [string, (folder: string) => string, string, string])[] = [
  [
    'a missing dependency',
    (folder) => {
      const { plugin, helper } = withHelper(folder);
      rmSync(helper);
      return plugin;
    },
    'libhelper.so: cannot open shared object file',
    'Install libhelper.so, or ship it next to the plugin',
  ],
  [
    'a dependency that is a script of the linker',
    (folder) => {
      const { plugin, helper } = withHelper(folder);
      writeFileSync(helper, `/* a script of the linker */\n${'GROUP ( libc.so.6 )\n'.repeat(9)}`);
      return plugin;
    },
    '',
    'is damaged, or is not a library',
  ],
  [
    'a dependency that was cut off',
    (folder) => {
      const { plugin, helper } = withHelper(folder);
      truncateSync(helper, 100);
      return plugin;
    },
    '',
    'is damaged, or is not a library',
  ],
  [
    'a missing symbol',
    (folder) => compile(folder, 'made', NEEDS),
    'undefined symbol: borrowed',
    'Link the plugin with the library that defines the symbol',
  ],
  [
    'thread-locals for which no room is left',
    (folder) =>
      compile(
        folder,
        'made',
        `${PLUGIN}__thread char much[1 << 20]; char *volatile use_it;\nvoid use(void) { use_it = much; }\n`,
        ['-ftls-model=initial-exec'],
      ),
    'cannot allocate memory in static TLS block',
    'without -ftls-model=initial-exec',
  ],
  [
    'a version of a library that is not there',
    (folder) => {
      const map = (name: string) => {
        writeFileSync(join(folder, name), `${name} { global: borrowed; };\n`);
        return [`-Wl,--version-script=${join(folder, name)}`];
      };
      const { plugin } = withHelper(folder, map('NEWER_2'));
      withHelper(join(folder, 'old'), map('OLDER_1'));
      cpSync(join(folder, 'old', 'libhelper.so'), join(folder, 'libhelper.so'));
      return plugin;
    },
    "version `NEWER_2' not found",
    'The library has no version NEWER_2',
  ],
  [
    'a plugin that forbids dlopen',
    (folder) => compile(folder, 'made', PLUGIN, ['-Wl,-z,nodlopen']),
    'cannot be dlopen()ed',
    'Link it without -Wl,-z,nodlopen',
  ],
  [
    'a program',
    (folder) => {
      writeFileSync(join(folder, 'made.c'), `${PLUGIN}int main(void) { return 0; }\n`);
      const program = join(folder, 'made');
      execFileSync('cc', [
        '-pie',
        '-fPIE',
        '-rdynamic',
        `-I${join(root, 'include')}`,
        `${program}.c`,
        '-o',
        program,
      ]);
      return program;
    },
    'cannot dynamically load position-independent executable',
    'link it with -shared and without -pie',
  ],
];

/** The error of the loader for a file that it refuses. */
function refused(file: string): TenonError {
  try {
    openLibrary(file, inspectFileSync(pluginFile('echo')));
  } catch (error) {
    return error as TenonError;
  }
  return expect.unreachable();
}

describe.runIf(linux)('a library that the loader refuses', () => {
  test.each(CASES)('%s', (_, make, words, advice) => {
    const file = make(temporaryFolder());
    const error = refused(file);
    expect(error.code).toBe('ERR_TENON_LOAD_FAILED');
    expect(error.message).toContain(words);
    expect(error.message).toContain(advice);
  });

  test.each(['inline', 'process'] as const)('in the %s tier the advice is the same', async (isolation) => {
    const file = compile(temporaryFolder(), 'made', NEEDS);
    const host = openHost();
    await expect(host.load(file, { isolation })).rejects.toMatchObject({
      code: 'ERR_TENON_LOAD_FAILED',
      message: expect.stringContaining('Link the plugin with the library that defines the symbol'),
    });
  });

  const mayMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
  test.runIf(mayMount)('a folder of copies from which nothing may be executed', () => {
    const cacheDir = temporaryFolder();
    const script = `import { PluginHost } from ${JSON.stringify(join(root, 'dist', 'index.js'))};
      const host = new PluginHost({ cacheDir: ${JSON.stringify(cacheDir)} });
      const load = (isolation) => host.load(${JSON.stringify(pluginFile('echo'))}, { isolation });
      for (const tier of ['inline', 'process']) console.log(await load(tier).then(() => 'loaded', (error) => error.message));`;
    const mount =
      'mount -t tmpfs -o noexec none "$1" && chmod 700 "$1" && exec "$2" --input-type=module -e "$3"';
    const args = ['-m', 'sh', '-c', mount, 'sh', cacheDir, process.execPath, script];
    const printed = execFileSync('unshare', args, { encoding: 'utf8' }).trim().split('\n');
    expect(printed).toHaveLength(2);
    for (const message of printed)
      expect(message).toContain('(mount option noexec): set the host option cacheDir');
  });
});

/** Messages of loaders and systems that the other tests do not reach, each with words of its advice. */
const TEXTS: readonly (readonly [string, string])[] = [
  ["/lib/libc.so.6: version `GLIBC_2.99' not found (required by p.so)", 'lacks GLIBC_2.99'],
  ["libstdc++.so.6: version `GLIBCXX_3.4.99' not found (required by p.so)", '-static-libstdc++'],
  ['p.so: wrong ELF class: ELFCLASS32', 'for another processor'],
  ['p.so: cannot enable executable stack as shared object requires: Permission denied', 'noexecstack'],
  ['p.so: cannot make segment writable for relocation: Permission denied', '-fPIC'],
  ['p.so: CPU ISA level is lower than required', 'older -march'],
  ['p.so: cannot open shared object file: Permission denied', 'modes of the file'],
  ['p.so: cannot open shared object file: Too many open files', 'ulimit -n'],
  ['/x/p.so: cannot open shared object file: No such file or directory', 'has disappeared'],
  ['p.so: only ET_DYN and ET_EXEC can be loaded', 'an object file'],
  ['p.so: cannot create shared object descriptor: Cannot allocate memory', 'too little memory'],
  ['Error loading shared library libx.so.1: No such file or directory (needed by p.so)', 'Install libx.so.1'],
  ['Error relocating p.so: borrowed: symbol not found', 'defines the symbol'],
  ['dlopen(p.dylib, 0x0006): Library not loaded: @rpath/libx.dylib', 'Install @rpath/libx.dylib'],
  ['The specified module could not be found. (error 126)', 'ship them next to the plugin'],
  ['something that no loader says', 'Install what is missing'],
];

test.each(TEXTS)('%s', (text, words) => {
  expect(adviceFor(`the system's loader says "${text}"`)).toContain(words);
});
