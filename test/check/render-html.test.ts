/** The HTML report, as a browser shows it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { findChromium } from '../../scripts/lib/tools.mjs';
import { render, type Verdict } from '../../src/check/index.js';
import { temporaryFolder } from '../support/index.js';
import { needs } from '../support/tools.js';
import { CHROMIUM_FLAGS } from './browser.js';
import { clean, fileOf, full, HOSTILE, hostile, located, result, verdictOf } from './verdicts.js';

describe('the HTML report', () => {
  test('loads no other resource: no URL, no file, no external style or script', () => {
    for (const verdict of [full, hostile, clean]) {
      const html = render(verdict, 'html');
      // Only the names of attributes are checked: their values may contain any string.
      const tags = (html.match(/<[a-z][^>]*>/g) ?? []).map((tag) => tag.replaceAll(/"[^"]*"/g, '""'));
      expect(tags.filter((tag) => /\s(src|srcset|style|on\w+|action|data)\s*=/.test(tag))).toEqual([]);
      expect(tags.filter((tag) => /^<(link|iframe|object|embed|base|img|image|use)\b/.test(tag))).toEqual([]);
      expect(html.match(/\shref="(?!#)/)).toBeNull();
      expect(html.match(/<script>/g)).toHaveLength(1);
      expect(html.match(/url\(|@import/g)).toBeNull();
    }
  });
});

describe('in Chromium', needs('chromium'), () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: findChromium() ?? '', args: CHROMIUM_FLAGS });
  });
  afterAll(() => browser?.close());

  /** Opens the report from a file, and collects its errors and requests. */
  async function open(verdict: Verdict, options: BrowserContextOptions = {}) {
    const file = join(temporaryFolder(), 'report.html');
    writeFileSync(file, render(verdict, 'html'));
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const problems: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('dialog', (dialog) => problems.push(dialog.message()));
    page.on('request', (request) => requests.push(request.url()));
    const url = pathToFileURL(file).href;
    await page.goto(url);
    return { page, problems, requests: requests.filter((one) => one !== url) };
  }

  const rows = (page: Page) => page.locator('#checks-0 tbody tr:visible');

  test('shows the summary, findings, plots and every check, without an error or a request', async () => {
    const { page, problems, requests } = await open(full);
    expect(await page.title()).toBe('tenon check: x.so, libz.so.1, changed.so');
    expect(await page.locator('h1').innerText()).toMatch(/tenon check\s+findings/);
    expect(await page.locator('.tally').innerText()).toContain('5 passed, 3 failed');
    expect(await page.locator('section').count()).toBe(3);
    expect(await page.locator('article.finding').count()).toBe(4);
    expect(await rows(page).count()).toBe(10);
    const card = page.locator('article', { hasText: 'calls/empty-input' });
    expect(await card.innerText()).toContain('It was ended by SIGSEGV');
    expect(await card.innerText()).toContain('npx tenon check x.so --filter calls/empty-input --seed 7');
    expect(await page.locator('.problem').allInnerTexts()).toEqual([
      'not a tenon plugin: It exports none of the entry points',
      'The file was changed while it was checked',
    ]);
    expect({ problems, requests }).toEqual({ problems: [], requests: [] });
  });

  test('shows the source line of a finding', async () => {
    const found = [result('calls/plain', { state: 'failed', findings: [located] })];
    const { page } = await open(verdictOf([fileOf(found)]));
    const card = page.locator('article.finding');
    expect(await card.locator('.source p').innerText()).toBe('Source src/parse.h:12');
    expect(await card.locator('.source code').innerText()).toBe('return node->next;');
    expect(await card.innerText()).toContain('parse at src/parse.h:12, inlined into');
  });

  test('draws histogram bars in proportion to their counts, and a line through the points', async () => {
    const { page } = await open(full);
    const histogram = page.locator('svg[aria-label="time of a call"]');
    const bars = await histogram
      .locator('rect.bar')
      .evaluateAll((all) => all.map((bar) => bar.getBoundingClientRect().height));
    const measure = full.files[0]?.results[2]?.measures[0];
    const counts = measure?.type === 'histogram' ? measure.buckets.map(({ count }) => count) : [];
    expect(bars).toHaveLength(counts.length);
    const most = Math.max(...counts);
    for (const [i, height] of bars.entries()) {
      expect(height / Math.max(...bars)).toBeCloseTo((counts[i] ?? 0) / most, 1);
    }
    const series = page.locator('svg[aria-label="memory over calls"]');
    expect(await series.locator('circle.point').count()).toBe(60);
    const trend = await series.locator('line.fit').evaluate((line) => line.getBoundingClientRect().height);
    expect(trend).toBeGreaterThan(50);
    expect(await page.locator('figcaption').allInnerTexts()).toContain(
      'resources/leak-call memory over calls: 16.1 bytes per call, with 95 % confidence between 15.6 and 16.6',
    );
  });

  test('filters the checks by words and by state', async () => {
    const { page } = await open(full);
    const form = page.locator('form.filter').first();
    const names = () => rows(page).locator('td:nth-child(2)').allInnerTexts();
    await form.locator('input').fill('file/ note');
    expect(await names()).toEqual(['file/debug-info']);
    await form.locator('input').fill('');
    await form.locator('select').selectOption('failed');
    expect(await names()).toEqual(['calls/empty-input', 'file/debug-info', 'file/relro']);
    expect(await form.locator('output').innerText()).toBe('3 of 10');
    await form.locator('input').fill('nothing like this');
    expect(await names()).toEqual([]);
  });

  test('links from the table to the finding', async () => {
    const { page } = await open(full);
    await page.locator('#checks-0 a', { hasText: 'file/relro' }).click();
    expect(await page.locator('article:target h4 code').innerText()).toBe('file/relro');
  });

  test('copies a command with its button', async () => {
    const { page, problems } = await open(full, { permissions: ['clipboard-read', 'clipboard-write'] });
    const card = page.locator('article', { hasText: 'calls/empty-input' });
    const buttons = card.getByRole('button', { name: 'Copy' });
    expect(await buttons.count()).toBe(2);
    const wanted = [
      'npx tenon check x.so --filter calls/empty-input --seed 7',
      'gdb --args tenon-checker calls/empty-input x.so',
    ];
    for (const [i, command] of wanted.entries()) {
      await card.locator('button').nth(i).click();
      await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe(command);
      await expect.poll(() => card.locator('button').nth(i).innerText()).toBe('Copied');
    }
    await expect.poll(() => buttons.count(), { timeout: 10_000 }).toBe(2);
    expect(problems).toEqual([]);
  });

  test('copies a command even if the browser has no clipboard API', async () => {
    const { page, problems } = await open(full);
    await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined });
      document.addEventListener('copy', () => { document.title = getSelection().toString(); });`);
    await page.locator('article .command button').first().click();
    await expect.poll(() => page.title()).toBe('npx tenon check x.so --filter calls/empty-input --seed 7');
    expect(problems).toEqual([]);
  });

  test('shows hostile strings as text and does not run them', async () => {
    const { page, problems, requests } = await open(hostile);
    expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false);
    expect(await page.locator('img, svg[onload]').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(1);
    expect(await page.locator('.message').first().innerText()).toContain(
      '<img src=x onerror="globalThis.hacked=1">',
    );
    expect(await page.locator('article pre').first().textContent()).toContain(
      '<script>globalThis.hacked = 1</script>',
    );
    expect(HOSTILE).toContain('onerror');
    expect({ problems, requests }).toEqual({ problems: [], requests: [] });
  });

  test('has a content security policy that blocks resources even if escaping fails', async () => {
    const { page } = await open(full);
    const violated = await page.evaluate(`new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective));
      document.body.innerHTML = '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">';
    })`);
    expect(violated).toBe('img-src');
  });

  test.each(['light', 'dark'] as const)(
    'is readable in the %s color scheme, on a narrow screen',
    async (colorScheme) => {
      const { page } = await open(full, { colorScheme, viewport: { width: 400, height: 800 } });
      const colors = await page.evaluate<string[]>(
        '[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]',
      );
      const [text = 0, background = 0] = colors.map((color) =>
        (color.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0),
      );
      if (colorScheme === 'dark') expect(text).toBeGreaterThan(background + 400);
      else expect(background).toBeGreaterThan(text + 400);
      const { scrollWidth, clientWidth } = await page.evaluate<{ scrollWidth: number; clientWidth: number }>(
        '({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth })',
      );
      expect(scrollWidth).toBe(clientWidth);
    },
  );

  test('shows every check if scripts are disabled', async () => {
    const { page } = await open(full, { javaScriptEnabled: false });
    expect(await rows(page).count()).toBe(10);
    expect(await page.locator('button').count()).toBe(0);
  });

  test('of a clean verdict has no findings', async () => {
    const { page, problems } = await open(clean);
    expect(await page.locator('h1 .badge.clean').count()).toBe(1);
    expect(await page.locator('article').count()).toBe(0);
    expect(problems).toEqual([]);
  });
});
