import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { PluginHost } from '../src/index.js';
import { buildDir, compile, hasRust, root, temporaryFolder, withAddon } from './support/index.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const workFolder = join(root, 'build', 'readme');
afterAll(() => rmSync(workFolder, { recursive: true, force: true }));

interface Block {
  readonly language: string;
  readonly code: string;
  readonly needs: string | undefined;
}

const blocks: Block[] = [...readme.matchAll(/(?:<!-- needs: (\w+) -->\n)?```(\w+)\n([\s\S]*?)```/g)].map(
  ([, needs, language = '', code = '']) => ({ language, code, needs }),
);
const of = (language: string) => blocks.filter((block) => block.language === language);

/** What the comments behind `console.log(…);` say that it prints. */
const expected = (code: string) =>
  [...code.matchAll(/console\.log\(.*\);.*?\/\/ (.+)$/gm)].map(([, text]) => text);

describe('the TypeScript of the README does what its comments say', () => {
  test.each(of('ts').map((block, index) => [index, block] as const))(
    'block %i',
    async (index, { code, needs }) => {
      if (needs === 'addon' && !withAddon) return;
      mkdirSync(workFolder, { recursive: true });
      const file = join(workFolder, `block-${index}.ts`);
      const here = code
        .replaceAll("'tenon'", "'../../src/index.js'")
        .replaceAll("'tenon/check'", "'../../src/check/index.js'")
        .replaceAll('./build', buildDir);
      writeFileSync(
        file,
        `export default async () => {\n${here.replace(/^import .*$/gm, '')}\n};\n`.replace(
          /^/,
          imports(here),
        ),
      );
      const printed: string[] = [];
      const log = vi.spyOn(console, 'log').mockImplementation((...args: unknown[]) => {
        printed.push(args.map((arg) => (typeof arg === 'bigint' ? `${arg}n` : String(arg))).join(' '));
      });
      try {
        const { default: run } = (await import(/* @vite-ignore */ file)) as { default: () => Promise<void> };
        await run();
      } finally {
        log.mockRestore();
      }
      expect(printed.length).toBeGreaterThan(0);
      expect(printed).toEqual(expected(code));
    },
  );

  const imports = (code: string) => `${(code.match(/^import .*$/gm) ?? []).join('\n')}\n`;
});

test('the C plugin of the README is admitted and does what it seems to', async () => {
  const [block] = of('c');
  await using host = new PluginHost();
  const plugin = await host.load(compile(temporaryFolder(), 'greet', block?.code ?? ''));
  expect(String(plugin.newSync().callSync(Buffer.from('world')))).toBe('hello world');
});

test.runIf(hasRust)(
  'the Rust plugin of the README is admitted and does what it seems to',
  async () => {
    const [source] = of('rust');
    const [manifest] = of('toml');
    const folder = join(root, 'build', 'readme-rust');
    mkdirSync(join(folder, 'src'), { recursive: true });
    const cargo = (manifest?.code ?? '').replace(
      /path = ".*?"/,
      `path = ${JSON.stringify(join(root, 'plugins-rust', 'tenon'))}`,
    );
    writeFileSync(join(folder, 'Cargo.toml'), `${cargo}\n[workspace]\n`);
    writeFileSync(join(folder, 'src', 'lib.rs'), source?.code ?? '');
    execFileSync(
      'cargo',
      ['build', '--quiet', '--release', '--offline', '--manifest-path', join(folder, 'Cargo.toml')],
      { stdio: 'pipe' },
    );
    await using host = new PluginHost();
    const plugin = await host.load(join(folder, 'target', 'release', 'libgreet.so'));
    expect(String(plugin.newSync().callSync(Buffer.from('world')))).toBe('hello world');
  },
  120_000,
);

test('every file and command that the README names is there', () => {
  const links = [...readme.matchAll(/\]\((?!#|https?:)([^)]+)\)/g)].map(([, link = '']) => link);
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const link of links) expect(() => execFileSync('test', ['-e', join(root, link)])).not.toThrow();
  for (const [, name = ''] of readme.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty([name]);
});
