/** The public types of the package. `npm test` compiles this file, which checks the statements. */
import { expect, expectTypeOf, test } from 'vitest';
import type { CheckOptions, check, Verdict } from '../../src/check/index.js';
import type {
  Batch,
  BatchResult,
  Binding,
  CallOptions,
  CallStats,
  Capabilities,
  CheckLevel,
  Config,
  CrashReport,
  Demotions,
  Discovery,
  Gate,
  HostEventMap,
  HostOptions,
  HostStats,
  Instance,
  InstanceEventMap,
  Isolation,
  Kind,
  KindApi,
  KindApiSync,
  LatencyStats,
  LoadOptions,
  LogEntry,
  LogLevel,
  Manifest,
  Plugin,
  PluginEventMap,
  PluginHost,
  PluginProcess,
  PluginState,
  PluginStats,
  Profile,
  Quarantine,
  QuarantineEntry,
  RequireCheckOptions,
  RestartOptions,
  StatusName,
  TenonErrorCode,
  TrustOptions,
} from '../../src/index.js';
import * as tenon from '../../src/index.js';

test('the package exports exactly these values', () => {
  expect(Object.keys(tenon).sort()).toEqual([
    'ABI_VERSION',
    'Batch',
    'BatchResult',
    'GATES',
    'PluginHost',
    'Status',
    'TenonError',
    'cursor',
    'defineKind',
    'doc',
    'enumeration',
    'errorMeanings',
    'flags',
    'inspectFileSync',
    'list',
    'method',
    'option',
    'packageVersion',
    'record',
    'union',
  ]);
});

test('a host is constructed from options and emits typed events', () => {
  expectTypeOf(tenon.PluginHost).toBeConstructibleWith({ paths: ['plugins'] });
  expectTypeOf(tenon.PluginHost).toBeConstructibleWith();
  expectTypeOf<PluginHost['load']>().toEqualTypeOf<
    (nameOrPath: string, options?: LoadOptions) => Promise<Plugin>
  >();
  expectTypeOf<PluginHost['discover']>().returns.resolves.toEqualTypeOf<Discovery>();
  expectTypeOf<PluginHost['plugins']>().toEqualTypeOf<readonly Plugin[]>();
  expectTypeOf<PluginHost['manifests']>().toEqualTypeOf<readonly Manifest[]>();
  expectTypeOf<PluginHost['capabilities']>().toEqualTypeOf<Capabilities>();
  expectTypeOf<PluginHost['quarantine']>().toEqualTypeOf<Quarantine>();
  expectTypeOf<PluginHost['demotions']>().toEqualTypeOf<Demotions | null>();
  expectTypeOf<PluginHost['stats']>().toEqualTypeOf<() => HostStats>();
  expectTypeOf<HostStats['plugins']>().toEqualTypeOf<readonly PluginStats[]>();
  expectTypeOf<keyof HostEventMap>().toEqualTypeOf<'log' | 'message' | 'crash' | 'restart' | 'state'>();
  expectTypeOf<HostEventMap['log'][0]>().toMatchTypeOf<{
    plugin: string;
    instance: number | null;
    level: LogLevel;
  }>();
  expectTypeOf<HostEventMap['message'][0]['data']>().toEqualTypeOf<Buffer>();
  expectTypeOf<HostEventMap['crash'][0]['report']>().toEqualTypeOf<CrashReport>();
  const use = (host: PluginHost) => {
    host.on('log', ({ level }) => expectTypeOf(level).toEqualTypeOf<LogLevel>());
    // @ts-expect-error no such event
    host.on('crashed', () => undefined);
  };
  expect(use).toBeTypeOf('function');
});

test('the result of discover has the members plugins, refused and shadowed', () => {
  expectTypeOf<keyof Discovery>().toEqualTypeOf<'plugins' | 'refused' | 'shadowed'>();
  expectTypeOf<Discovery['refused']>().toEqualTypeOf<tenon.TenonError[]>();
});

test('options have union types and are all optional', () => {
  expectTypeOf<Isolation>().toEqualTypeOf<'inline' | 'thread' | 'process'>();
  expectTypeOf<Profile>().toEqualTypeOf<'latency' | 'balanced' | 'efficient'>();
  expectTypeOf<LoadOptions['whenFull']>().toEqualTypeOf<'fail' | 'wait' | undefined>();
  expectTypeOf<LoadOptions['whenDown']>().toEqualTypeOf<'fail' | 'wait' | undefined>();
  expectTypeOf<LoadOptions['unsupported']>().toEqualTypeOf<'refuse' | 'warn' | undefined>();
  expectTypeOf<LoadOptions['timeout']>().toEqualTypeOf<number | undefined>();
  expectTypeOf<LoadOptions['restart']>().toEqualTypeOf<RestartOptions | false | undefined>();
  expectTypeOf<object>().toExtend<LoadOptions>();
  expectTypeOf<object>().toExtend<HostOptions>();
  expectTypeOf<HostOptions['requireCheck']>().toEqualTypeOf<RequireCheckOptions | undefined>();
  expectTypeOf<HostOptions['trust']>().toEqualTypeOf<TrustOptions | undefined>();
  expectTypeOf<CallOptions>().toEqualTypeOf<{
    readonly signal?: AbortSignal | undefined;
    readonly timeout?: number | undefined;
  }>();
  // @ts-expect-error the old name
  expectTypeOf<LoadOptions['deadline']>();
});

