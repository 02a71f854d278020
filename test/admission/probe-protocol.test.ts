import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatRecord,
  LineReader,
  LONGEST_LINE,
  type ProbeRecord,
  parseRecord,
} from '../../src/admission/probe-protocol.js';

const RECORDS: ProbeRecord[] = [
  { verb: 'stage', stage: 'open' },
  { verb: 'version', bytes: Buffer.from('1.0.0\n\xff', 'latin1') },
  { verb: 'name', bytes: Buffer.alloc(0) },
  {
    verb: 'vtable',
    size: 56,
    flags: 2 ** 32 - 1,
    slots: { get_version: 1, get_name: 2, new: 3, drop: 4, something: 4096, get_extension: 0 },
  },
  { verb: 'fail', code: 'ERR_TENON_LOAD_FAILED', problem: 'überall "so"\nund so' },
  { verb: 'done' },
];

test.each(RECORDS)('the record $verb is formatted as one line and parsed back unchanged', (record) => {
  const line = formatRecord('a1', record);
  expect(line.indexOf('\n')).toBe(line.length - 1);
  expect(parseRecord(line.trimEnd(), 'a1') ?? parseRecord(line.slice(0, -1), 'a1')).toEqual(record);
});

test('a line without the nonce, with an unknown verb or with malformed operands is not a record', () => {
  const lines = [
    '',
    'mine',
    'a2 done',
    'a1',
    'a1 sing',
    'a1 stage later',
    'a1 version xyz',
    'a1 version abc',
    'a1 name',
  ];
  const more = [
    'a1 vtable 56',
    'a1 vtable 56 0 1 2 3 4 5 x',
    'a1 fail ERR_NO 61',
    'a1 fail ERR_TENON_CLOSED 61',
    'a1 fail',
  ];
  for (const line of [...lines, ...more]) expect(parseRecord(line, 'a1')).toBeNull();
});

test('parsing any line returns a record or null and never throws', () => {
  const words = fc.constantFrom(
    'a1',
    'stage',
    'open',
    'version',
    'vtable',
    'fail',
    'done',
    'ERR_TENON_BAD_NAME',
    '61',
    '',
    '0x1',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((list) => list.join(' ')),
      ),
      (line) => {
        const record = parseRecord(line, 'a1');
        if (record !== null)
          expect(parseRecord(formatRecord('a1', record).slice(0, -1), 'a1')).toEqual(record);
      },
    ),
  );
});

test('the reader returns whole lines for any division of the bytes into chunks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z0-9 ]*$/)),
      fc.integer({ min: 1, max: 9 }),
      (lines, step) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const reader = new LineReader();
        const found: string[] = [];
        for (let at = 0; at < bytes.length; at += step)
          found.push(...reader.push(bytes.subarray(at, at + step)));
        expect(found).toEqual(lines);
      },
    ),
  );
});

test('the reader limits the length of a line that does not end', () => {
  const reader = new LineReader();
  const pieces: string[] = [];
  for (let count = 0; count < 100; count++) pieces.push(...reader.push(Buffer.alloc(4096, 'x')));
  expect(pieces.length).toBeGreaterThan(0);
  for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(LONGEST_LINE);
});
