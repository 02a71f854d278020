/** Checks in every tier which options of `load` it accepts and which it refuses. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { HOST_OPTIONS } from '../../src/host/host-options.js';
import { checkLoadOptions, LOAD_OPTIONS } from '../../src/host/load-options.js';
import {
  defineKind,
  type HostOptions,
  type Isolation,
  type LoadOptions,
  method,
  PluginHost,
} from '../../src/index.js';
import { pluginFile, withAddon } from '../support/index.js';

/**
 * For each option, a value that requests something (`some`), and a value that requests nothing (`none`), if
 * any.
 */
const VALUES: Readonly<Record<keyof LoadOptions, { some: unknown; none?: unknown }>> = {
  isolation: { some: undefined },
  unsupported: { some: 'warn' },
  timeout: { some: 500, none: Number.POSITIVE_INFINITY },
  queue: { some: { messages: 5 } },
  maxInFlight: { some: 5 },
  whenFull: { some: 'wait' },
  profile: { some: 'latency' },
  transport: { some: 'pipe' },
  restart: { some: { max: 1 }, none: false },
  whenDown: { some: 'wait' },
  limits: { some: { memory: 2 ** 28 }, none: {} },
  sandbox: { some: true, none: false },
  env: { some: ['PATH'] },
  cwd: { some: '/' },
  crashInputs: { some: '/nowhere/inputs' },
  startTimeout: { some: 1000 },
  grace: { some: 10 },
  onCrash: { some: 'demote', none: 'none' },
  onMeddling: { some: 'refuse', none: 'warn' },
  reload: { some: { drain: 100 } },
};
const TIERS: readonly Isolation[] = ['inline', 'thread', 'process'];
const WITH_TIERS: readonly Isolation[] = withAddon ? TIERS : ['inline'];
const math = defineKind({
  name: 'math',
  version: '1.0.0',
  methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
});
const VITAL = ['sandbox', 'limits'];
const cases = TIERS.flatMap((isolation) =>
  Object.entries(VALUES)
    .filter(([name]) => name !== 'isolation')
    .map(([name, { some, none }]) => ({ isolation, name, some, none })),
);
/** Adds the transport that the option needs: only shared memory has a profile. */
const transportFor = (name: string, isolation: Isolation) =>
  isolation === 'process' && name === 'profile' ? { transport: 'shared-memory' as const } : {};

test('this test covers every option of load', () => {
  expect(Object.keys(VALUES).sort()).toEqual(Object.keys(LOAD_OPTIONS).sort());
});

describe.each(cases)('$name in the $isolation tier', ({ isolation, name, some, none }) => {
  const options = { isolation, [name]: some, ...transportFor(name, isolation) } as LoadOptions;
  const isHonoured = LOAD_OPTIONS[name]?.includes(isolation);

  test(isHonoured ? 'is accepted' : 'is refused with its name and the tiers that support it', () => {
    if (isHonoured) return void checkLoadOptions(options);
    const tiers = LOAD_OPTIONS[name]?.map((tier) => `isolation: '${tier}'`).join(' or ');
    expect(() => checkLoadOptions(options)).toThrow(
      expect.objectContaining({
        code: 'ERR_TENON_INVALID_ARGUMENT',
        argument: name,
        message: expect.stringContaining(`load the plugin with ${tiers}`),
      }),
    );
  });

  if (!isHonoured)
    test(
      VITAL.includes(name)
        ? "is refused even with unsupported: 'warn'"
        : "causes only a warning with unsupported: 'warn'",
      () => {
        const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
        try {
          const lenient = () => checkLoadOptions({ ...options, unsupported: 'warn' });
          if (VITAL.includes(name))
            return expect(lenient).toThrow(expect.objectContaining({ argument: name }));
          lenient();
          expect(warn).toHaveBeenCalledWith(expect.stringContaining(`'${name}'`), {
            type: 'TenonWarning',
            code: 'TENON_UNSUPPORTED_OPTION',
          });
        } finally {
          warn.mockRestore();
        }
      },
    );

  if (none !== undefined)
    test('is accepted with a value that requests nothing', () => {
      checkLoadOptions({ isolation, [name]: none } as LoadOptions);
    });
});

