import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Batch, BatchResult, trustedResult } from '../../src/base/batch.js';
import { TenonError } from '../../src/base/errors.js';

const texts = (batch: Batch): string[] => Array.from(batch, (bytes) => Buffer.from(bytes).toString());

/** Returns the argument that the thrown TenonError names, and checks its code and message. */
function refusedArgument(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof TenonError && error.code === 'ERR_TENON_INVALID_ARGUMENT') {
      expect(error.message).toContain(`'${error.argument}'`);
      return error.argument;
    }
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a batch', () => {
  test('takes an Arrow column, sliced or not, without copying it', () => {
    const data = Buffer.from('..abcdef');
    const offsets = Int32Array.of(2, 3, 3, 8);
    const batch = new Batch(offsets, data);
    expect(batch.length).toBe(3);
    expect(texts(batch)).toEqual(['a', '', 'bcdef']);
    expect(batch.data).toBe(data);
    expect(batch.offsets).toBe(offsets);
    data[2] = 'z'.charCodeAt(0);
    expect(Buffer.from(batch.get(0)).toString()).toBe('z');
  });

  test('may be empty', () => {
    const batch = new Batch(Int32Array.of(0), new Uint8Array(0));
    expect(batch.length).toBe(0);
    expect([...batch]).toEqual([]);
  });

  test('refuses offsets that decrease or exceed the data', () => {
    const data = new Uint8Array(4);
    for (const offsets of [[], [-1, 2], [0, 3, 2], [0, 5], [5]]) {
      expect(refusedArgument(() => new Batch(Int32Array.from(offsets), data))).toBe('offsets');
    }
  });

  test('refuses values of other types', () => {
    const offsets = Int32Array.of(0);
    for (const wrong of [[0], new Uint32Array(1), new Float64Array(1), null, undefined, 1, 'a']) {
      expect(refusedArgument(() => new Batch(wrong as unknown as Int32Array, new Uint8Array(0)))).toBe(
        'offsets',
      );
    }
    for (const wrong of [
      [0],
      new Int8Array(1),
      new ArrayBuffer(1),
      null,
      undefined,
      'a',
      Object.create(null),
    ]) {
      expect(refusedArgument(() => new Batch(offsets, wrong as Uint8Array))).toBe('data');
    }
  });

  test('refuses memory that is shared, resizable or detached', () => {
    const Resizable = ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer;
    const resizable = new Resizable(8, { maxByteLength: 16 });
    const shared = new SharedArrayBuffer(8) as unknown as ArrayBuffer;
    const detached = new Uint8Array(8);
    const detachedOffsets = new Int32Array(1);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    structuredClone(detachedOffsets.buffer, { transfer: [detachedOffsets.buffer] });
    const offsets = Int32Array.of(0);
    expect(refusedArgument(() => new Batch(offsets, new Uint8Array(resizable)))).toBe('data');
    expect(refusedArgument(() => new Batch(offsets, new Uint8Array(shared)))).toBe('data');
    expect(refusedArgument(() => new Batch(offsets, detached))).toBe('data');
    expect(refusedArgument(() => new Batch(new Int32Array(resizable), Buffer.alloc(4)))).toBe('offsets');
    expect(refusedArgument(() => new Batch(new Int32Array(shared), Buffer.alloc(4)))).toBe('offsets');
    expect(refusedArgument(() => new Batch(detachedOffsets, Buffer.alloc(4)))).toBe('offsets');
    expect(refusedArgument(() => Batch.of([Buffer.from('a'), detached]))).toBe('messages[1]');
    expect(refusedArgument(() => Batch.fromLines(new Uint8Array(shared)))).toBe('text');
  });

  test('refuses an index out of range', () => {
    const batch = Batch.of([Buffer.from('a')]);
    for (const index of [-1, 1, 0.5, Number.NaN, '0' as unknown as number]) {
      expect(refusedArgument(() => batch.get(index))).toBe('index');
    }
  });
});

describe('Batch.of', () => {
  test('packs the messages of any iterable by copying them', () => {
    const first = Buffer.from('one');
    const generator = function* () {
      yield first;
      yield new Uint8Array(0);
      yield new Uint8Array([0, 255]);
    };
    for (const batch of [Batch.of([...generator()]), Batch.of(generator()), Batch.of(new Set(generator()))]) {
      expect(batch.offsets).toEqual(Int32Array.of(0, 3, 3, 5));
      first[0] = 0;
      expect(Buffer.from(batch.get(0)).toString()).toBe('one');
      expect([...batch.get(2)]).toEqual([0, 255]);
      first[0] = 'o'.charCodeAt(0);
    }
    expect(Batch.of([]).length).toBe(0);
  });

  test('names the first element that is not a byte array', () => {
    expect(refusedArgument(() => Batch.of([Buffer.from('a'), 'b' as unknown as Buffer]))).toBe('messages[1]');
    expect(refusedArgument(() => Batch.of(new Array<Buffer>(2)))).toBe('messages[0]');
    for (const wrong of [5, null, undefined, {}, 'text', Buffer.from('a')]) {
      expect(refusedArgument(() => Batch.of(wrong as unknown as Buffer[]))).toBe('messages');
    }
  });

  test('refuses more bytes than 32-bit offsets can address', () => {
    const large = new Uint8Array(2 ** 20);
    expect(refusedArgument(() => Batch.of(new Array<Uint8Array>(2048).fill(large)))).toBe('messages');
  });
});

