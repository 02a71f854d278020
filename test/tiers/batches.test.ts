import { describe, expect, test } from 'vitest';
import { Batch, type BatchResult } from '../../src/base/batch.js';
import { backends, error, puppetFactory } from './process/puppet.js';

const texts = (result: BatchResult): string[] => Array.from(result, (bytes) => Buffer.from(bytes).toString());
const batchOf = (...messages: string[]): Batch =>
  Batch.of(messages.map((text) => Buffer.from(text, 'latin1')));

describe.each(backends)('batches through %s', (backend) => {
  test('results are returned in order, each with a status, and later calls do not change them', async () => {
    const { act, tier, say } = puppetFactory(backend)();
    const result = act.callManySync(batchOf('eone', '', 'e', 'ethree'));
    const again = await act.callMany(batchOf('eother'));
    say('eoverwrites');
    tier.close();
    expect(texts(result)).toEqual(['one', 'empty', '', 'three']);
    expect([...result.statuses]).toEqual([0, 0, 0, 0]);
    expect(texts(again)).toEqual(['other']);
  });

  test('an empty batch has an empty result', () => {
    const result = puppetFactory(backend)().act.callManySync(Batch.of([]));
    expect([result.length, result.data.length, [...result.offsets]]).toEqual([0, 0, [0]]);
  });

  test('offsets may start anywhere in the data, as in a slice of a column', () => {
    const data = Buffer.from('....eaeb....');
    const result = puppetFactory(backend)().act.callManySync(new Batch(Int32Array.of(4, 6, 8), data));
    expect(texts(result)).toEqual(['a', 'b']);
  });

  test('outputs that grow across many blocks are complete', () => {
    const { act } = puppetFactory(backend)();
    const sizes = Array.from({ length: 300 }, (_, i) => (i * i * 7) % 40_000);
    const result = act.callManySync(batchOf(...sizes.map((size) => `g${size}`)));
    expect(Array.from(result, (bytes) => bytes.length)).toEqual(sizes);
    const wrong = Array.from(result).some((bytes) =>
      bytes.some((byte, i) => byte !== ((i * 31 + (i >> 8)) & 255)),
    );
    expect(wrong).toBe(false);
  });

  test('a failed message has its status and error message, and the other messages are processed', () => {
    const { act, say } = puppetFactory(backend)();
    const result = act.callManySync(batchOf('ea', 's\x02not good', 's\x04', 'eb'));
    expect([...result.statuses]).toEqual([0, 2, 4, 0]);
    expect(texts(result)).toEqual(['a', 'not good', '', 'b']);
    expect(say('efine')).toBe('fine');
  });

  test('after a panic, earlier results are kept and later messages are not processed', () => {
    const { act } = puppetFactory(backend)();
    const result = act.callManySync(batchOf('ea', 's\x06disco', 'eb', 'ec'));
    expect([...result.statuses]).toEqual([0, 6, 7, 7]);
    expect(texts(result)).toEqual(['a', 'disco', '', '']);
    expect(() => act.callManySync(batchOf('e'))).toThrow(error('ERR_TENON_POISONED') as Error);
  });

  test.each(['s\x63', 's\xff', 'o', 'O', 'l', 't', 'c', 'u'])(
    'after a breach of the contract (%j), earlier results are kept and the breach is reported in its place',
    (command) => {
      const { act } = puppetFactory(backend)();
      const result = act.callManySync(batchOf('ea', 'eb', command, 'ec'));
      expect([...result.statuses]).toEqual([0, 0, 7, 7]);
      const [a, b, breach, rest] = texts(result);
      expect([a, b, rest]).toEqual(['a', 'b', '']);
      expect(breach).toContain('broke the contract');
      expect(() => act.callSync(Buffer.from('e'))).toThrow(error('ERR_TENON_CONTRACT') as Error);
    },
  );

  test.each([
    ['a negative offset', Int32Array.of(-1, 2)],
    ['offsets that decrease', Int32Array.of(0, 3, 2)],
    ['offsets past the end of the data', Int32Array.of(0, 7)],
    ['no offsets at all', new Int32Array(0)],
    ['shared offsets', new Int32Array(new SharedArrayBuffer(8))],
    ['unsigned offsets', Uint32Array.of(0, 2)],
  ])('a forged batch is refused with the name of its argument: %s', (_, offsets) => {
    const { act, say } = puppetFactory(backend)();
    const forged = { offsets, data: Buffer.from('eeeeee'), length: 1 } as unknown as Batch;
    const refused = error('ERR_TENON_INVALID_ARGUMENT', { argument: 'batch.offsets' }) as Error;
    expect(() => act.callManySync(forged)).toThrow(refused);
    expect(say('efine')).toBe('fine');
  });

  test.each([
    ['shared data', new Uint8Array(new SharedArrayBuffer(8))],
    ['a string as data', 'text'],
  ])('a forged batch is refused with the name of its argument: %s', (_, data) => {
    const { act } = puppetFactory(backend)();
    const forged = { offsets: Int32Array.of(0, 2), data, length: 1 } as unknown as Batch;
    expect(() => act.callManySync(forged)).toThrow(
      error('ERR_TENON_INVALID_ARGUMENT', { argument: 'batch.data' }) as Error,
    );
    expect(() => act.callManySync(undefined as unknown as Batch)).toThrow(
      error('ERR_TENON_INVALID_ARGUMENT', { argument: 'batch' }) as Error,
    );
  });
});
