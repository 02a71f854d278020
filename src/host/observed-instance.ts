/** An instance of a tier whose bindings are observed, and which a reload can exchange. */
import type { CallOptions, MethodRef, TierInstance } from '../tiers/tier.js';
import { whenReleased } from './held-calls.js';
import { ObservedBinding, type Observer, vacant } from './observed.js';

export class ObservedInstance implements TierInstance {
  #inner: TierInstance;
  readonly #observer: Observer;
  readonly #id: number;
  /** The bindings that are in use. A user may drop them without notice. */
  #bindings: WeakRef<ObservedBinding>[] = [];
  #pruneAt = 16;
  #referenced = false;
  /** Called in the step in which a reload has put an instance without the state of this one in its place. */
  onFresh: (() => void) | undefined;
  /** Whether something may use the instance as it is now, a cursor for example. */
  pinned = false;
  closed = false;

  constructor(inner: TierInstance, observer: Observer, id: number) {
    this.#inner = inner;
    this.#observer = observer;
    this.#id = id;
  }

  /** The instance in its tier. */
  get inner(): TierInstance {
    return this.#inner;
  }

  bind(method: MethodRef): ObservedBinding {
    this.#checkPresent(method.name);
    const binding = new ObservedBinding(this.#inner.bind(method), this.#observer, this.#id, method, this);
    this.#bindings.push(new WeakRef(binding));
    if (this.#bindings.length >= this.#pruneAt) this.#prune();
    return binding;
  }

  /**
   * Prepares to use another instance, which has the state of this one or not. Returns a function that begins to use it
   * and cannot fail.
   * @throws TenonError if the other one lacks a method that is bound
   */
  moveTo(inner: TierInstance, hasState: boolean): () => void {
    this.#prune();
    const moves = this.#bindings.flatMap((reference) => {
      const binding = reference.deref();
      return binding === undefined ? [] : [binding.moveTo(inner.bind(binding.method))];
    });
    return () => {
      this.#inner = inner;
      this.pinned = false;
      for (const move of moves) move();
      if (this.#referenced) inner.ref();
      if (!hasState) this.onFresh?.();
    };
  }

  methodCount(kind: string): number {
    return this.#inner.methodCount(kind);
  }

  async present(options?: CallOptions): Promise<TierInstance> {
    const { counter, timeout: general } = this.#observer;
    const begin = (left: CallOptions | undefined) => {
      this.pinned = true;
      return this.#inner.present(left);
    };
    const { held } = counter;
    const present =
      held === undefined ? begin(options) : whenReleased(held, { options, general, method: 'open' }, begin);
    return new ObservedInstance(await present, this.#observer, this.#id);
  }

  presentSync(): TierInstance {
    this.#checkPresent('open');
    this.pinned = true;
    return new ObservedInstance(this.#inner.presentSync(), this.#observer, this.#id);
  }

  ref(): void {
    this.#referenced = true;
    this.#inner.ref();
  }

  unref(): void {
    this.#referenced = false;
    this.#inner.unref();
  }

  close(): void | Promise<void> {
    this.closed = true;
    return this.#inner.close();
  }

  /** @throws TenonError ERR_TENON_CLOSED while a singleton is being replaced */
  #checkPresent(method: string): void {
    const { counter, plugin } = this.#observer;
    if (counter.vacant && !this.closed) throw vacant(plugin, method);
  }

  #prune(): void {
    this.#bindings = this.#bindings.filter((reference) => reference.deref() !== undefined);
    this.#pruneAt = Math.max(16, 2 * this.#bindings.length);
  }
}
