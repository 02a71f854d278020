/** The two ends of a flow behind one interface each, whether they are plugins or classes in TypeScript. */
import { asTenonError, TenonError } from '../base/errors.js';
import { recycling } from '../base/recycled-memory.js';
import { milliseconds } from '../base/text.js';
import { Timer } from '../base/timer.js';
import { type Instance, whenFresh } from '../host/instance.js';
import type { Plugin } from '../host/plugin.js';
import type { KindApi } from '../kinds/api.js';
import type { Kind } from '../kinds/kind.js';
import type { SinkConnector, SourceConnector } from './connector.js';
import {
  type Contra,
  type Credit,
  checkContra,
  type Promises,
  readConnected,
  readContra,
  writeContra,
  writeCredit,
  writeResumes,
} from './contra.js';
import { EventFrame } from './frame.js';
import { keptFrame, receivedFrame } from './frame-memory.js';
import { SINK, SOURCE } from './kinds.js';
import { atMost } from './turns.js';

/** The members that both ends have. */
interface Port {
  /** The number of times that the connector asked to be called again. */
  readonly wakes: number;
  /** Is called at each wake. */
  onWake: () => void;
  /** Is called when the connector lost all its state: its process ended, or its plugin was reloaded without it. */
  onLost: (error: TenonError) => void;
  /** Sends messages, and returns the answers. */
  contraflow(messages: readonly Contra[]): Promise<Required<Contra>[]>;
  /** Makes the connector usable again after an error that disabled it. It must then be connected again. */
  renew(error: TenonError): Promise<void>;
  /** Ends the connector. */
  close(): Promise<void>;
}

/** A source as its manager sees it. */
export interface SourcePort extends Port {
  /** Whether the source has no way to receive a drain. */
  readonly deaf: boolean;
  connect(resume: ReadonlyMap<bigint, bigint>): Promise<Required<Promises>>;
  pull(credit: Credit): Promise<EventFrame>;
}

/** A sink as its manager sees it. */
export interface SinkPort extends Port {
  connect(): Promise<Required<Promises>>;
  /** Returns no answers if all rows are delivered. `timeout` is in milliseconds. */
  write(frame: EventFrame, timeout: number): Promise<Required<Contra>[]>;
}

/** Errors after which an instance is never called again. */
const DISABLING: ReadonlySet<string> = new Set([
  'ERR_TENON_PANIC',
  'ERR_TENON_POISONED',
  'ERR_TENON_CONTRACT',
  'ERR_TENON_TIMEOUT',
]);

/** Milliseconds for which the end of a connector is awaited. */
export const CLOSING = 5000;

const NOTHING = new Uint8Array(0);

/** An instance of a plugin as a connector. */
abstract class NativePort<K extends Kind> {
  wakes = 0;
  onWake: () => void = () => undefined;
  onLost: (error: TenonError) => void = () => undefined;
  protected readonly plugin: Plugin;
  readonly #config: object | string;
  readonly #kind: K;
  #instance: Instance | undefined;
  #api: KindApi<K> | undefined;
  #closed = false;

  constructor(plugin: Plugin, kind: K, config: object | string) {
    this.plugin = plugin;
    this.#kind = kind;
    this.#config = config;
  }

