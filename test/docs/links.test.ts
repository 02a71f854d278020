/** Checks the links of the documentation, and the commands, files and options that it mentions. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HOST_OPTIONS } from '../../src/host/host-options.js';
import { LOAD_OPTIONS } from '../../src/host/load-options.js';
import { root } from '../support/index.js';
import { pages, textOf } from './pages.js';

/** Returns the anchors that GitHub derives from the headings of a page. */
function anchorsOf(page: string): string[] {
  const headings = textOf(page)
    .replaceAll(/^```[\s\S]*?^```$/gm, '')
    .matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Returns the links to files of this project: `[text](target)` and `![text](target)`. */
function linksOf(page: string): { target: string; anchor: string | undefined }[] {
  const prose = textOf(page)
    .replaceAll(/^```[\s\S]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => {
    const [path = '', anchor] = link.split('#');
    return { target: path === '' ? page : normalize(join(dirname(page), path)), anchor };
  });
}

describe.each(pages)('%s', (page) => {
  test('has no broken links', () => {
    const broken = linksOf(page).filter(({ target, anchor }) => {
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('mentions only commands and files that exist', () => {
    const text = textOf(page);
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const [, name = ''] of text.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty([name]);
    const files = [
      ...text.matchAll(/`((?:src|native|test|scripts|docs|include|plugins-c|plugins-rust)\/[\w./-]+\.\w+)`/g),
    ];
    expect(files.map(([, file = '']) => file).filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});

test('the README has at most 9 KiB, and docs/index.md links to every page of docs/', () => {
  expect(Buffer.byteLength(textOf('README.md'))).toBeLessThanOrEqual(9 * 1024);
  const all = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && name !== 'index.md');
  const fromIndex = linksOf('docs/index.md').map(({ target }) => target);
  expect(all.map((name) => `docs/${name}`).filter((target) => !fromIndex.includes(target))).toEqual([]);
});

test('docs/api.md lists every option of PluginHost and of load', () => {
  const rows = [...textOf('docs/api.md').matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  for (const name of [...HOST_OPTIONS, ...Object.keys(LOAD_OPTIONS)]) expect(rows).toContain(name);
});
