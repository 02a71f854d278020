/** Runs the programs of the README and of docs/ unchanged, with the Node.js that runs the tests. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { compile, root, temporaryFolder, withAddon, withRunner } from '../support/index.js';
import { needs } from '../support/tools.js';
import { type Block, blocksOf } from './pages.js';

/** A folder inside the package, where `import 'tenon'` resolves to the package itself. */
const workFolder = join(root, 'build', 'snippets');
mkdirSync(workFolder, { recursive: true });
afterAll(() => rmSync(workFolder, { recursive: true, force: true }));

const named = (block: Block) => [`${block.page}:${block.line}`, block] as const;
const isMissing = (needs: string | undefined) =>
  (needs === 'addon' && !withAddon) || (needs === 'process' && !withRunner);

/** Returns the output that the comments after `console.log(…);` announce. */
const promised = (code: string) =>
  [...code.matchAll(/console\.log\(.*\);.*?\/\/ (.+)$/gm)].map(([, text]) => text);

describe('JavaScript', () => {
  const programs = blocksOf('js', 'mjs').filter(({ needs }) => !isMissing(needs));

  test.each(programs.map(named))('%s prints the output given in its comments', (name, { code }) => {
    const file = join(workFolder, `${name.replaceAll(/\W/g, '-')}.mjs`);
    writeFileSync(file, code);
    const ended = spawnSync(process.execPath, [file], { cwd: root, encoding: 'utf8', timeout: 60_000 });
    const printed = ended.stdout.split('\n').slice(0, -1);
    expect({ status: ended.status, printed }, ended.stderr).toEqual({ status: 0, printed: promised(code) });
    expect(printed.length + Number(!code.includes('console.log('))).toBeGreaterThan(0);
  });
});

test('TypeScript blocks compile in a strict project', () => {
  const programs = blocksOf('ts');
  expect(programs.length).toBeGreaterThan(0);
  const folder = join(workFolder, 'types');
  mkdirSync(folder, { recursive: true });
  for (const { page, line, code } of programs)
    writeFileSync(join(folder, `${page.replaceAll(/\W/g, '-')}-${line}.mts`), code);
  const compilerOptions = {
    ...{ module: 'NodeNext', target: 'ES2022', lib: ['ES2023', 'ESNext.Disposable'], strict: true },
    ...{ noEmit: true, skipLibCheck: true, types: ['node'] },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const ended = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  expect(ended.stdout).toBe('');
  expect(ended.status).toBe(0);
});

test('JSON blocks are valid JSON', () => {
  for (const { code } of blocksOf('json')) JSON.parse(code);
});

/** Checks in every tier that the plugin answers `world` with `hello world`. */
async function expectGreeting(file: string): Promise<void> {
  const tiers = ['inline', ...(withAddon ? ['thread'] : []), ...(withRunner ? ['process'] : [])] as const;
  await using host = new PluginHost();
  for (const isolation of tiers as readonly ('inline' | 'thread' | 'process')[]) {
    const instance = await (await host.load(file, { isolation })).new();
    expect(String(await instance.call(Buffer.from('world')))).toBe('hello world');
  }
}

const only = (language: string, page: string): string => {
  const [block] = blocksOf(language).filter((one) => one.page === page);
  if (block === undefined) throw new Error(`${page} has no block of ${language}`);
  return block.code;
};

test('the C plugin of the README compiles and greets', async () => {
  await expectGreeting(compile(temporaryFolder(), 'greet', only('c', 'README.md')));
});

test('the Rust plugin of the README compiles and greets', {
  ...needs('cargo'),
  timeout: 120_000,
}, async () => {
  const folder = join(root, 'build', 'readme-rust');
  mkdirSync(join(folder, 'src'), { recursive: true });
  const sdk = JSON.stringify(join(root, 'plugins-rust', 'tenon'));
  const manifest = only('toml', 'docs/plugins.md').replace(/path = ".*?"/, `path = ${sdk}`);
  writeFileSync(join(folder, 'Cargo.toml'), `${manifest}\n[workspace]\n`);
  writeFileSync(join(folder, 'src', 'lib.rs'), only('rust', 'README.md'));
  const args = ['build', '--quiet', '--release', '--offline'];
  execFileSync('cargo', [...args, '--manifest-path', join(folder, 'Cargo.toml')], { stdio: 'pipe' });
  await expectGreeting(join(folder, 'target', 'release', 'libgreet.so'));
});

/** Returns whether a command succeeds. */
const has = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

describe('the plugin in another language compiles and greets', () => {
  /** Writes the files of docs/plugins.md for one language to a new folder. */
  function project(language: string, source: string): string {
    const folder = temporaryFolder();
    cpSync(join(root, 'include'), join(folder, 'include'), { recursive: true });
    writeFileSync(join(folder, 'plugin.c'), only('c', 'docs/plugins.md'));
    writeFileSync(join(folder, source), only(language, 'docs/plugins.md'));
    return folder;
  }
  /** Returns the command lines of the page that begin with one of these programs. */
  const commands = (...programs: string[]) =>
    blocksOf('sh')
      .filter(({ page }) => page === 'docs/plugins.md')
      .flatMap(({ code }) => code.trim().split('\n'))
      .filter((line) => programs.some((program) => line.startsWith(`${program} `)));
  const run = (folder: string, lines: readonly string[], env: Record<string, string> = {}) => {
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines)
      execFileSync('sh', ['-c', line], { cwd: folder, stdio: 'pipe', env: { ...process.env, ...env } });
  };

  test.skipIf(!has('go', 'version'))(
    'Go',
    async () => {
      const folder = project('go', 'greet.go');
      writeFileSync(join(folder, 'go.mod'), 'module greet\n\ngo 1.20\n');
      run(folder, commands('go'), {
        CGO_ENABLED: '1',
        GOFLAGS: '-mod=mod',
        GOCACHE: join(root, 'build', 'go-cache'),
      });
      await expectGreeting(join(folder, 'greet.so'));
    },
    120_000,
  );

  test.skipIf(!has('zig', 'version'))(
    'Zig',
    async () => {
      const folder = project('zig', 'greet.zig');
      run(folder, commands('zig'));
      await expectGreeting(join(folder, 'libgreet.so'));
    },
    120_000,
  );

  test.skipIf(!has('nim', '--version'))(
    'Nim',
    async () => {
      const folder = project('nim', 'greet.nim');
      run(folder, commands('nim'), { HOME: folder });
      await expectGreeting(join(folder, 'greet.so'));
    },
    120_000,
  );

  test.skipIf(!has('gdc', '--version'))(
    'D',
    async () => {
      const folder = project('d', 'greet.d');
      run(
        folder,
        commands('cc', 'gdc').filter((line) => line.includes('plugin.o')),
      );
      await expectGreeting(join(folder, 'greet.so'));
    },
    120_000,
  );
});