  /** Makes the instance. @throws TenonError if the plugin refuses the config or lacks the kind */
  async open(): Promise<this> {
    const instance = await this.plugin.new(this.#config);
    try {
      this.#api = instance.as(this.#kind);
    } catch (error) {
      await instance.close();
      throw error;
    }
    this.#instance = instance;
    instance.on('message', () => {
      this.wakes += 1;
      this.onWake();
    });
    instance.on('exit', (report) => {
      if (!report.crashed) return;
      const { signal } = report;
      this.onLost(
        new TenonError('ERR_TENON_CRASHED', `${report.summary}.`, { signal: signal ?? undefined, report }),
      );
    });
    const { name: plugin } = this.plugin;
    const message = `Plugin ${plugin} was reloaded, and its connector does not have its state any more.`;
    whenFresh(instance, () => this.onLost(new TenonError('ERR_TENON_CLOSED', message, { plugin })));
    return this;
  }

  async renew(error: TenonError): Promise<void> {
    if (this.plugin.state === 'failed') await this.plugin.restart();
    if (this.#instance !== undefined) {
      if (
        !DISABLING.has(error.code) ||
        (this.plugin.isolation === 'process' && error.code === 'ERR_TENON_TIMEOUT')
      )
        return;
      // A failure of the old instance to end must not keep the new one away.
      await atMost(CLOSING, this.#drop()).catch(() => undefined);
    }
    if (!this.#closed) await this.open();
    if (this.#closed) await this.#drop();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#drop();
  }

  async #drop(): Promise<void> {
    const instance = this.#instance;
    this.#instance = undefined;
    this.#api = undefined;
    await instance?.close();
  }

  protected get api(): KindApi<K> {
    if (this.#api !== undefined) return this.#api;
    throw new TenonError(
      'ERR_TENON_CLOSED',
      `Cannot call plugin ${this.plugin.name}: its connector is closed.`,
    );
  }

  protected who(method: string): string {
    return `The answer of ${this.#kind.name}.${method} of plugin ${this.plugin.name}`;
  }
}

/** A plugin of the kind `source/1`. */
export class NativeSource extends NativePort<typeof SOURCE> implements SourcePort {
  readonly deaf = false;

  constructor(plugin: Plugin, config: object | string) {
    super(plugin, SOURCE, config);
  }

  async connect(resume: ReadonlyMap<bigint, bigint>): Promise<Required<Promises>> {
    return readConnected(await this.api.connect(writeResumes(resume)), this.who('connect'));
  }

  async pull(credit: Credit): Promise<EventFrame> {
    const pulled = await recycling(() => this.api.pull(writeCredit(credit)));
    return receivedFrame(pulled, this.who('pull'));
  }

  async contraflow(messages: readonly Contra[]): Promise<Required<Contra>[]> {
    return readContra(await this.api.contraflow(writeContra(messages)), this.who('contraflow'));
  }
}

/** A plugin of the kind `sink/1`. */
export class NativeSink extends NativePort<typeof SINK> implements SinkPort {
  constructor(plugin: Plugin, config: object | string) {
    super(plugin, SINK, config);
  }

  async connect(): Promise<Required<Promises>> {
    return readConnected(await this.api.connect(NOTHING), this.who('connect'));
  }

  async write(frame: EventFrame, timeout: number): Promise<Required<Contra>[]> {
    const options = this.plugin.isolation === 'inline' ? undefined : { timeout };
    return readContra(await this.api.write(frame.bytes, options), this.who('write'));
  }

  async contraflow(messages: readonly Contra[]): Promise<Required<Contra>[]> {
    return readContra(await this.api.contraflow(writeContra(messages)), this.who('contraflow'));
  }
}

/** An object of a class in TypeScript as a connector. */
abstract class ClassPort<T extends SourceConnector | SinkConnector> {
  wakes = 0;
  onWake: () => void = () => undefined;
  onLost: (error: TenonError) => void = () => undefined;
  protected readonly name: string;
  readonly #make: (wake: () => void) => T;
  #object: T | undefined;
  #closed = false;

  constructor(name: string, make: (wake: () => void) => T) {
    this.name = name;
    this.#make = make;
  }

  async open(): Promise<this> {
    this.#object = this.#make(() => {
      this.wakes += 1;
      this.onWake();
    });
    return this;
  }

  async renew(error: TenonError): Promise<void> {
    if (this.#object !== undefined) {
      if (error.code !== 'ERR_TENON_CONTRACT' && error.code !== 'ERR_TENON_TIMEOUT') return;
      // A failure of the old object to end must not keep the new one away.
      await atMost(CLOSING, this.#drop()).catch(() => undefined);
    }
    if (!this.#closed) await this.open();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#drop();
  }

  async #drop(): Promise<void> {
    const object = this.#object;
    this.#object = undefined;
    await object?.close?.();
  }

  /** Returns whether the object has a method; undefined while there is no object. */
  protected has(method: keyof T): boolean | undefined {
    return this.#object === undefined ? undefined : typeof this.#object[method] === 'function';
  }

  /** Calls a method. What it throws becomes a TenonError. */
  protected async run<R>(method: string, call: (object: T) => R | Promise<R>): Promise<R> {
    const object = this.#object;
    if (object === undefined)
      throw new TenonError(
        'ERR_TENON_CLOSED',
        `Cannot call ${method} of connector ${this.name}: it is closed.`,
      );
    try {
      return await call(object);
    } catch (error) {
      throw asTenonError(error, 'ERR_TENON_CALL_FAILED', `${method} of connector ${this.name} failed`);
    }
  }

  /** Checks the frame or the messages that a method returned. */
  protected checked(messages: readonly Contra[] | undefined, method: string): Required<Contra>[] {
    if (messages === undefined) return [];
    const who = `${method} of connector ${this.name}`;
    return readContra(writeContra(checkContra(messages, who)), who);
  }
}

function promised(promises: Promises | undefined): Required<Promises> {
  return {
    replays: promises?.replays === true,
    durable: promises?.durable === true,
    remembers: promises?.remembers === true,
  };
}

/** A source in TypeScript. */
export class ClassSource extends ClassPort<SourceConnector> implements SourcePort {
  get deaf(): boolean {
    return this.has('contraflow') === false;
  }

  async connect(resume: ReadonlyMap<bigint, bigint>): Promise<Required<Promises>> {
    return promised(await this.run('connect', (source) => source.connect(resume)));
  }

  async pull(credit: Credit): Promise<EventFrame> {
    const frame = await this.run('pull', (source) => source.pull(credit));
    if (frame instanceof EventFrame) return frame;
    throw new TenonError(
      'ERR_TENON_CONTRACT',
      `pull of connector ${this.name} returned something that is not a EventFrame.`,
    );
  }

  async contraflow(messages: readonly Contra[]): Promise<Required<Contra>[]> {
    const checked = readContra(writeContra(messages), this.name);
    await this.run('contraflow', (source) => source.contraflow?.(checked));
    return [];
  }
}

/** A sink in TypeScript. */
export class ClassSink extends ClassPort<SinkConnector> implements SinkPort {
  async connect(): Promise<Required<Promises>> {
    return promised(await this.run('connect', (sink) => sink.connect?.()));
  }

  async write(frame: EventFrame, timeout: number): Promise<Required<Contra>[]> {
    const answer = this.run('write', (sink) => sink.write(keptFrame(frame)));
    return this.checked(await within(answer, timeout, `write of connector ${this.name}`), 'write');
  }

  async contraflow(messages: readonly Contra[]): Promise<Required<Contra>[]> {
    const checked = readContra(writeContra(messages), this.name);
    return this.checked(await this.run('contraflow', (sink) => sink.contraflow?.(checked)), 'contraflow');
  }
}

/** Waits for a promise, but at most `ms` milliseconds. @throws TenonError ERR_TENON_TIMEOUT */
async function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `${what} did not return within ${milliseconds(ms)}.`;
    timer = new Timer(ms, () => reject(new TenonError('ERR_TENON_TIMEOUT', message)));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer?.cancel();
    promise.catch(() => undefined);
  }
}
