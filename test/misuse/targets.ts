/** The public functions and methods of the API, found by reflection, so that a new one is tried without a change here. */
import { EventEmitter } from 'node:events';
import * as checkApi from '../../src/check/index.js';
import * as api from '../../src/index.js';
import { type Isolation, type Plugin, PluginHost } from '../../src/index.js';
import { pluginFile, pluginsDir, withAddon, withRunner } from '../support/index.js';
import { math } from './values.js';

/** A function to call with any arguments. */
export interface Target {
  readonly name: string;
  readonly call: (...args: unknown[]) => unknown;
}

type Members = Readonly<Record<PropertyKey, (...args: unknown[]) => unknown>>;

/** The tiers and transports of the test. */
export const TIERS: readonly { readonly name: string; readonly options: api.LoadOptions }[] = [
  { name: 'inline', options: { isolation: 'inline' as Isolation } },
  ...(withAddon ? [{ name: 'thread', options: { isolation: 'thread' as Isolation, timeout: 20_000 } }] : []),
  ...(withRunner && withAddon
    ? [{ name: 'process', options: { isolation: 'process' as Isolation, timeout: 20_000 } }]
    : []),
  ...(withRunner
    ? [
        {
          name: 'pipe',
          options: { isolation: 'process' as Isolation, transport: 'pipe' as const, timeout: 20_000 },
        },
      ]
    : []),
];

/** Functions that work on files of the check or start compilers: they have tests of their own. */
const SLOW = ['ensureChecker', 'check', 'certify', 'foregroundRun', 'libraryFiles'];
/** Methods that end their object. They are called on objects made for it. */
const ENDING = ['close', 'restart', Symbol.dispose, Symbol.asyncDispose] as readonly PropertyKey[];

/** Returns the methods of an object that are not those of every EventEmitter or object. */
function methodsOf(object: object): PropertyKey[] {
  const names = new Set<PropertyKey>();
  for (
    let type: object | null = object;
    type !== null && type !== EventEmitter.prototype && type !== Object.prototype;
    type = Object.getPrototypeOf(type)
  ) {
    for (const name of Reflect.ownKeys(type)) {
      const { value } = Object.getOwnPropertyDescriptor(type, name) ?? {};
      if (typeof value === 'function' && name !== 'constructor') names.add(name);
    }
  }
  return [...names];
}

function targetsOf(name: string, object: object, without: readonly PropertyKey[] = []): Target[] {
  const members = object as Members;
  return methodsOf(object)
    .filter((method) => !without.includes(method))
    .map((method) => ({
      name: `${name}.${String(method)}`,
      call: (...args) => (members[method] as Target['call']).apply(object, args),
    }));
}

/** Adds a listener, which is what an EventEmitter is for, and removes it again. */
function listening(name: string, emitter: object): Target {
  const events = emitter as EventEmitter;
  const listener = () => undefined;
  return {
    name: `${name}.on`,
    call: (event) => void events.on(event as string, listener).off(event as string, listener),
  };
}

/** Classes can be constructed, other functions called. */
function exportsOf(prefix: string, exported: object): Target[] {
  return Object.entries(exported).flatMap(([name, value]): Target[] => {
    if (typeof value !== 'function' || SLOW.includes(name)) return [];
    const isClass = /^class\b/.test(Function.prototype.toString.call(value));
    const made = isClass
      ? { name: `new ${name}`, call: (...args: unknown[]) => Reflect.construct(value, args) }
      : { name: `${prefix}${name}`, call: (...args: unknown[]) => value(...args) };
    const statics = Object.keys(Object.getOwnPropertyDescriptors(value))
      .filter((key) => typeof Reflect.get(value, key) === 'function')
      .map((key) => ({
        name: `${name}.${key}`,
        call: (...args: unknown[]) => (Reflect.get(value, key) as Target['call']).apply(value, args),
      }));
    return [made, ...statics];
  });
}

/** The objects that the calls share, and the functions to call. */
export interface Stage {
  readonly host: PluginHost;
  readonly targets: readonly Target[];
  /** Calls each tier as it should be called, and throws if one does not work. */
  verify(): Promise<void>;
}

/** Loads plugins in every tier. `stateDir` is a folder for the state of a second host. */
export async function openStage(stateDir: string): Promise<Stage> {
  const host = new PluginHost({ paths: [pluginsDir], kinds: [math] });
  const other = new PluginHost({ stateDir, paths: [pluginsDir] });
  const targets: Target[] = [...exportsOf('', api), ...exportsOf('check.', checkApi)];
  const checks: (() => Promise<void>)[] = [];
  for (const [name, one] of [
    ['host', host],
    ['other', other],
  ] as const)
    targets.push(
      ...targetsOf(name, one, ENDING),
      listening(name, one),
      ...targetsOf('quarantine', one.quarantine),
    );
  if (other.demotions !== null) targets.push(...targetsOf('demotions', other.demotions));
  for (const { name, options } of TIERS) {
    const plugin = await host.load('math', options);
    const echo = await host.load(pluginFile('echo'), options);
    targets.push(...(await targetsOfTier(name, plugin, echo)));
    checks.push(await checkOf(name, plugin, echo));
  }
  const batch = new api.Batch(new Int32Array([0, 1, 3]), Buffer.from('abc'));
  const result = new api.BatchResult(batch.offsets, batch.data, new Int32Array([0, 3]));
  const error = new api.TenonError('ERR_TENON_CLOSED', 'closed');
  targets.push(...targetsOf('batch', batch), ...targetsOf('result', result), ...targetsOf('error', error));
  const verify = async () => {
    for (const check of checks) await check();
  };
  return { host, targets, verify };
}

async function targetsOfTier(tier: string, plugin: Plugin, echo: Plugin): Promise<Target[]> {
  const instance = await plugin.new();
  const echoing = await echo.new();
  const binding = instance.method('min');
  const ending = ENDING.map((method) => ({
    name: `${tier} instance.${String(method)}`,
    call: async (...args: unknown[]) => {
      const made = (await plugin.new()) as unknown as Members & api.Instance;
      await made[method]?.(...args);
      return made.close();
    },
  }));
  return [
    ...targetsOf(`${tier} plugin`, plugin, ENDING),
    ...targetsOf(`${tier} instance`, instance, ENDING),
    ...targetsOf(`${tier} echo`, echoing, ENDING),
    ...targetsOf(`${tier} binding`, binding),
    ...targetsOf(`${tier} as`, instance.as(math)),
    ...targetsOf(`${tier} asSync`, instance.asSync(math)),
    ...[plugin, instance].map((one, i) => listening(`${tier} ${i === 0 ? 'plugin' : 'instance'}`, one)),
    ...ending.filter(({ name }) => !name.endsWith('restart')),
  ];
}

async function checkOf(tier: string, plugin: Plugin, echo: Plugin): Promise<() => Promise<void>> {
  const instance = await echo.new();
  const typed = (await plugin.new()).as(math);
  return async () => {
    const answers = [
      String(instance.callSync(Buffer.from('hello'))),
      String(await instance.call(Buffer.from('hello'))),
      String((await instance.callMany(api.Batch.of([Buffer.from('hello')]))).get(0)),
      String((await typed.min({ a: 7, b: -3 })).result),
    ];
    if (String(answers) !== 'hello,hello,hello,-3') throw new Error(`${tier} answers ${answers}`);
  };
}
