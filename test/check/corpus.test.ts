/**
 * The corpus: plugins by honest authors (plugins/table.mjs). Correct ones trip no check. In the others, the suite
 * finds the mistake at the recorded level or at a lower one, and the finding names the cause. TENON_TEST_ALL=1 is the
 * long run, with all plugins; without it, a quarter of those in C and C++ is tried.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestOptions, test } from 'vitest';
import { corpusFile, TESTED } from '../../scripts/lib/corpus-build.mjs';
import { checkPlugin, fuzzPlugin } from '../../scripts/lib/corpus-run.mjs';
import { corpusSection } from '../../scripts/lib/corpus-table.mjs';
import { LEVELS, type Sanitizer } from '../../src/check/index.js';
import { expectGenerated } from '../docs/generated.js';
import { root } from '../support/index.js';
import { sanitizer } from '../support/sanitized.js';
import { CORRECT, type CorpusPlugin, MISTAKES, type MistakenPlugin } from './plugins/table.mjs';
import { canCheck } from './support.js';

const folder = join(root, 'test', 'check', 'plugins');
const required = process.env['TENON_REQUIRE_TOOLS'] === '1';

const isTested = (plugin: CorpusPlugin) => TESTED.some(({ name }) => name === plugin.name);

/** The milliseconds for generated inputs. A run ends with its finding. */
const FUZZ_MS = 60_000;
/** The longest test. It is only reached if a check hangs. */
const TIMEOUT = 300_000;

/** Skips the test of a plugin that was not built because a tool is missing. */
function options(plugin: CorpusPlugin, variant?: string): TestOptions {
  const common = { timeout: TIMEOUT };
  if (required || existsSync(corpusFile(plugin, variant))) return common;
  const tool = plugin.source.startsWith('rust/') ? ('cargo' as const) : ('corpus' as const);
  return { ...common, skip: true, meta: { needs: [tool] } };
}

/** Returns the variants of the sanitizers that name the mistake. */
const sanitizersFor = ({ checks }: MistakenPlugin): Sanitizer[] =>
  (['address', 'undefined', 'thread'] as const).filter((name) => checks.includes(`sanitize/${name}`));

describe.skipIf(!canCheck || sanitizer !== undefined)('a correct plugin is clean', () => {
  for (const plugin of CORRECT.filter(isTested)) {
    test(plugin.name, options(plugin), async () => {
      const { blames } = await checkPlugin(plugin, { level: 'torture' });
      expect(blames.filter(({ id }) => !plugin.blamed.includes(id))).toEqual([]);
    });
  }
});

const found = (depths: readonly (string | undefined)[]) =>
  MISTAKES.filter((plugin) => isTested(plugin) && depths.includes(plugin.found));

describe.skipIf(!canCheck || sanitizer !== undefined)('a mistake is found and named', () => {
  for (const plugin of found(LEVELS)) {
    test(`${plugin.name}, at ${plugin.found}`, options(plugin), async () => {
      const { blames } = await checkPlugin(plugin, { level: plugin.found });
      expect(blames.filter(({ named }) => named)).not.toEqual([]);
    });
  }

  for (const plugin of found(['fuzz'])) {
    test(`${plugin.name}, by generated inputs`, options(plugin), async () => {
      const filter = plugin.checks.filter((id) => id.startsWith('fuzz/'));
      const { blames } = await fuzzPlugin(plugin, FUZZ_MS, filter);
      expect(blames.filter(({ named }) => named)).not.toEqual([]);
    });
  }

  for (const plugin of found(['sanitize'])) {
    const sanitizers = sanitizersFor(plugin);
    test(`${plugin.name}, by sanitizers`, options(plugin, sanitizers[0]), async () => {
      const runs = await Promise.all(
        sanitizers.map((sanitize) => checkPlugin(plugin, { sanitize }, sanitize)),
      );
      expect(runs.flatMap(({ blames }) => blames).filter(({ named }) => named)).not.toEqual([]);
    });
  }
});

describe('the corpus', () => {
  test('has a row for each source file, and a file for each row', () => {
    const rows = [...CORRECT, ...MISTAKES].map(({ source }) => source);
    const files = ['correct', 'mistakes', 'rust/correct', 'rust/mistakes'].flatMap((part) =>
      readdirSync(join(folder, part)).map((name) => `${part}/${name}`),
    );
    expect([...new Set(rows)].sort()).toEqual(files.sort());
  });

  test('says in each source file of a mistake which check finds it', () => {
    for (const { source, checks } of MISTAKES) {
      const file = source.startsWith('rust/') ? join(source, 'src', 'lib.rs') : source;
      const text = readFileSync(join(folder, file), 'utf8');
      expect(text, source).toMatch(/MISTAKE/);
      const [, line = ''] = /FOUND BY:? +([^\n]*)/.exec(text) ?? [];
      expect(
        checks.some((id) => line.includes(id)),
        `${source}: ${line}`,
      ).toBe(true);
    }
  });

  test('is in docs/check.md with the results of npm run test:check', () => {
    const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as object;
    expectGenerated('docs/check.md', 'corpus', corpusSection(results));
  });
});
