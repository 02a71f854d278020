/**
 * One generation of a plugin's process, as its instances use it: it sends their requests and delivers their
 * events.
 */

import { LOG_LEVELS } from '../../base/abi.js';
import { deferred } from '../../base/deferred.js';
import { invalidArgument, type TenonError } from '../../base/errors.js';
import { nativeTimeout } from '../call-options.js';
import { Outcome } from '../control.js';
import { type CallSite, callFailure } from '../status.js';
import { type InstanceEvents, SOMETHING } from '../tier.js';
import {
  type Answer,
  type ChannelListener,
  ifMemory,
  type RequestHeader,
  type RunnerChannel,
} from './channel.js';
import { busy, closed, crashed, lateError } from './errors.js';
import { NewInstances } from './new-instances.js';
import { ProcessOutcome } from './protocol.js';
import { type Lateness, type PendingRequest, PendingRequests } from './requests.js';
import { RunnerLifetime } from './runner-lifetime.js';
import { longestInput, type RunnerExit, type RunnerHandlers, type RunnerSettings } from './settings.js';
import { type AsyncRequest, abandoned, isValid, Submission } from './submission.js';

export type { AsyncRequest } from './submission.js';

/** One generation of a plugin's process. */
export class Engine implements ChannelListener {
  readonly settings: RunnerSettings;
  /** Milliseconds for calls without a timeout of their own; Infinity for none. */
  readonly timeout: number;
  /** The longest input in bytes. */
  readonly longestInput: number;
  readonly lifetime: RunnerLifetime;
  readonly channel: RunnerChannel;
  readonly requests: PendingRequests;
  readonly newInstances: NewInstances;
  /** Resolves when the process has ended and everything is cleaned up. */
  readonly whenEnded: Promise<RunnerExit>;
  /**
   * The numbers of bound methods, for example `codec/1#0`, and the method counts of kinds, for example
   * `codec/1#`, as the runner reported them.
   */
  readonly bound = new Map<string, number>();
  readonly #methods = new Map<number, string>([[0, 'something']]);
  readonly #routes = new Map<number, InstanceEvents>();
  /** Of the instances that there are, where inputs are kept: a call cannot be made again without them. */
  readonly #configs = new Map<number, Uint8Array>();
  #retired: number[] = [];
  #drained: readonly number[] = [];
  readonly #holders = new Set<object>();

  /**
   * Starts the process. `failed` is called if it could not be started.
   * @throws the errors of {@link RunnerLifetime}
   */
  constructor(settings: RunnerSettings, handlers: RunnerHandlers, failed: (cause: Error) => void) {
    this.settings = settings;
    this.longestInput = longestInput(settings.limits);
    this.timeout = settings.timeout ?? Number.POSITIVE_INFINITY;
    this.requests = new PendingRequests({
      maxInFlight: settings.maxInFlight,
      late: (pending, lateness) => this.#late(pending, lateness),
      refused: (pending, outcome) => this.#refused(pending, outcome),
      withdraw: (index, slot) => this.channel.withdraw(index, slot),
    });
    const { promise, resolve } = deferred<RunnerExit>();
    this.whenEnded = promise;
    this.lifetime = new RunnerLifetime(settings, {
      stdout: (line) => handlers.stdout(line),
      stderr: (line) => handlers.stderr(line),
      wanted: (stream) => handlers.wanted?.(stream) ?? true,
      names: {
        methodName: (method) => this.#methods.get(method),
        methodTarget: (method) => this.#targetOf(method),
        configOf: (instance) => this.#configs.get(instance),
      },
      failed,
      finished: (exit) => {
        this.#routes.clear();
        this.#holders.clear();
        this.requests.failAll((pending, sent) => crashed(pending.site, exit, sent));
        resolve(exit);
      },
    });
    this.channel = this.lifetime.channel;
    this.newInstances = new NewInstances(this.channel, (instance, events) =>
      this.#routes.set(instance, events),
    );
  }

  site(method: string): CallSite {
    const { plugin, shown: path, tally } = this.settings;
    return { plugin, path, method, tally };
  }

