/** The pages of the documentation and their code blocks. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/index.js';

export interface Block {
  /** The path of the page, relative to the root of the project. */
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** The optional part of the package that the block needs: `addon` or `process`. */
  readonly needs: string | undefined;
}

/** The pages in the root folder, then those in docs/. */
export const pages: readonly string[] = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

/** All fenced code blocks of the pages. */
export const blocks: readonly Block[] = pages.flatMap((page) => {
  const text = textOf(page);
  return [...text.matchAll(/(?:<!-- needs: (\w+) -->\n)?^```(\w*)\n([\s\S]*?)^```$/gm)].map((found) => {
    const [, needs, language = '', code = ''] = found;
    return { page, line: text.slice(0, found.index).split('\n').length, language, code, needs };
  });
});

export const blocksOf = (...languages: string[]): Block[] =>
  blocks.filter(({ language }) => languages.includes(language));
