/** The name, output and path of a hostile plugin are harmless in every format. */
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FORMATS } from '../../src/check/index.js';
import { canCheck } from '../check/support.js';
import { compile, extension, temporaryFolder } from '../support/index.js';
import { check, ONLY } from './check-run.js';

/** Output that clears the screen, sets the title, starts workflow commands and closes elements. */
const HOSTILE = String.raw`\033[2J\033]0;owned\007\n::error::owned\n##[add-mask]owned\n</pre><script>owned()</script>\n\302\2332J\r\342\200\256owned`;

const source = `#include <stdio.h>
#include "tenon.h"
static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len, (void)out;
  fputs("${HOSTILE}", stderr);
  *(volatile int *)8 = 1;
  return TENON_OK;
}
TENON_STATELESS_PLUGIN("hostile", "1.0.0", call);
`;

const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe.skipIf(!canCheck)('a hostile plugin', () => {
  test.each(FORMATS)('is harmless in the format %s', async (format) => {
    const folder = temporaryFolder();
    const file = join(folder, `::error::\u001B[2J\n<b>"'${extension}`);
    cpSync(compile(folder, 'hostile', source), file);
    const { code, stdout, stderr } = await check([file, ...ONLY, '--format', format]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toContain('SIGSEGV');
    expect(stdout.match(UNSAFE)).toBeNull();
    const isMarkup = format === 'html' || format === 'junit';
    if (isMarkup) expect(stdout).not.toContain('<script>owned');
    const commands = stdout.split('\n').filter((line) => /^\s*::/.test(line) || line.includes('##['));
    expect(commands.map((line) => line.slice(0, 13))).toEqual(format === 'github' ? ['::error file='] : []);
  });

  test('has a command to reproduce the finding that a shell parses correctly', async () => {
    const folder = temporaryFolder();
    const file = join(folder, `a 'b'\n\u001B[2J$x${extension}`);
    cpSync(compile(folder, 'hostile', source), file);
    const { stdout } = await check([file, ...ONLY, '--format', 'json', '--seed', '3']);
    const verdict = JSON.parse(stdout) as {
      files: { results: { id: string; reproduce: { command: string } }[] }[];
    };
    const result = verdict.files[0]?.results.find(({ id }) => id === 'calls/plain');
    const command = result?.reproduce.command.replace(/^npx tenon check/, 'printf "%s\\n"') ?? '';
    const words = execFileSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(words).toBe(`${file}\n--filter\ncalls/plain\n--seed\n3\n`);
  });
});