  // ---- Requests ----

  /**
   * Refuses an input of `size` bytes that is longer than the runner accepts.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT
   */
  requireFitting(argument: string, size: number): void {
    if (size <= this.longestInput) return;
    const problem = `has ${size} bytes, but the process of plugin ${this.settings.plugin} accepts at most ${this.longestInput}`;
    const { memory } = this.settings.limits;
    const remedy = memory === undefined ? '' : `, or raise limits.memory, which is ${memory}`;
    throw invalidArgument(argument, problem, ` Send it in pieces${remedy}.`);
  }

  /**
   * Sends a request and waits for its answer. Returns its outcome.
   * @throws TenonError ERR_TENON_TIMEOUT, ERR_TENON_CRASHED
   */
  request(
    request: RequestHeader,
    site: CallSite,
    timeout: number,
    bytes: Uint8Array,
    discard?: (answer: Answer) => void,
  ): number {
    const outcome = this.channel.request(request, nativeTimeout(timeout, -1), bytes);
    if (outcome === 0 || isValid(outcome)) return outcome;
    throw this.trouble(outcome, site, timeout, discard);
  }

  /**
   * Returns the outcome of a synchronous request if it comes from the plugin.
   * @throws TenonError ERR_TENON_TIMEOUT, ERR_TENON_CRASHED
   */
  check(outcome: number, site: CallSite, timeout: number): number {
    if (isValid(outcome)) return outcome;
    throw this.trouble(outcome, site, timeout);
  }

  /**
   * Returns the error for an outcome that does not come from the plugin. Ends the process if it is
   * responsible. `discard` receives an answer that arrives later.
   */
  trouble(outcome: number, site: CallSite, timeout: number, discard?: (answer: Answer) => void): TenonError {
    const { lifetime, requests } = this;
    if (outcome === ProcessOutcome.FULL) return lateError(site, timeout, 'unsent');
    const alone = outcome === ProcessOutcome.TIMEOUT && requests.first === undefined;
    if (alone || outcome === ProcessOutcome.TORN) {
      lifetime.kill('timeout');
      return lateError(site, timeout, lifetime.suspended ? 'suspended' : 'running');
    }
    if (outcome === ProcessOutcome.TIMEOUT || outcome === ProcessOutcome.UNBEGUN) {
      // Others were before it. It is watched like them: if it runs for its timeout, the process ends.
      requests.reserve(abandoned(site, timeout, discard));
      return lateError(site, timeout, outcome === ProcessOutcome.UNBEGUN ? 'unbegun' : 'begun');
    }
    if (outcome !== ProcessOutcome.GONE && outcome !== ProcessOutcome.CLOSED) lifetime.breach();
    return crashed(site, lifetime.endNow());
  }

  /** Sends a request without blocking. */
  submit<T>(asked: AsyncRequest<T>): Promise<T> {
    const { signal, site, counts } = asked;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (!this.lifetime.alive || (this.lifetime.stopping && counts)) return this.failLater(site);
    return new Promise((resolve, reject) => {
      const pending = new Submission(this, asked, resolve, reject);
      if (this.requests.start(pending)) return;
      if (counts && this.settings.whenFull === 'fail') {
        pending.fail(busy(site, this.settings.maxInFlight, this.requests.load, asked.size));
        return;
      }
      if (ifMemory(() => asked.keep()) === null) this.#refused(pending, Outcome.EXHAUSTED);
      else this.requests.queue(pending);
    });
  }