test('profile is refused with the transport pipe', () => {
  const options: LoadOptions = { isolation: 'process', transport: 'pipe', profile: 'latency' };
  expect(() => checkLoadOptions(options)).toThrow(/'profile' is not supported by transport 'pipe'/);
});

test('old names of options and values are refused with the new names', () => {
  const said = (options: object) => {
    try {
      checkLoadOptions(options as LoadOptions);
    } catch (error) {
      return (error as Error).message;
    }
    return 'accepted';
  };
  expect(said({ deadline: 5 })).toMatch(/Did you mean 'timeout'\?$/);
  expect(said({ startDeadline: 5 })).toMatch(/Did you mean 'startTimeout'\?$/);
  expect(said({ inFlight: 5 })).toMatch(/Did you mean 'maxInFlight'\?$/);
  expect(said({ whenFull: 'error' })).toMatch(/Did you mean 'fail'\?$/);
  expect(said({ profile: 'idle' })).toMatch(/Did you mean 'efficient'\?$/);
  expect(said({ isolaton: 'inline' })).toMatch(/Did you mean 'isolation'\?$/);
  expect(said({ xyzzy: 1 })).not.toContain('Did you mean');
  expect(() => new PluginHost({ require: {} } as object)).toThrow(/Did you mean 'requireCheck'\?$/);
  expect(() => new PluginHost({ probe: { deadline: 5 } } as object)).toThrow(/Did you mean 'timeout'\?$/);
});

describe.each(WITH_TIERS)('typed methods in the %s tier', (isolation) => {
  const open = async (host: PluginHost) => await (await host.load(pluginFile('math'), { isolation })).new();
  const refusal = (argument: string) =>
    expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument });

  test('take a timeout and a signal with a promise, if the tier can end a call', async () => {
    await using host = new PluginHost();
    const { min } = (await open(host)).as(math);
    const call = min({ a: 1, b: 2 }, { timeout: 60_000 });
    if (isolation === 'inline') await expect(call).rejects.toEqual(refusal('timeout'));
    else expect(await call).toEqual({ result: 1 });
    await expect(min({ a: 1, b: 2 }, { timeout: Number.NaN })).rejects.toEqual(refusal('timeout'));
    await expect(min({ a: 1, b: 2 }, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
    expect(await min({ a: 1, b: 2 }, { timeout: Number.POSITIVE_INFINITY })).toEqual({ result: 1 });
  });

  test('take no options when they block, and say so', async () => {
    await using host = new PluginHost();
    const min = (await open(host)).asSync(math).min as (input: object, options?: unknown) => unknown;
    expect(() => min({ a: 1, b: 2 }, { timeout: 60_000 })).toThrow(refusal('timeout'));
    expect(() => min({ a: 1, b: 2 }, { signal: AbortSignal.abort() })).toThrow(refusal('signal'));
    expect(() => min({ a: 1, b: 2 }, 5)).toThrow(refusal('options'));
    expect(min({ a: 1, b: 2 }, { timeout: undefined })).toEqual({ result: 1 });
  });
});

