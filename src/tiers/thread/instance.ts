/**
 * The thread tier. Each instance has a native thread and a bounded queue of its own. Calls of one instance
 * run one after the other, and calls of different instances run concurrently. The event loop waits for none
 * of them. `new` and `drop` run on the same thread.
 *
 * A call may have a timeout. When it passes, the promise of the call is rejected. If the call is *running*
 * then, its instance is wedged, because a thread cannot be stopped: all waiting calls fail, new calls are
 * refused, and `close` does not wait. If the call returns later, `drop` runs.
 */
import type { VTable } from '../../library/library.js';
import type { SettingChanges } from '../../library/process-settings.js';
import { nativeTimeout } from '../call-options.js';
import type { PluginContext } from '../context.js';
import { Outcome } from '../control.js';
import { MethodTables } from '../method-table.js';
import { endRoute, openRoute } from '../routes.js';
import { type CallSite, callFailure, newFailure } from '../status.js';
import type { InstanceEvents, MethodRef, TierBinding, TierInstance } from '../tier.js';
import { type BoundInstance, ThreadBinding } from './binding.js';
import { PendingCall } from './call.js';
import { ThreadControl } from './control.js';
import { collected, end, type Left } from './end.js';
import { openThreads, type ThreadNative } from './native.js';
import { NO_LIMIT, type ThreadOptions } from './options.js';
import { type Pending, type PendingDrop, PendingNew } from './pending.js';
import { TimeoutWatch } from './timeouts.js';

export type { ThreadOptions } from './options.js';

/**
 * Starts a thread and makes an instance on it.
 * @throws TenonError ERR_TENON_NEW_FAILED, ERR_TENON_PANIC, ERR_TENON_CONTRACT, ERR_TENON_TIMEOUT,
 *   ERR_TENON_INVALID_ARGUMENT
 * @throws TenonError ERR_TENON_UNSUPPORTED without the addon
 */
export async function createThreadInstance(
  vtable: VTable,
  context: PluginContext,
  config: Uint8Array,
  events: InstanceEvents,
  options: ThreadOptions = {},
): Promise<TierInstance> {
  const instance = new ThreadInstance(openThreads(), context, options, events);
  await instance.make(vtable, config);
  return instance;
}

/** The instances that their listeners keep alive. */
const referenced = new Set<ThreadInstance>();

class ThreadInstance implements TierInstance, BoundInstance {
  readonly native: ThreadNative;
  readonly timeout: number | undefined;
  readonly #queue: number;
  readonly #whenFull: 'fail' | 'wait';
  readonly #context: PluginContext;
  readonly #tables: MethodTables;
  readonly #token: number;
  readonly #watch = new TimeoutWatch(() => this.#check());
  /** The calls that wait for room in the queue, in order. */
  readonly #outside = new Set<PendingCall>();
  #target = -1;
  #generation = 0;
  #wedged = false;
  #closing: Promise<void> | undefined;
  #drop: PendingDrop | undefined;

  constructor(
    native: ThreadNative,
    context: PluginContext,
    { timeout, queue = 1024, whenFull = 'fail' }: ThreadOptions,
    events: InstanceEvents,
  ) {
    this.native = native;
    this.timeout = timeout === Number.POSITIVE_INFINITY ? undefined : timeout;
    this.#queue = queue;
    this.#whenFull = whenFull;
    this.#context = context;
    this.#tables = new MethodTables(context, (kind) => this.#extension(kind));
    this.#token = openRoute(events);
  }

  readonly site = (method: string): CallSite => {
    const { plugin, path, tally } = this.#context;
    return { plugin, path, method, tally };
  };