  #late(pending: PendingRequest, lateness: Lateness): void {
    if (pending.firm) {
      this.#lateEnd(pending, lateness);
      return;
    }
    if (lateness === 'running') this.lifetime.kill('timeout');
    const shown = this.lifetime.suspended ? 'suspended' : lateness;
    if (!pending.over) pending.fail(lateError(pending.site, pending.timeout, shown));
  }

  /** Handles a `drop` that takes longer than the grace period. It is no longer awaited; if it hangs, the process ends. */
  #lateEnd(pending: PendingRequest, lateness: Lateness): void {
    const why = `drop of an instance did not return within ${pending.timeout} ms (grace)`;
    if (lateness === 'running' && !this.lifetime.stopping) this.lifetime.kill('timeout', why);
    pending.fail(undefined);
  }

  #refused(pending: PendingRequest, outcome: number): void {
    if (outcome === Outcome.EXHAUSTED) {
      pending.fail(callFailure({ outcome, detail: 0, text: '' }, pending.site));
      return;
    }
    if (outcome !== ProcessOutcome.GONE && outcome !== ProcessOutcome.CLOSED) this.lifetime.breach();
    this.failLater(pending.site).catch((error: unknown) => pending.fail(error));
  }

  /**
   * Fails a request that was made after the end of the process or shortly before it. Waits until the cause is
   * known.
   */
  async failLater(site: CallSite): Promise<never> {
    if (this.lifetime.alive && this.lifetime.stopping) throw closed(site);
    throw crashed(site, this.lifetime.exit ?? (await this.lifetime.holdUntil(this.whenEnded)));
  }

  // ---- Instances ----

  /** Stops the messages of an instance. Its log entries are still delivered. */
  mute(instance: number): void {
    const events = this.#routes.get(instance);
    if (events === undefined) return;
    this.#routes.set(instance, { message: () => undefined, log: (entry) => events.log(entry) });
  }

  /** Keeps the config with which an instance was created, for crash inputs. */
  remember(instance: number, config: Uint8Array): void {
    if (this.settings.crashInputs !== undefined) this.#configs.set(instance, Uint8Array.from(config));
  }

  /** Ends the events of an instance after those that are already on their way. */
  retire(instance: number): void {
    this.#configs.delete(instance);
    if (this.lifetime.finished || !this.#routes.has(instance)) return;
    this.#retired.push(instance);
    this.channel.poke();
  }

  /** Keeps the event loop alive until `holder` is removed. */
  hold(holder: object): void {
    if (this.lifetime.finished) return;
    this.#holders.add(holder);
    this.channel.reference(true);
  }

  unhold(holder: object): void {
    if (this.#holders.delete(holder) && this.#holders.size === 0) this.channel.reference(false);
  }

  #targetOf(method: number): string | undefined {
    if (method === SOMETHING.slot) return SOMETHING.name;
    return [...this.bound].find(([key, number]) => number === method && !key.endsWith('#'))?.[0];
  }

  nameMethod(method: number, name: string): void {
    if (!this.#methods.has(method)) this.#methods.set(method, name);
  }

  // ---- Messages of the channel ----

  spareSlot(): number {
    return this.requests.spareSlot;
  }

  answer(slot: number, answer: Answer): void {
    this.requests.answered(slot, answer);
  }

  batchSize(slot: number): number {
    return this.requests.at(slot)?.batch ?? 0;
  }

  isRecycled(slot: number): boolean {
    return this.requests.at(slot)?.recycled === true;
  }

  event(instance: number, data: Buffer): void {
    this.#routes.get(instance)?.message(data);
  }

  /** Delivers a log entry. A level that the ABI does not define becomes the nearest defined one. */
  log(instance: number, level: number, message: string): void {
    const known = Math.min(Math.max(level, 0), LOG_LEVELS.length - 1);
    this.#routes.get(instance)?.log({ level: LOG_LEVELS[known] ?? 'info', message });
  }

  /**
   * Removes the routes of instances that were retired before the last delivery. Those that were retired
   * during it wait for the next one.
   */
  quiet(): void {
    if (this.newInstances.underway) return;
    for (const instance of this.#drained) this.#routes.delete(instance);
    this.#drained = this.#retired;
    this.#retired = [];
    if (this.#drained.length > 0) this.channel.poke();
  }

  printed(): void {
    this.lifetime.child.catchUp();
  }

  ending(): void {
    // From now on the channel itself does not keep the event loop alive.
    if (!this.requests.idle || this.#holders.size > 0) void this.lifetime.holdUntil(this.whenEnded);
    this.lifetime.ending();
  }

  ended(): void {
    this.lifetime.ended();
  }
}