describe('the options of a host', () => {
  const every: Readonly<Record<keyof HostOptions, { good: unknown; bad: unknown }>> = {
    paths: { good: ['.'], bad: '.' },
    depth: { good: 1, bad: 17 },
    abi: { good: '^1.0.0', bad: 'one' },
    versionPolicy: { good: 'range', bad: 'about' },
    descriptor: { good: 'required', bad: true },
    trust: { good: { digests: [] }, bad: { owner: [0] } },
    requireCheck: { good: { level: 'basic', certificates: 'x.json' }, bad: { level: 'basic' } },
    probe: { good: { mode: 'always', timeout: 2 ** 40 }, bad: { mode: 'never', patience: 5 } },
    verdicts: { good: 'verdicts.json', bad: '' },
    cacheDir: { good: 'cache', bad: 'a/$ORIGIN' },
    maxCopySize: { good: 1 << 20, bad: 0 },
    stateDir: { good: join(tmpdir(), 'tenon-none'), bad: 5 },
    kinds: { good: [math], bad: [{ name: 'math' }] },
  };

  test('are all in this table', () => {
    expect(Object.keys(every).sort()).toEqual([...HOST_OPTIONS].sort());
  });

  test.each([
    ['kinds.facts', { facts: 'always' }],
    ['kinds.use', { use: math }],
    ['kinds.use[1]', { use: [math, {}] }],
    ['kinds.fact', { fact: 'required' }],
    ['kinds[0]', [null]],
    ['kinds', 'math'],
  ])('kinds is refused with the member %s', (argument, kinds) => {
    expect(() => new PluginHost({ kinds } as HostOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument }),
    );
    for (const good of [{}, { use: [math] }, { facts: 'required' }, { use: [], facts: 'optional' }] as const)
      new PluginHost({ kinds: good });
  });

  test.each(Object.entries(every))('%s is accepted or refused with its name', (name, { good, bad }) => {
    if (name !== 'stateDir') new PluginHost({ [name]: good });
    expect(() => new PluginHost({ [name]: bad } as HostOptions)).toThrow(
      expect.objectContaining({
        code: 'ERR_TENON_INVALID_ARGUMENT',
        argument: expect.stringMatching(new RegExp(`^${name}`)),
      }),
    );
  });

  test('discover refuses what load refuses', async () => {
    await using host = new PluginHost();
    for (const options of [{ sandbox: true }, { limits: { memory: 5 } }, { timeout: 5 }, { grace: 5 }])
      await expect(host.discover(options)).rejects.toMatchObject({ argument: Object.keys(options)[0] });
  });
});

describe('the options of a call', () => {
  test('include no timeout in the inline tier, which cannot end a call', async () => {
    await using host = new PluginHost();
    const echo = await (await host.load(pluginFile('echo'))).new();
    const refused = expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument: 'timeout' });
    expect(() => echo.callSync(Buffer.from('x'), { timeout: 5 })).toThrow(refused);
    await expect(echo.call(Buffer.from('x'), { timeout: 5 })).rejects.toEqual(refused);
    expect(echo.callSync(Buffer.from('x'), { timeout: Number.POSITIVE_INFINITY }).toString()).toBe('x');
    const lenient = await (await host.load(pluginFile('echo'), { unsupported: 'warn' })).new();
    expect(lenient.callSync(Buffer.from('y'), { timeout: 5 }).toString()).toBe('y');
  });

  test.each([
    ['deadline', { deadline: 5 }, /Did you mean 'timeout'\?$/],
    ['signal', { signal: {} }, /must be an AbortSignal/],
    ['options', 5, /must be an object/],
  ])('are checked in every tier: %s', async (argument, options, words) => {
    await using host = new PluginHost();
    for (const isolation of withAddon ? (['inline', 'thread', 'process'] as const) : (['inline'] as const)) {
      const echo = await (await host.load(pluginFile('echo'), { isolation })).new();
      const refused = expect.objectContaining({ argument, message: expect.stringMatching(words) });
      expect(() => echo.callSync(Buffer.from('x'), options as object)).toThrow(refused);
      await expect(echo.call(Buffer.from('x'), options as object)).rejects.toEqual(refused);
      await expect(echo.method('something').call(Buffer.from('x'), options as object)).rejects.toEqual(
        refused,
      );
    }
  });

  test('may include an aborted signal, which fails the call before it starts', async () => {
    await using host = new PluginHost();
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    for (const isolation of withAddon ? (['inline', 'thread', 'process'] as const) : (['inline'] as const)) {
      const echo = await (await host.load(pluginFile('echo'), { isolation })).new();
      expect(() => echo.callSync(Buffer.from('x'), { signal })).toThrow(reason);
      await expect(echo.call(Buffer.from('x'), { signal })).rejects.toBe(reason);
    }
  });
});
