/**
 * `npm run docs`: draws the pictures of the documentation, builds the site into build/site, and checks every link
 * in it. TypeDoc builds the site from the pages of docs/ and from the doc comments of the API. The tools are
 * packages of docs/site, so other commands do not have to install them.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installPackages, packagesAreInstalled } from './lib/packages.mjs';
import { inRoot } from './lib/paths.mjs';
import { runNode } from './lib/run.mjs';
import { main, mustSucceed, StepFailure, step } from './lib/steps.mjs';
import { setUp } from './setup.mjs';

const tools = inRoot('docs', 'site');
export const site = inRoot('build', 'site');

/** True if the packages that build the site are installed. */
export const docsToolsAreInstalled = () => packagesAreInstalled(tools);

/** Installs the packages that build the site. @throws {StepFailure} */
export const installDocsTools = () => step('documentation tools', () => installPackages(tools));

/**
 * Builds the site with the installed packages. With `check`, the pictures must be up to date and are not drawn.
 *
 * @throws {StepFailure} if a page, a doc comment, a link or a picture is wrong
 */
export async function buildDocs({ check = false } = {}) {
  await step('pictures', async () => {
    const { draw } = await import(pathToFileURL(join(tools, 'draw.mjs')).href);
    const drawn = await draw({ check });
    if (check && drawn.length > 0)
      throw new StepFailure(`Not up to date, run npm run docs: ${drawn.join(', ')}`);
    return drawn.length === 0 ? 'up to date' : `${drawn.length} drawn`;
  });
  await step('site', async () => {
    rmSync(site, { recursive: true, force: true });
    const typedoc = join(tools, 'node_modules', 'typedoc', 'bin', 'typedoc');
    const args = [typedoc, '--options', join(tools, 'typedoc.json')];
    mustSucceed(await runNode(args, { cwd: tools }), 'TypeDoc', 'typedoc');
    const pages = htmlFiles();
    const broken = brokenLinks(pages);
    if (broken.length > 0)
      throw new StepFailure(
        `Broken links, whose page or anchor does not exist. Correct them:\n${broken.join('\n')}`,
      );
    return `${pages.length} pages in ${relative(inRoot(), site)}`;
  });
}

const htmlFiles = () =>
  readdirSync(site, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.html'))
    .map((entry) => join(entry.parentPath, entry.name));

/**
 * Returns the links within the site to files or anchors that do not exist.
 *
 * @param {readonly string[]} pages
 * @returns {string[]} `PAGE: LINK`
 */
function brokenLinks(pages) {
  const ids = new Map(pages.map((page) => [page, idsOf(readFileSync(page, 'utf8'))]));
  return pages.flatMap((page) => {
    const links = readFileSync(page, 'utf8').matchAll(/\s(?:href|src)="([^"]*)"/g);
    return [...new Set([...links].map(([, link]) => link.replaceAll('&amp;', '&')))]
      .filter((link) => !/^(?:[a-z]+:|\/\/)/.test(link) && link !== '')
      .filter((link) => {
        const [path, anchor] = link.split('#');
        const target = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path)));
        if (!existsSync(target)) return true;
        const known = ids.get(target);
        return (
          anchor !== undefined &&
          anchor !== '' &&
          known !== undefined &&
          !known.has(decodeURIComponent(anchor))
        );
      })
      .map((link) => `${relative(site, page)}: ${link}`);
  });
}

/** @param {string} html */
const idsOf = (html) => new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id));

await main(import.meta.url, async () => {
  await setUp();
  await installDocsTools();
  await buildDocs();
});
