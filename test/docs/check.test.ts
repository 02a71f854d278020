/** Compares docs/check.md with the table of checks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CHECKS, FORMATS, groupOf } from '../../src/check/index.js';
import { configOf } from '../../src/cli/check/config.js';
import { root, temporaryFolder } from '../support/index.js';
import { expectGenerated } from './generated.js';

const file = join(root, 'docs', 'check.md');

/** The maximum length of a generated line, without the backslash of a line break. */
const WIDTH = 109;

function listOfChecks(): string {
  const groups = [...new Set(CHECKS.map(({ id }) => groupOf(id)))];
  const parts = groups.map((group) => {
    const checks = CHECKS.filter(({ id }) => groupOf(id) === group);
    return `### ${group}\n\n${checks.map(describe_).join('\n\n')}`;
  });
  return `${CHECKS.length} checks, by group.\n\n${parts.join('\n\n')}`;
}

function describe_({ id, title, why, fix, severity, level, needs }: (typeof CHECKS)[number]): string {
  const links = needs.map((need) => `\`${need}\``).join(', ');
  const depends = needs.length === 0 ? '' : ` Needs ${links}.`;
  const lines = [`**\`${id}\`** · ${severity}, ${level}`, title, `*Why:* ${why}`, `*Fix:* ${fix}${depends}`];
  return lines.map(wrapped).join('\\\n');
}

/** Breaks lines at spaces outside of code. A line does not begin with the mark of a list or a heading. */
function wrapped(line: string): string {
  const words = line.split(/ (?=(?:[^`]*`[^`]*`)*[^`]*$)(?!(?:[-+*#]+|\d+[.)])(?: |$))/);
  const rows: string[] = [];
  for (const word of words) {
    const row = `${rows.at(-1)} ${word}`;
    if (rows.length === 0 || row.length > WIDTH) rows.push(word);
    else rows[rows.length - 1] = row;
  }
  return rows.join('\n');
}

test('docs/check.md has the current list of checks', () => {
  expectGenerated('docs/check.md', 'checks', listOfChecks());
});

test('the documentation lists all checks and no others', () => {
  const text = readFileSync(file, 'utf8');
  const documented = [...text.matchAll(/^\*\*`(.+?)`\*\*/gm)].map(([, id]) => id);
  expect(documented).toEqual(CHECKS.map(({ id }) => id));
});

test('the ids of checks have a group, and their descriptions end with a full stop', () => {
  for (const { id, title, why, fix, needs } of CHECKS) {
    expect(id).toMatch(/^[a-z]+\/[a-z0-9]+(-[a-z0-9]+)*$/);
    for (const text of [title, why, fix]) expect(text, id).toMatch(/^\S.*[.?)]$/);
    for (const need of needs)
      expect(
        CHECKS.some((check) => check.id === need),
        `${id} needs ${need}`,
      ).toBe(true);
  }
});

test('every output format is documented, and the example of a configuration file is valid', () => {
  const text = readFileSync(file, 'utf8');
  for (const format of FORMATS) expect(text).toContain(`| \`${format}\` |`);
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
  const config = join(temporaryFolder(), 'check.json');
  writeFileSync(config, json);
  expect(configOf(config)).toMatchObject({
    level: 'strict',
    failOn: 'warning',
    pluginConfig: '{"pattern":"fox"}',
  });
});