test('a plugin creates instances and has a typed state, events and statistics', () => {
  expectTypeOf<Plugin['new']>().toEqualTypeOf<(config?: Config) => Promise<Instance>>();
  expectTypeOf<Plugin['newSync']>().toEqualTypeOf<(config?: Config) => Instance>();
  expectTypeOf<Plugin['state']>().toEqualTypeOf<PluginState>();
  expectTypeOf<PluginState>().toEqualTypeOf<
    'stopped' | 'starting' | 'running' | 'stopping' | 'crashed' | 'backing-off' | 'failed' | 'closed'
  >();
  expectTypeOf<Plugin['process']>().toEqualTypeOf<PluginProcess | null>();
  expectTypeOf<keyof PluginEventMap>().toEqualTypeOf<
    'state' | 'exit' | 'restart' | 'renewal' | 'stdout' | 'stderr' | 'reload' | 'close'
  >();
  expectTypeOf<PluginStats>().toExtend<CallStats>();
  expectTypeOf<CallStats['latency']>().toEqualTypeOf<LatencyStats | null>();
  // @ts-expect-error only a host creates plugins
  expectTypeOf<ConstructorParameters<typeof import('../../src/host/plugin.js').Plugin>>();
});

test('an instance has the methods of a binding, with the same options', () => {
  expectTypeOf<Pick<Instance, keyof Binding>>().toEqualTypeOf<Binding>();
  expectTypeOf<Instance['callSync']>().toEqualTypeOf<(input: Uint8Array, options?: CallOptions) => Buffer>();
  expectTypeOf<Instance['call']>().toEqualTypeOf<
    (input: Uint8Array, options?: CallOptions) => Promise<Buffer>
  >();
  expectTypeOf<Instance['callMany']>().toEqualTypeOf<
    (batch: Batch, options?: CallOptions) => Promise<BatchResult>
  >();
  expectTypeOf<Instance['method']>().returns.toEqualTypeOf<Binding>();
  expectTypeOf<keyof Binding>().toEqualTypeOf<'callSync' | 'call' | 'callManySync' | 'callMany'>();
  expectTypeOf<Instance['pluginName']>().toBeString();
  expectTypeOf<Instance['id']>().toBeNumber();
  expectTypeOf<keyof InstanceEventMap>().toEqualTypeOf<'message' | 'log' | 'exit' | 'close'>();
  expectTypeOf<InstanceEventMap['log'][0]>().toEqualTypeOf<LogEntry>();
  // @ts-expect-error not public
  expectTypeOf<Instance['reference']>();
  // @ts-expect-error not public
  expectTypeOf<Binding['record']>();
});

test('private members do not exist at run time', async () => {
  const { pluginFile } = await import('../support/index.js');
  await using host = new tenon.PluginHost();
  const plugin = await host.load(pluginFile('echo'));
  const instance = await plugin.new();
  expect(instance).not.toHaveProperty('reference');
  expect(instance.method('something')).not.toHaveProperty('record');
});

test('a kind has asynchronous and synchronous methods', () => {
  const math = tenon.defineKind({
    name: 'math',
    version: '1.0.0',
    methods: { min: tenon.method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
  });
  expectTypeOf(math).toExtend<Kind>();
  expectTypeOf<Instance['as']>().toBeCallableWith(math);
  type Input = { readonly a: number; readonly b: number };
  expectTypeOf<KindApi<typeof math>['min']>().toEqualTypeOf<tenon.RecordCall<Input, { result: number }>>();
  expectTypeOf<KindApiSync<typeof math>['min']>().toEqualTypeOf<
    tenon.RecordCallSync<Input, { result: number }>
  >();
});

test('the members of an error have union types', () => {
  expectTypeOf<tenon.TenonError['code']>().toEqualTypeOf<TenonErrorCode>();
  expectTypeOf<tenon.TenonError['gate']>().toEqualTypeOf<Gate | undefined>();
  expectTypeOf<tenon.TenonError['status']>().toEqualTypeOf<StatusName | undefined>();
  expectTypeOf<tenon.TenonError['signal']>().toEqualTypeOf<NodeJS.Signals | undefined>();
  expectTypeOf<(typeof tenon.errorMeanings)[TenonErrorCode]>().toBeString();
  expectTypeOf<QuarantineEntry['digest']>().toBeString();
  const exhaustive = (gate: Gate): string => {
    switch (gate) {
      case 'find':
      case 'trust':
      case 'inspect':
      case 'copy':
      case 'probe':
      case 'open':
      case 'version':
      case 'name':
      case 'vtable':
      case 'register':
        return gate;
    }
  };
  expect(tenon.GATES.map(exhaustive)).toEqual([...tenon.GATES]);
});

test('the safety suite takes options and returns a verdict', () => {
  expectTypeOf<CheckOptions['level']>().toEqualTypeOf<CheckLevel | undefined>();
  expectTypeOf<CheckLevel>().toEqualTypeOf<'basic' | 'strict' | 'torture'>();
  expectTypeOf<Verdict['outcome']>().toEqualTypeOf<'clean' | 'findings' | 'incomplete'>();
  expectTypeOf<typeof check>().returns.resolves.toEqualTypeOf<Verdict>();
});
