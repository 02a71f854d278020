/** An instance in the process tier. */
import { callSettings } from '../call-options.js';
import { warnCollected } from '../collected.js';
import { type CallSite, callFailure, newFailure } from '../status.js';
import {
  type CallOptions,
  type InstanceEvents,
  type MethodRef,
  SOMETHING,
  type TierBinding,
  type TierInstance,
} from '../tier.js';
import { failureOf, ProcessBinding } from './binding.js';
import type { Answer, RequestHeader } from './channel.js';
import type { Engine } from './engine.js';
import { badTable, closed, crashed, missingKind } from './errors.js';
import { Operation, ProcessOutcome, Word } from './protocol.js';
import { dropInstance, type RunnerInstance, requestHeader } from './runner-instance.js';

/** Makes an instance without blocking. */
export function createInstance(
  engine: Engine,
  config: Uint8Array,
  events: InstanceEvents,
  options: CallOptions | undefined,
): Promise<TierInstance> {
  const site = engine.site('new');
  engine.requireFitting('config', config.length);
  let bytes = config;
  let number = 0;
  return engine.submit<TierInstance>({
    site,
    ...callSettings(options, engine.timeout),
    counts: false,
    batch: 0,
    size: config.length,
    keep: () => {
      bytes = Uint8Array.from(config);
    },
    send: (slot) => {
      const outcome = engine.channel.send(requestHeader(Operation.NEW), slot, -1, bytes);
      if (outcome === 0) number = engine.newInstances.begin(events);
      return outcome;
    },
    take: (answer) => {
      engine.newInstances.end();
      if (answer.status === 0) {
        engine.remember(answer.instance, bytes);
        return adopt(engine, number, answer.instance, events);
      }
      engine.retire(number);
      throw newFailure(failureOf(answer), site);
    },
    discard: (answer) => {
      engine.newInstances.end();
      engine.retire(number);
      if (answer.status === 0) void dropInstance({ engine, number: answer.instance, closed: false });
    },
  });
}

/** Makes an instance, blocking. */
export function createInstanceSync(engine: Engine, config: Uint8Array, events: InstanceEvents): TierInstance {
  const site = engine.site('new');
  engine.requireFitting('config', config.length);
  const { channel } = engine;
  const number = engine.newInstances.next(events);
  const discard = ({ status, instance }: Answer): void => {
    engine.retire(number);
    if (status === 0) void dropInstance({ engine, number: instance, closed: false });
  };
  const outcome = engine.request(requestHeader(Operation.NEW), site, engine.timeout, config, discard);
  if (outcome === 0) {
    const made = channel.control[Word.INSTANCE] as number;
    engine.remember(made, config);
    return adopt(engine, number, made, events);
  }
  engine.retire(number);
  const detail = channel.control[Word.DETAIL] as number;
  throw newFailure({ outcome, detail, text: outcome > 0 ? channel.text() : '' }, site);
}

function adopt(engine: Engine, expected: number, number: number, events: InstanceEvents): ProcessInstance {
  if (number !== expected) {
    engine.retire(expected);
    engine.newInstances.adopt(number, events);
  }
  return new ProcessInstance({ engine, number, closed: false });
}

/**
 * The part of an instance that outlives it, until it is dropped or its process has ended. The registry holds it
 * strongly. Errors of a crash refer to the calls that failed, and so to the instance, which could otherwise
 * never be collected.
 */
interface Left {
  instance: RunnerInstance | null;
}

const collected = new FinalizationRegistry<Left>(({ instance }) => {
  if (instance === null || instance.closed) return;
  void dropInstance(instance);
  if (instance.engine.lifetime.alive) warnCollected(instance.engine.settings.plugin);
});

class ProcessInstance implements TierInstance {
  readonly #held: RunnerInstance;

  constructor(held: RunnerInstance) {
    this.#held = held;
    const left: Left = { instance: held };
    collected.register(this, left, held);
    void held.engine.whenEnded.then(() => {
      left.instance = null;
    });
  }

  bind(method: MethodRef): TierBinding {
    const { engine } = this.#held;
    const site = engine.site(method.name);
    this.#requireOpen(site);
    const number = method.kind === null ? SOMETHING.slot : this.#slot(method.kind, method.slot, site);
    return new ProcessBinding(this, this.#held, number, site);
  }

  async present(): Promise<TierInstance> {
    return this;
  }

  presentSync(): TierInstance {
    return this;
  }

  methodCount(kind: string): number {
    const site = this.#held.engine.site(`get_extension('${kind}')`);
    this.#requireOpen(site);
    return this.#count(kind, site);
  }

  ref(): void {
    if (!this.#held.closed) this.#held.engine.hold(this);
  }

  unref(): void {
    this.#held.engine.unhold(this);
  }

  close(): Promise<void> {
    this.#held.engine.unhold(this);
    collected.unregister(this.#held);
    return dropInstance(this.#held);
  }

  #requireOpen(site: CallSite): void {
    const { engine, closed: isClosed } = this.#held;
    if (isClosed) throw closed(site);
    const { exit } = engine.lifetime;
    if (exit !== undefined) throw crashed(site, exit);
  }

  /** Returns the runner's number of a method. It is the same for all instances. */
  #slot(kind: string, slot: number, site: CallSite): number {
    const { engine } = this.#held;
    const { channel } = engine;
    const key = `${kind}#${slot}`;
    const known = engine.bound.get(key);
    if (known !== undefined) return known;
    const outcome = this.#ask(requestHeader(Operation.BIND, 0, slot), kind, site);
    if (outcome === ProcessOutcome.MISSING_KIND) {
      throw missingKind(kind, slot, this.#count(kind, site), site);
    }
    if (outcome !== 0) throw callFailure({ outcome, detail: 0, text: '' }, site);
    const method = channel.control[Word.METHOD] as number;
    engine.bound.set(key, method);
    engine.nameMethod(method, site.method);
    return method;
  }

  #count(kind: string, site: CallSite): number {
    const { engine } = this.#held;
    const key = `${kind}#`;
    const known = engine.bound.get(key);
    if (known !== undefined) return known;
    const outcome = this.#ask(requestHeader(Operation.METHOD_COUNT), kind, site);
    if (outcome !== 0) throw callFailure({ outcome, detail: 0, text: '' }, site);
    const count = engine.channel.control[Word.DETAIL] as number;
    engine.bound.set(key, count);
    return count;
  }

  #ask(about: RequestHeader, kind: string, site: CallSite): number {
    const { engine } = this.#held;
    const outcome = engine.request(about, site, engine.timeout, Buffer.from(kind));
    if (outcome === ProcessOutcome.BAD_TABLE) throw badTable(engine.channel.text(), site);
    return outcome;
  }
}
