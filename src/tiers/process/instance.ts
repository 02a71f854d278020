/** An instance in a process of its own. */
import { type CallSite, callFailure, newFailure } from '../status.js';
import {
  type Binding,
  type CallOptions,
  type InstanceEvents,
  type MethodRef,
  SOMETHING,
  type TierInstance,
} from '../tier.js';
import { deadlineOf, failureOf, ProcessBinding } from './binding.js';
import type { Engine } from './engine.js';
import { badTable, closed, crashed, missingKind } from './errors.js';
import { Operation, ProcessOutcome, Word } from './protocol.js';
import type { Request } from './shared-memory/channel.js';

/** An instance without those who hold it: what is left to be dropped when they are gone. */
export interface Seat {
  readonly engine: Engine;
  readonly number: number;
  closed: boolean;
}

/** Makes an instance without blocking. */
export function createInstance(
  engine: Engine,
  config: Uint8Array,
  events: InstanceEvents,
  options: CallOptions | undefined,
): Promise<TierInstance> {
  const site = engine.site('new');
  let bytes = config;
  let number = 0;
  return engine.fly<TierInstance>({
    site,
    deadline: deadlineOf(options, engine),
    signal: options?.signal,
    counts: false,
    batch: 0,
    keep: () => {
      bytes = Uint8Array.from(config);
    },
    send: (slot) => {
      const outcome = engine.channel.send(request(Operation.NEW), slot, -1, bytes);
      if (outcome === 0) number = engine.births.begin(events);
      return outcome;
    },
    take: (answer) => {
      engine.births.end();
      if (answer.status === 0) return born(engine, number, answer.instance, events);
      engine.retire(number);
      throw newFailure(failureOf(answer), site);
    },
    discard: (answer) => {
      engine.births.end();
      engine.retire(number);
      if (answer.status === 0) void dropSeat({ engine, number: answer.instance, closed: false });
    },
  });
}

/** The same, blocking. */
export function createInstanceSync(engine: Engine, config: Uint8Array, events: InstanceEvents): TierInstance {
  const site = engine.site('new');
  const { channel } = engine;
  const number = engine.births.next(events);
  const outcome = engine.request(request(Operation.NEW), site, engine.settings.deadline, config);
  if (outcome === 0) return born(engine, number, channel.control[Word.INSTANCE] as number, events);
  engine.retire(number);
  const detail = channel.control[Word.DETAIL] as number;
  throw newFailure({ outcome, detail, text: outcome > 0 ? channel.text() : '' }, site);
}

function born(engine: Engine, expected: number, number: number, events: InstanceEvents): ProcessInstance {
  if (number !== expected) {
    engine.retire(expected);
    engine.births.adopt(number, events);
  }
  return new ProcessInstance({ engine, number, closed: false });
}

function request(operation: number, instance = 0, detail = 0): Request {
  return { operation, instance, method: 0, detail };
}

/** Has `drop` run. Resolves when it has, or when there is nothing left that could run it. */
async function dropSeat(seat: Seat): Promise<void> {
  const { engine, number } = seat;
  if (seat.closed) return;
  seat.closed = true;
  engine.mute(number);
  try {
    await engine.fly({
      site: engine.site('drop'),
      deadline: undefined,
      counts: false,
      batch: 0,
      keep: () => undefined,
      send: (slot) => engine.channel.send(request(Operation.DROP, number), slot, -1),
      take: () => engine.retire(number),
    });
  } catch {
    // The process has ended, and the instance with it.
  }
}

const warned = new Set<string>();

const collected = new FinalizationRegistry<Seat>((seat) => {
  if (seat.closed) return;
  void dropSeat(seat);
  const { plugin } = seat.engine.settings;
  if (warned.has(plugin) || !seat.engine.life.alive) return;
  warned.add(plugin);
  const advice = 'Call close() on each instance, or declare it with `using`';
  process.emitWarning(
    `An instance of plugin ${plugin} was collected without close(). It was dropped now; nobody knows when the next one will be. ${advice}.`,
    'TenonWarning',
  );
});

class ProcessInstance implements TierInstance {
  readonly #seat: Seat;

  constructor(seat: Seat) {
    this.#seat = seat;
    collected.register(this, seat, seat);
  }

  bind(method: MethodRef): Binding {
    const { engine } = this.#seat;
    const site = engine.site(method.name);
    this.#requireOpen(site);
    const number = method.kind === null ? SOMETHING.slot : this.#slot(method.kind, method.slot, site);
    return new ProcessBinding(this, this.#seat, number, site);
  }

  methodCount(kind: string): number {
    const site = this.#seat.engine.site(`get_extension('${kind}')`);
    this.#requireOpen(site);
    return this.#count(kind, site);
  }

  ref(): void {
    if (!this.#seat.closed) this.#seat.engine.hold(this);
  }

  unref(): void {
    this.#seat.engine.unhold(this);
  }

  close(): Promise<void> {
    this.#seat.engine.unhold(this);
    collected.unregister(this.#seat);
    return dropSeat(this.#seat);
  }

  #requireOpen(site: CallSite): void {
    const { engine, closed: isClosed } = this.#seat;
    if (isClosed) throw closed(site);
    const { exit } = engine.life;
    if (exit !== undefined) throw crashed(site, exit);
  }

  /** The runner's number of a method. It is the same for all instances. */
  #slot(kind: string, slot: number, site: CallSite): number {
    const { engine } = this.#seat;
    const { channel } = engine;
    const key = `${kind}#${slot}`;
    const known = engine.bound.get(key);
    if (known !== undefined) return known;
    const outcome = this.#ask(request(Operation.BIND, 0, slot), kind, site);
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
    const { engine } = this.#seat;
    const key = `${kind}#`;
    const known = engine.bound.get(key);
    if (known !== undefined) return known;
    const outcome = this.#ask(request(Operation.METHOD_COUNT), kind, site);
    if (outcome !== 0) throw callFailure({ outcome, detail: 0, text: '' }, site);
    const count = engine.channel.control[Word.DETAIL] as number;
    engine.bound.set(key, count);
    return count;
  }

  #ask(about: Request, kind: string, site: CallSite): number {
    const { engine } = this.#seat;
    const outcome = engine.request(about, site, engine.settings.deadline, Buffer.from(kind));
    if (outcome === ProcessOutcome.BAD_TABLE) throw badTable(engine.channel.text(), site);
    return outcome;
  }
}
