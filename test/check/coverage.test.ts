/**
 * Generated inputs that are directed by what the plugin does: the edges that run and the values that it compares.
 * TENON_TEST_ALL=1 is the long run, with all ways to compare and all kinds of instrumentation.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findTool } from '../../scripts/lib/tools.mjs';
import { type CheckOptions, check } from '../../src/check/index.js';
import { compile, extension, temporaryFolder } from '../support/index.js';
import { needs } from '../support/tools.js';
import { canCheck } from './support.js';

/** A record has a magic number of four bytes, a type, a length, and so many bytes. The room for them is too small. */
const SOURCE = `#include <string.h>
#include "tenon.h"
static const char magic[4] = {'\\x9e', '\\x3c', '\\x17', '\\xd2'};
static volatile size_t four = 4;
static int is_record(const uint8_t *in) {
#ifdef BYTES
  return in[0] == 0x9e && in[1] == 0x3c && in[2] == 0x17 && in[3] == 0xd2 && four == 4;
#elif defined(NUMBER)
  uint32_t number;
  memcpy(&number, in, four);
  return number == 0xd2173c9e;
#else
  return memcmp(in, magic, four) == 0;
#endif
}
static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)magic;
  char room[24];
  if (in_len < 6 || !is_record(in)) return tenon_fail(out, TENON_INVALID, "no record");
  if (in[4] != 2) return tenon_fail(out, TENON_INVALID, "no text");
  size_t length = in[5];
  if (length > in_len - 6) return tenon_fail(out, TENON_INVALID, "too long");
  for (volatile size_t i = 0; i < length; i++) ((volatile char *)room)[i] = (char)in[6 + i];
#ifdef SOUND
  if (length > sizeof room) return TENON_INVALID;
#endif
  return tenon_write(out, room, length < sizeof room ? length : sizeof room);
}
TENON_STATELESS_PLUGIN("magic", "1.0.0", call);
`;
const FLAGS = ['-O2', '-g', '-fstack-protector-all'];
/** Milliseconds. A run ends with its finding, long before. */
const ENOUGH = 240_000;

async function fuzzed(file: string, options: CheckOptions = {}) {
  const { files } = await check([file], { filter: ['fuzz/input'], seed: 1, ...options });
  const result = files[0]?.results.find(({ id }) => id === 'fuzz/input');
  return { message: result?.findings[0]?.message ?? result?.reason ?? '', measures: result?.measures ?? [] };
}

const messageOf = async (flags: readonly string[], options: CheckOptions = {}) => {
  const file = compile(temporaryFolder(), 'magic', SOURCE, [...FLAGS, ...flags]);
  return (await fuzzed(file, { fuzz: { budget: ENOUGH }, ...options })).message;
};

const FOUND = /was ended by SIG(ABRT|SEGV).*a call with \d+ bytes: "\\x9e<\\x17\\xd2\\x02/;
const ALL = process.env['TENON_TEST_ALL'] === '1';
const COMPARED = ALL ? ['MEMCMP', 'NUMBER', 'BYTES'] : ['NUMBER'];
const INSTRUMENTED = ALL
  ? ['trace-pc-guard', 'inline-8bit-counters', 'inline-8bit-counters,pc-table,trace-cmp']
  : ['inline-8bit-counters,pc-table,trace-cmp'];

describe.skipIf(!canCheck)('an overflow behind a magic number of four bytes is found', () => {
  test.skipIf(process.arch !== 'x64').each(COMPARED)('without instrumentation: %s', async (how) => {
    expect(await messageOf([`-D${how}`])).toMatch(FOUND);
  });

  test.each(COMPARED)('with edges from gcc: %s', async (how) => {
    expect(await messageOf([`-D${how}`, '-fsanitize-coverage=trace-pc,trace-cmp'])).toMatch(FOUND);
  });

  describe('with clang', needs('clang'), () => {
    test.each(INSTRUMENTED)('and -fsanitize-coverage=%s', async (kind) => {
      const flags = [...FLAGS, '-DBYTES', `-fsanitize-coverage=${kind}`];
      const file = compile(temporaryFolder(), 'magic', SOURCE, flags, findTool('clang'));
      expect((await fuzzed(file, { fuzz: { budget: ENOUGH } })).message).toMatch(FOUND);
    });
  });
});

describe.skipIf(!canCheck)('inputs that reach new code', () => {
  test('are counted, kept with the artifacts, and tried first in the next run', async () => {
    const file = compile(temporaryFolder(), 'magic', SOURCE.replaceAll('room[24]', 'room[256]'), FLAGS);
    const artifacts = temporaryFolder();
    const options = { fuzz: { budget: 4000 }, artifacts };
    const { measures } = await fuzzed(file, options);
    expect(measures.map(({ name }) => name)).toContain('inputs that reached new code');
    const folder = join(artifacts, 'corpus', `magic${extension}`, 'input');
    const kept = readdirSync(folder);
    expect(kept.length).toBeGreaterThan(0);
    await fuzzed(file, options);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(kept));
  });

  test('are not kept without a folder for artifacts', async () => {
    const file = compile(temporaryFolder(), 'magic', SOURCE.replaceAll('room[24]', 'room[256]'), FLAGS);
    const { message } = await fuzzed(file, { fuzz: { budget: 300 } });
    expect(message).toBe('');
  });
});