describe('Batch.fromLines', () => {
  test('returns lines without their line ends', () => {
    const cases: [string, string[]][] = [
      ['', []],
      ['\n', ['']],
      ['a', ['a']],
      ['a\n', ['a']],
      ['a\n\nb', ['a', '', 'b']],
      ['a\r\nb\r\n\r\nc', ['a', 'b', '', 'c']],
      ['a\rb\r', ['a\rb\r']],
      ['\r\n', ['']],
      ['ä\n€', ['ä', '€']],
    ];
    for (const [text, lines] of cases) {
      expect(texts(Batch.fromLines(text)), JSON.stringify(text)).toEqual(lines);
      expect(texts(Batch.fromLines(new TextEncoder().encode(text))), JSON.stringify(text)).toEqual(lines);
    }
  });

  test('does not modify its input', () => {
    const bytes = Buffer.from('a\r\nb\nc');
    Batch.fromLines(bytes);
    expect(bytes.toString()).toBe('a\r\nb\nc');
  });

  test('keeps the line ends, and does not copy the bytes, if keepEnds is set', () => {
    const bytes = new TextEncoder().encode('..a\r\n\nb..').subarray(2, 7);
    const batch = Batch.fromLines(bytes, { keepEnds: true });
    expect(texts(batch)).toEqual(['a\r\n', '\n', 'b']);
    expect(batch.data).toBe(bytes);
    expect(texts(Batch.fromLines('x\ny\n', { keepEnds: true }))).toEqual(['x\n', 'y\n']);
    expect(Batch.fromLines('', { keepEnds: true }).length).toBe(0);
  });

  test('agrees with String.split for any string', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ß', '\n', '\r', '\r\n', ''), maxLength: 800 });
    fc.assert(
      fc.property(text, (value) => {
        const lines = value.split(/\r?\n/);
        if (lines.at(-1) === '') lines.pop();
        expect(texts(Batch.fromLines(value))).toEqual(lines);
        expect(texts(Batch.fromLines(value, { keepEnds: true })).join('')).toBe(value);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  test('refuses input that is neither bytes nor a string, and invalid options', () => {
    expect(refusedArgument(() => Batch.fromLines(5 as unknown as string))).toBe('text');
    expect(refusedArgument(() => Batch.fromLines('a', 1 as unknown as object))).toBe('options');
    const options = { keepEnds: 'yes' as unknown as boolean };
    expect(refusedArgument(() => Batch.fromLines('a', options))).toBe('options.keepEnds');
  });
});

describe('a batch result', () => {
  const offsets = Int32Array.of(0, 2, 5, 5, 9, 9);
  const result = new BatchResult(offsets, Buffer.from('okbadoops'), Int32Array.of(0, 2, 7, 6, 99));

  test('counts failed messages and returns the results of the others', () => {
    expect(result.failed).toBe(4);
    expect(Buffer.from(result.result(0)).toString()).toBe('ok');
    expect(result).toBeInstanceOf(Batch);
  });

  test('throws the error of a message that failed', () => {
    const errorOf = (index: number): unknown => {
      try {
        return result.result(index);
      } catch (error) {
        return error;
      }
    };
    expect(errorOf(1)).toMatchObject({
      code: 'ERR_TENON_CALL_FAILED',
      status: 'TENON_INVALID',
      message: 'Message 1 of the batch failed with TENON_INVALID: bad',
    });
    expect(errorOf(2)).toMatchObject({ code: 'ERR_TENON_POISONED', status: 'TENON_POISONED' });
    expect(errorOf(3)).toMatchObject({ code: 'ERR_TENON_PANIC', status: 'TENON_PANIC' });
    expect(errorOf(4)).toMatchObject({ code: 'ERR_TENON_CONTRACT' });
    expect(refusedArgument(() => result.result(5))).toBe('index');
  });

  test('refuses statuses of the wrong length or type', () => {
    const data = Buffer.from('okbadoops');
    expect(refusedArgument(() => new BatchResult(offsets, data, new Int32Array(4)))).toBe('statuses');
    expect(refusedArgument(() => new BatchResult(offsets, data, [] as unknown as Int32Array))).toBe(
      'statuses',
    );
  });

  test('is the same when a tier makes it from trusted parts', () => {
    const trusted = trustedResult(result.offsets, result.data, result.statuses);
    expect(trusted).toBeInstanceOf(BatchResult);
    expect(trusted).toEqual(result);
    expect(trusted.failed).toBe(4);
    expect(texts(trusted)).toEqual(texts(result));
  });
});
