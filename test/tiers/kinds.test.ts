import { describe, expect, test } from 'vitest';
import { backends, error, puppetFactory } from './process/puppet.js';

const MIN = { kind: 'puppet/1', slot: 0, name: 'puppet.min' } as const;

describe.each(backends)('methods of kinds through %s', (backend) => {
  test('a method is called by its slot', () => {
    const { tier } = puppetFactory(backend)();
    expect(tier.methodCount('puppet/1')).toBe(2);
    const act = tier.bind({ kind: 'puppet/1', slot: 1, name: 'puppet.act' });
    expect(act.callSync(Buffer.from('eby slot')).toString()).toBe('by slot');
    expect(() => tier.bind(MIN).callSync(Buffer.alloc(3))).toThrow('expected two i32');
  });

  test('a missing kind or slot throws ERR_TENON_MISSING_KIND', () => {
    const { tier } = puppetFactory(backend)();
    expect(tier.methodCount('codec/1')).toBe(0);
    const missing = error('ERR_TENON_MISSING_KIND', { plugin: 'puppet' }) as Error;
    expect(() => tier.bind({ kind: 'codec/1', slot: 0, name: 'codec.encode' })).toThrow(missing);
    expect(() => tier.bind({ kind: 'puppet/1', slot: 2, name: 'puppet.more' })).toThrow(missing);
  });

  test.each([
    ['null/1', 'ERR_TENON_BAD_VTABLE'],
    ['data/1', 'ERR_TENON_BAD_VTABLE'],
    ['greedy/1', 'ERR_TENON_BAD_VTABLE'],
    ['odd/1', 'ERR_TENON_BAD_VTABLE'],
    ['wild/1', 'ERR_TENON_BAD_POINTER'],
  ])('the invalid method table %s is refused with %s before a method is called', (kind, code) => {
    const { tier, say } = puppetFactory(backend)();
    expect(() => tier.methodCount(kind)).toThrow(error(code, { plugin: 'puppet' }) as Error);
    expect(() => tier.bind({ kind, slot: 0, name: 'x' })).toThrow(error(code) as Error);
    expect(say('efine')).toBe('fine');
  });
});

describe.each(backends)('records through %s', (backend) => {
  const bound = () => {
    const make = puppetFactory(backend);
    const puppet = make();
    const record = puppet.tier.bind(MIN).record(8, 4);
    const input = new Int32Array(record.input);
    const output = new Int32Array(record.output);
    const min = (a: number, b: number): number => {
      input[0] = a;
      input[1] = b;
      record.invoke();
      if (record.control[0] !== 0) record.fail();
      return output[0] as number;
    };
    return { ...puppet, make, min };
  };

  test('a call writes its output to the memory of the binding', () => {
    const { min } = bound();
    expect([min(3, 4), min(4, 3), min(-5, 5)]).toEqual([3, 3, -5]);
  });

  test.each([1000, 1001, 1004])(
    'an output that is too short, too long or written past its capacity (%i) breaks the contract',
    (command) => {
      const { min, say } = bound();
      expect(() => min(command, 0)).toThrow(error('ERR_TENON_CONTRACT') as Error);
      expect(() => min(1, 2)).toThrow(error('ERR_TENON_CONTRACT') as Error);
      expect(() => say('e')).toThrow(error('ERR_TENON_CONTRACT') as Error);
    },
  );

  test("an output of another size may be the fault of the host's definition", () => {
    const { min } = bound();
    expect(() => min(1000, 0)).toThrow(/bytes, which is not the size .* the host's definition of the kind/);
  });

  test('a failed call throws its message even if it exceeds the record, and the next succeeds', () => {
    const { min } = bound();
    const failed = (text: string) =>
      error('ERR_TENON_CALL_FAILED', {
        status: 'TENON_FAILED',
        message: expect.stringContaining(text),
      }) as Error;
    expect(() => min(1002, 0)).toThrow(failed('a message that is longer than the record of the result'));
    expect(() => min(1003, 0)).toThrow(failed('why'));
    expect(min(8, 9)).toBe(8);
  });

  test('two bindings of one method have separate memory', () => {
    const { tier, min } = bound();
    const other = tier.bind(MIN).record(8, 4);
    new Int32Array(other.input).set([70, 80]);
    expect(min(1, 2)).toBe(1);
    other.invoke();
    expect(new Int32Array(other.output)[0]).toBe(70);
  });
});
