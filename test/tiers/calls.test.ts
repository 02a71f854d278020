import { describe, expect, test } from 'vitest';
import { backends, error, puppetFactory } from './process/puppet.js';

describe.each(backends)('calls through %s', (backend) => {
  test('a result has the bytes that the plugin wrote, and later calls do not change it', () => {
    const { act, tier } = puppetFactory(backend)();
    const first = act.callSync(Buffer.from('efirst'));
    const second = act.callSync(Buffer.from('esecond'));
    tier.close();
    expect(first).toBeInstanceOf(Buffer);
    expect([first.toString(), second.toString()]).toEqual(['first', 'second']);
  });

  test('an empty input arrives as a readable address with length 0', () => {
    const { act } = puppetFactory(backend)();
    expect(act.callSync(Buffer.alloc(0)).toString()).toBe('empty');
    expect(act.callSync(new Uint8Array(0)).toString()).toBe('empty');
  });

  test('an empty output is an empty Buffer', () => {
    expect(puppetFactory(backend)().act.callSync(Buffer.from('e'))).toEqual(Buffer.alloc(0));
  });

  test.each([1, 64, 65, 16_383, 16_384, 16_385, 65_536, 65_537, 300_000, 5_000_000])(
    'an output of %i bytes is complete',
    (size) => {
      const { act } = puppetFactory(backend)();
      const expected = Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255));
      for (let i = 0; i < 2; i++) expect(act.callSync(Buffer.from(`g${size}`)).equals(expected)).toBe(true);
      expect(act.callSync(Buffer.from('eshort')).toString()).toBe('short');
    },
  );

  test('a view into the middle of a larger buffer is passed as that view', () => {
    const memory = Buffer.from('....eview....');
    expect(puppetFactory(backend)().act.callSync(memory.subarray(4, 9)).toString()).toBe('view');
  });

  test('a failed call throws its status and message, and the next call succeeds', async () => {
    const { act, say } = puppetFactory(backend)();
    const statuses = ['FAILED', 'INVALID', 'UNSUPPORTED', 'BUSY', 'NO_MEMORY'];
    for (const [i, name] of statuses.entries()) {
      const input = Buffer.from(`s${String.fromCharCode(i + 1)}the reason: é`);
      const expected = error('ERR_TENON_CALL_FAILED', {
        status: `TENON_${name}`,
        plugin: 'puppet',
        message: expect.stringContaining('the reason: é'),
      });
      expect(() => act.callSync(input)).toThrow(expected as Error);
      await expect(act.call(input)).rejects.toEqual(expected);
    }
    expect(say('eafter')).toBe('after');
  });

  test('a long message of a failed call is not shortened', () => {
    const { act } = puppetFactory(backend)();
    const reason = 'because '.repeat(10_000);
    expect(() => act.callSync(Buffer.from(`s\x01${reason}`))).toThrow(reason);
  });

  test('a panic poisons the instance, and drop still runs', () => {
    const make = puppetFactory(backend);
    const { act, tier } = make();
    const panic = () => act.callSync(Buffer.from('s\x06at the disco'));
    expect(panic).toThrow(
      error('ERR_TENON_PANIC', { message: expect.stringContaining('at the disco') }) as Error,
    );
    expect(panic).toThrow(error('ERR_TENON_POISONED', { status: 'TENON_POISONED' }) as Error);
    tier.close();
    expect(JSON.parse(make().say('#'))).toMatchObject({ made: 2, dropped: 1 });
  });

  test.each([
    ['an unknown status', 's\x63'],
    ['a negative status', 's\xff'],
    ['a byte written past the capacity', 'o'],
    ['a block written past the capacity before more is reserved', 'O'],
    ['a length above the capacity', 'l'],
    ['a changed address of the output', 't'],
    ['a changed capacity', 'c'],
    ['a message that is not UTF-8', 'u'],
  ])('%s is a breach of the contract, and the instance is disabled', (_, command) => {
    const make = puppetFactory(backend);
    const { act, tier } = make();
    const call = (text: string) => () => act.callSync(Buffer.from(text, 'latin1'));
    expect(call(command)).toThrow(error('ERR_TENON_CONTRACT', { plugin: 'puppet' }) as Error);
    expect(call('eagain')).toThrow(
      error('ERR_TENON_CONTRACT', { message: expect.stringContaining('disabled') }) as Error,
    );
    tier.close();
    const other = make();
    expect(other.say('estill right')).toBe('still right');
    expect(JSON.parse(other.say('#'))).toMatchObject({ made: 2, dropped: 1 });
  });

  test('reserve refuses a copy of the struct and an impossible size, and the next call succeeds', () => {
    const { say } = puppetFactory(backend)();
    expect([say('R'), say('M'), say('eok')]).toEqual(['refused', 'refused', 'ok']);
  });

  test('calls of a closed instance throw, and drop runs once even if it is closed twice', async () => {
    const make = puppetFactory(backend);
    const { act, tier } = make();
    tier.close();
    tier.close();
    const closed = error('ERR_TENON_CLOSED');
    expect(() => act.callSync(Buffer.from('e'))).toThrow(closed as Error);
    await expect(act.call(Buffer.from('e'))).rejects.toEqual(closed);
    expect(() => act.record(8, 8)).toThrow(closed as Error);
    expect(() => tier.bind({ kind: 'puppet/1', slot: 0, name: 'min' })).toThrow(closed as Error);
    expect(() => tier.methodCount('puppet/1')).toThrow(closed as Error);
    expect(() => tier.ref()).not.toThrow();
    expect(() => tier.unref()).not.toThrow();
    expect(JSON.parse(make().say('#'))).toMatchObject({ made: 2, dropped: 1 });
  });

  test('a binding of a closed instance does not reach a later instance', () => {
    const make = puppetFactory(backend);
    const first = make();
    const record = first.tier.bind({ kind: 'puppet/1', slot: 0, name: 'min' }).record(8, 4);
    first.tier.close();
    const others = Array.from({ length: 20 }, () => make());
    for (const other of others) other.tier.bind({ kind: 'puppet/1', slot: 0, name: 'min' }).record(8, 4);
    expect(() => first.say('e')).toThrow(error('ERR_TENON_CLOSED') as Error);
    record.invoke();
    expect(record.control[0]).not.toBe(0);
    expect(record.fail).toThrow(error('ERR_TENON_CLOSED') as Error);
  });

  test('a call with an aborted signal is not made', async () => {
    const { act } = puppetFactory(backend)();
    const reason = new Error('enough');
    await expect(act.call(Buffer.from('e'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe.each(backends)('arguments through %s', (backend) => {
  const { act, say } = (() => {
    let made: ReturnType<ReturnType<typeof puppetFactory>> | undefined;
    const get = () => (made ??= puppetFactory(backend)());
    return {
      act: { callSync: (input: unknown) => get().act.callSync(input as Uint8Array) },
      say: (text: string) => get().say(text),
    };
  })();
  const shared = new Uint8Array(new SharedArrayBuffer(100));
  const resizable = (length: number, max: number): ArrayBuffer =>
    Reflect.construct(ArrayBuffer, [length, { maxByteLength: max }]) as ArrayBuffer;
  const detached = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    return bytes;
  };

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'text'],
    ['a number', 7],
    ['an array', [1, 2]],
    ['an ArrayBuffer', new ArrayBuffer(8)],
    ['a Float64Array', new Float64Array(8)],
    ['a Uint8ClampedArray', new Uint8ClampedArray(8)],
    ['a DataView', new DataView(new ArrayBuffer(8))],
    ['a Proxy of a Uint8Array', new Proxy(new Uint8Array(8), {})],
    ['shared memory', shared],
    ['empty shared memory', new Uint8Array(new SharedArrayBuffer(0))],
    ['a part of shared memory', shared.subarray(3, 9)],
    ['resizable memory', new Uint8Array(resizable(100, 200))],
    ['resizable memory at its maximum length', new Uint8Array(resizable(100, 100))],
    ['a part of resizable memory', new Uint8Array(resizable(9000, 90_000), 5000, 9)],
    ['a large part of resizable memory', new Uint8Array(resizable(1_000_000, 2_000_000), 4097)],
    ['empty resizable memory', new Uint8Array(resizable(0, 64))],
    ['empty memory that cannot grow', new Uint8Array(resizable(0, 0))],
    ['detached memory', detached(100)],
    ['a small block of detached memory', detached(5)],
  ])('%s is refused, and the plugin is not called', (_, input) => {
    const expected = error('ERR_TENON_INVALID_ARGUMENT', { argument: 'input' }) as Error;
    for (let i = 0; i < 3; i++) expect(() => act.callSync(input)).toThrow(expected);
    expect(say('efine')).toBe('fine');
  });

  test('ordinary memory at the start of a page is accepted', () => {
    const pages = Array.from({ length: 300 }, () => new Uint8Array(new ArrayBuffer(4096)));
    for (const page of pages) {
      page[0] = 101;
      expect(act.callSync(page)).toHaveLength(4095);
    }
  });
});

describe.each(backends)('new through %s', (backend) => {
  test.each([
    ['fail', 'ERR_TENON_NEW_FAILED', 'no such config', 'TENON_INVALID'],
    ['mute', 'ERR_TENON_NEW_FAILED', 'without a message', 'TENON_FAILED'],
    ['panic', 'ERR_TENON_PANIC', 'config panicked', 'TENON_PANIC'],
    ['status', 'ERR_TENON_CONTRACT', '77', undefined],
    ['binary', 'ERR_TENON_CONTRACT', 'UTF-8', undefined],
  ])('fails with the config %s, and drop is not called', (config, code, text, status) => {
    const make = puppetFactory(backend);
    const expected = { message: expect.stringContaining(text), plugin: 'puppet', ...(status && { status }) };
    expect(() => make({ config })).toThrow(error(code, expected) as Error);
    expect(JSON.parse(make().say('#'))).toMatchObject({ made: 1, dropped: 0 });
  });

  test('drops an instance whose new succeeded and broke the contract', () => {
    const make = puppetFactory(backend);
    expect(() => make({ config: 'overrun' })).toThrow(error('ERR_TENON_CONTRACT') as Error);
    expect(JSON.parse(make().say('#'))).toMatchObject({ made: 2, dropped: 1 });
  });
});
