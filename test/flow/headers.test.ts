/**
 * The headers of connectors agree with TypeScript: those in include/flow are generated from the kinds (`npm run readme`
 * writes them), and the structs of tenon_flow.h have the layout and the numbers that the host reads and writes.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Status } from '../../src/base/abi.js';
import {
  type ContraWhat,
  readConnected,
  writeContra,
  writeCredit,
  writeResumes,
} from '../../src/flow/contra.js';
import { EVENTS, FRAME_STATES, Mark, NOWHERE } from '../../src/flow/frame.js';
import { MESSAGE, POSTPROCESSOR, PREPROCESSOR, SINK, SOURCE } from '../../src/flow/kinds.js';
import { documentText, readDocument } from '../../src/kinds/document.js';
import { cHeader } from '../../src/kinds/generate/c.js';
import { cCompilers, compile, cppCompilers } from '../abi/compilers.js';
import { root, temporaryFolder } from '../support/index.js';

const KINDS = [MESSAGE, POSTPROCESSOR, PREPROCESSOR, SINK, SOURCE];
const folder = join(root, 'include', 'flow');

test.each(KINDS)('the document and the header of the kind $name are current', (kind) => {
  for (const [ending, expected] of [
    ['json', documentText(kind.toJSON())],
    ['h', cHeader(readDocument(kind.toJSON()))],
  ] as const) {
    const path = join(folder, `${kind.name}.kind.${ending}`);
    if (process.env['TENON_UPDATE_DOCS'] === '1') writeFileSync(path, expected);
    expect(readFileSync(path, 'utf8')).toBe(expected);
  }
});

test('tenon_flow.h includes each of them, and there are no others', () => {
  const names = KINDS.map(({ name }) => `${name}.kind.h`);
  expect(readdirSync(folder).filter((file) => file.endsWith('.h'))).toEqual(names);
  const header = readFileSync(join(root, 'include', 'tenon_flow.h'), 'utf8');
  expect([...header.matchAll(/#include "flow\/(.+)"/g)].map(([, name]) => name)).toEqual(names);
});

interface Struct {
  readonly size: number;
  readonly [member: string]: number;
}

const STRUCTS = {
  events:
    'size rows length offsets data streams positions ingest marks meta_offsets meta state stream position ingest_ns held wake_ns',
  contra: 'what status stream first last',
  credit: 'rows bytes',
  resume: 'stream position',
  connected: 'size flags',
};
const NUMBERS =
  'ROW END BROKEN PIECE MORE IDLE DONE PENDING ACK FAIL CLOSE OPEN PAUSE RESUME DRAIN REPLAYS DURABLE REMEMBERS NOWHERE';

/** Returns the layout of the structs and the numbers of the constants as a compiler sees them. */
function printedBy(compiler: string): { structs: Record<string, Struct>; numbers: Record<string, string> } {
  const structs = Object.entries(STRUCTS).map(([name, members]) => {
    const type = `tenon_${name}`;
    const offsets = members
      .split(' ')
      .map((member) => `printf(",\\"${member} at\\":%zu", offsetof(${type}, ${member}));`);
    return `printf("\\"${name}\\":{\\"size\\":%zu", sizeof(${type})); ${offsets.join(' ')} printf("},");`;
  });
  const numbers = NUMBERS.split(' ').map(
    (name) => `printf("\\"${name}\\":\\"%llu\\",", (unsigned long long)TENON_FLOW_${name});`,
  );
  const source = `#include <stdio.h>
#include "tenon_flow.h"
int main(void) {
  printf("{\\"structs\\":{");
  ${structs.join('\n  ')}
  printf("\\"\\":{}},\\"numbers\\":{");
  ${numbers.join('\n  ')}
  printf("\\"\\":\\"\\"}}");
  return 0;
}
`;
  const cpp = compiler.includes('++');
  const own = temporaryFolder();
  const [file, program] = [join(own, cpp ? 'layout.cc' : 'layout.c'), join(own, 'layout')];
  writeFileSync(file, source);
  compile(compiler, [cpp ? '-std=c++11' : '-std=c11', file, '-o', program]);
  return JSON.parse(execFileSync(program, { encoding: 'utf8' })) as ReturnType<typeof printedBy>;
}

/** Returns the offset at which bytes have a number, of which they have no other. */
const offsetOf = (bytes: Uint8Array, marker: bigint): number => {
  const needle = Buffer.alloc(8);
  needle.writeBigUInt64LE(marker);
  return Buffer.from(bytes).indexOf(needle);
};
const MARKERS = [0x1112131415161718n, 0x2122232425262728n, 0x3132333435363738n] as const;
const [A, B, C] = MARKERS;

describe.each([...cCompilers, ...cppCompilers])('tenon_flow.h as compiled by %s', (compiler) => {
  let known: ReturnType<typeof printedBy> | undefined;
  const read = () => (known ??= printedBy(compiler));

  test('has the layout of frames that the host reads and writes', () => {
    const { events } = read().structs;
    const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const expected = [
      ...Object.entries(EVENTS.word).map(([name, index]) => [`${snake(name)} at`, index * 4]),
      ...Object.entries(EVENTS.long).map(([name, index]) => [`${snake(name)} at`, index * 8]),
    ];
    expect(events).toEqual({ size: EVENTS.size, ...Object.fromEntries(expected) });
  });

  test('has the layout of the small structs that the host reads and writes', () => {
    const { contra, credit, resume, connected } = read().structs;
    const message = writeContra([{ what: 'fail', status: 'TENON_BUSY', stream: A, first: B, last: C }]);
    expect(contra).toEqual({
      ...{ size: message.length, 'what at': 0, 'status at': message.indexOf(Status.TENON_BUSY) },
      ...{
        'stream at': offsetOf(message, A),
        'first at': offsetOf(message, B),
        'last at': offsetOf(message, C),
      },
    });
    const given = writeCredit({ rows: 3, bytes: 7 });
    expect(credit).toEqual({ size: given.length, 'rows at': given.indexOf(3), 'bytes at': given.indexOf(7) });
    const continued = writeResumes(new Map([[A, B]]));
    expect(resume).toEqual({
      ...{
        size: continued.length,
        'stream at': offsetOf(continued, A),
        'position at': offsetOf(continued, B),
      },
    });
    expect(connected).toEqual({ size: 8, 'size at': 0, 'flags at': 4 });
  });

  test('has the numbers that the host reads and writes', () => {
    const { numbers } = read();
    const number = (name: string) => Number(numbers[name]);
    for (const [name, value] of Object.entries(Mark)) expect(number(name.toUpperCase()), name).toBe(value);
    for (const [index, name] of FRAME_STATES.entries()) expect(number(name.toUpperCase()), name).toBe(index);
    const whats: ContraWhat[] = ['pending', 'ack', 'fail', 'close', 'open', 'pause', 'resume', 'drain'];
    for (const what of whats) expect(number(what.toUpperCase()), what).toBe(writeContra([{ what }])[0]);
    for (const promise of ['replays', 'durable', 'remembers'] as const) {
      const bytes = Uint8Array.from([8, 0, 0, 0, number(promise.toUpperCase()), 0, 0, 0]);
      const none = { replays: false, durable: false, remembers: false };
      expect(readConnected(bytes, 'it')).toEqual({ ...none, [promise]: true });
    }
    expect(numbers['NOWHERE']).toBe(String(NOWHERE));
  });
});