  /** Runs `new` on the instance's thread. */
  async make(vtable: VTable, config: Uint8Array): Promise<void> {
    try {
      const changes = await this.#new(vtable, config);
      const refused = changes.settings === 0 ? null : this.#context.guard?.judge(changes, false);
      if (refused) throw refused;
    } catch (error) {
      if (this.#target < 0) endRoute(this.#token);
      else void this.close().catch(() => undefined);
      throw error;
    }
    collected.register(this, this.#left('drop'), this);
  }

  #new(vtable: VTable, config: Uint8Array): Promise<SettingChanges> {
    const { native } = this;
    const guarded = this.#context.guard?.next() ?? 0;
    const { new: make, drop, something, get_extension } = vtable.slots;
    const { messages, bytes } = this.#context.queue;
    return new Promise((resolve, reject) => {
      const done = (value: unknown) => resolve(value as SettingChanges);
      const pending = new PendingNew(this, this.site('new'), done, reject);
      pending.id = native.issue(pending);
      if (this.timeout !== undefined) {
        pending.timeout = this.timeout;
        pending.expires = performance.now() + this.timeout;
      }
      native.control[ThreadControl.CALL] = pending.id;
      native.control[ThreadControl.TIMEOUT] = nativeTimeout(pending.timeout, 0);
      native.addon.create(
        make,
        drop,
        something,
        get_extension,
        this.#token,
        messages,
        bytes,
        config,
        this.#context.path,
        guarded,
      );
      const outcome = native.at(ThreadControl.OUTCOME);
      if (outcome !== 0) {
        native.withdraw(pending.id);
        throw newFailure({ outcome, detail: 0, text: '' }, pending.site);
      }
      this.#target = native.at(ThreadControl.TARGET);
      this.#generation = native.at(ThreadControl.GENERATION);
      if (pending.timeout > 0) this.#watch.add(pending);
    });
  }

  bind(method: MethodRef): TierBinding {
    if (method.kind === null) {
      this.#aim(method.name);
      return new ThreadBinding(this, 0, method.name);
    }
    const address = this.#tables.slot(method.kind, method.slot);
    this.#aim(method.name).addon.bind(address);
    return new ThreadBinding(this, this.native.at(ThreadControl.METHOD), method.name);
  }

  async present(): Promise<TierInstance> {
    return this;
  }

  presentSync(): TierInstance {
    return this;
  }

  methodCount(kind: string): number {
    return this.#tables.count(kind);
  }

  ref(): void {
    if (this.#closing !== undefined) return;
    referenced.add(this);
    this.#aim('reference').addon.reference(true);
  }

  unref(): void {
    referenced.delete(this);
    if (this.#closing === undefined) this.#aim('reference').addon.reference(false);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #close(): Promise<void> {
    referenced.delete(this);
    collected.unregister(this);
    this.#tables.clear();
    for (const call of this.#outside) call.giveUp(call.refusal(Outcome.CLOSED, 0));
    this.#outside.clear();
    this.native.aim(this.#target, this.#generation);
    this.native.addon.reference(false);
    return end(this.#left('drop'), this.timeout ?? 0, this.#watch, (drop) => {
      this.#drop = drop;
    });
  }

  #left(method: string): Left {
    return {
      native: this.native,
      target: this.#target,
      generation: this.#generation,
      token: this.#token,
      site: this.site(method),
    };
  }

  start(call: PendingCall): void {
    this.native.aim(this.#target, this.#generation);
    const outcome = this.#outside.size > 0 ? Outcome.FULL : call.send(this.#queue);
    if (outcome === Outcome.FULL && this.#whenFull === 'wait' && this.#closing === undefined) {
      call.keep();
      this.#outside.add(call);
    } else if (outcome !== 0) {
      call.giveUp(call.refusal(outcome, this.#queue));
      return;
    }
    call.listen();
    if (call.timeout > 0) this.#watch.add(call);
  }

  settled(pending: Pending): void {
    if (pending.timeout > 0) this.#watch.delete(pending);
    if (this.#outside.size > 0) this.native.later(() => this.#letIn(this.#queue));
  }

  revoke(pending: Pending): boolean {
    this.#watch.delete(pending);
    if (pending instanceof PendingCall && this.#outside.delete(pending)) return true;
    const { native } = this;
    if (pending.id < 0) return false;
    native.aim(this.#target, this.#generation);
    native.control[ThreadControl.CALL] = pending.id;
    native.addon.cancel();
    if (native.at(ThreadControl.OUTCOME) !== 0) return false;
    native.withdraw(pending.id);
    pending.id = -1;
    return true;
  }

  /** Queues the calls that wait for room, as far as there is room. */
  #letIn(limit: number): void {
    for (const call of this.#outside) {
      this.native.aim(this.#target, this.#generation);
      const outcome = call.send(limit);
      if (outcome === Outcome.FULL) return;
      this.#outside.delete(call);
      if (outcome !== 0) call.giveUp(call.refusal(outcome, limit));
    }
  }

  aimToWait(method: number, timeout: number): void {
    const { native } = this;
    if (this.#outside.size > 0) this.#letIn(NO_LIMIT);
    native.aim(this.#target, this.#generation);
    native.control[ThreadControl.METHOD] = method;
    native.control[ThreadControl.GROWN] = 0;
    native.control[ThreadControl.TIMEOUT] = nativeTimeout(timeout, 0);
    native.control[ThreadControl.LIMIT] = this.#whenFull === 'wait' ? NO_LIMIT : this.#queue;
  }

  look(): void {
    this.#watch.look();
  }

  /** Abandons calls whose timeout has passed. Returns the milliseconds until the next check. */
  #check(): number {
    const { native } = this;
    native.settle(); // a call that has been answered is not late
    native.aim(this.#target, this.#generation);
    native.addon.check();
    const wedged = native.at(ThreadControl.OUTCOME) === Outcome.WEDGED;
    const remaining = native.at(ThreadControl.REMAINING);
    if (wedged && !this.#wedged) this.#wedge(native.at(ThreadControl.RUNNING));
    for (const pending of this.#watch.expired() as Pending[])
      pending.late(this.revoke(pending) ? Outcome.NOT_BEGUN : Outcome.TIMED_OUT);
    return remaining < 0 ? Number.POSITIVE_INFINITY : remaining;
  }

  #wedge(running: number): void {
    this.#wedged = true;
    const { native } = this;
    const call = native.ticket(running) as Pending | undefined;
    if (call !== undefined) {
      this.revoke(call);
      call.late(Outcome.TIMED_OUT);
    }
    for (const waiting of this.#outside) waiting.giveUp(waiting.refusal(Outcome.WEDGED, 0));
    this.#outside.clear();
    if (this.#drop !== undefined) {
      this.revoke(this.#drop);
      this.#drop.doNotWait();
    }
    native.settle(); // the queued calls
  }

  #extension(kind: string): bigint {
    return this.#aim(`get_extension('${kind}')`).addon.extension(kind);
  }

  #aim(what: string): ThreadNative {
    if (this.#closing !== undefined)
      throw callFailure({ outcome: Outcome.CLOSED, detail: 0, text: '' }, this.site(what));
    this.native.aim(this.#target, this.#generation);
    return this.native;
  }
}
