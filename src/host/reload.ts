/**
 * Replaces the version of a plugin that runs by the one that its file has now. The new version is admitted, opened and
 * made ready next to the old one; then calls are held, those in flight end, the state of each instance is saved and
 * restored, and all instances are exchanged in one step, or none.
 */

import { basename } from 'node:path';
import { debug } from '../base/diagnostics.js';
import { asTenonError, TenonError } from '../base/errors.js';
import { within } from '../base/within.js';
import { crashError } from '../supervision/crash-report.js';
import type { CallCounter } from './call-stats.js';
import { Exchange, type Member } from './exchange.js';
import { leftBehind } from './left-behind.js';
import type { LoadSettings } from './load-options.js';
import type { Manifest } from './manifest.js';
import { Probation, Steadiness } from './probation.js';
import type { ReloadedVersion, ReloadReport } from './reload-options.js';
import { checkCompatible, checkLevel } from './reload-rules.js';
import { isSingleton } from './singleton.js';
import type { PreparedVersion, Version } from './version.js';

/** The plugin, as its reloads see it. */
export interface Reloadable {
  readonly name: string;
  readonly load: LoadSettings;
  readonly counter: CallCounter;
  /** The version that runs. */
  readonly version: Version;
  readonly closed: boolean;
  /** The number of instances that users are making. */
  readonly making: number;
  /** The instances that are in use. */
  members(): readonly Member[];
  /** Passes the file through the gates again, and `judge` before any of its code runs. */
  prepare(judge: (digest: string) => void): Promise<PreparedVersion>;
  /** Checks whether the instances can move to a version. @throws TenonError if it is a singleton, and they are many */
  checkPlace(next: Manifest): void;
  /** Emits what the process of a version prints, until it is forgotten. */
  attend(version: Version): void;
  /** Called when a version has ended. */
  forget(version: Version): void;
  /** Uses another version from now on. */
  adopt(version: Version): void;
  /** Emits a report. */
  report(report: ReloadReport): void;
}

/** A version that was replaced, on probation. */
interface Former {
  readonly from: Version;
  readonly next: Version;
  readonly exchange: Exchange;
}

/** The number of versions of a plugin that may be mapped in this process. */
const MAX_MAPPED = 20;
/** Milliseconds between two looks at the calls in flight, after the first looks. */
const LOOK_MS = 1;
/** The number of looks that follow each other at once: most calls are short. */
const EARLY_LOOKS = 20;

const NOTHING = { moved: 0, fresh: 0 };
const NOTHING_LEFT = { mapped: 0, threads: 0 };

/** The reloads of one plugin. */
export class Reloader {
  readonly #plugin: Reloadable;
  /** The end of the last piece of work. The next one begins then. */
  #tail: Promise<unknown> = Promise.resolve();
  /** The reload that has not begun. It serves all that are asked for meanwhile, since only the newest file counts. */
  #waiting: Promise<ReloadReport> | undefined;
  /** The digests of the versions that are mapped in this process. */
  readonly #mapped: Set<string>;
  #probation: Probation | undefined;
  /** The exchanges whose old version is still there for open cursors. */
  readonly #lingering = new Set<Exchange>();
  /** Work that nothing waits for, but the end of the plugin: versions that are opened, and copies that are removed. */
  readonly #pending = new Set<Promise<unknown>>();
  readonly #ended = new AbortController();

  constructor(plugin: Reloadable) {
    this.#plugin = plugin;
    this.#mapped = new Set([plugin.version.manifest.digest]);
  }

  reload(): Promise<ReloadReport> {
    this.#waiting ??= this.#enqueue(() => {
      this.#waiting = undefined;
      return this.#replace();
    });
    return this.#waiting;
  }

  /** Ends the probation and all other versions, when the plugin is closed. */
  async close(): Promise<void> {
    this.#ended.abort();
    this.#probation?.end();
    await Promise.all([...this.#lingering].map((exchange) => exchange.retireNow()));
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch((error) => debug('reload: %s', error));
    return done;
  }

  /** Makes the end of the plugin wait for some work. */
  #keep<T>(work: Promise<T>): Promise<T> {
    const over = work.catch(() => undefined).finally(() => this.#pending.delete(over));
    this.#pending.add(over);
    return work;
  }

  async #replace(): Promise<ReloadReport> {
    const from = this.#plugin.version;
    let prepared: PreparedVersion;
    try {
      this.#checkOpen();
      prepared = await this.#plugin.prepare((digest) => this.#checkRoom(digest));
    } catch (error) {
      return this.#kept(from, null, error);
    }
    const { manifest, file } = prepared;
    if (manifest.digest === from.manifest.digest && basename(file) === basename(from.file)) {
      await prepared.drop();
      return this.#kept(from, manifest);
    }
    if (this.#plugin.load.isolation !== 'process') this.#mapped.add(manifest.digest);
    try {
      checkCompatible(from.manifest, manifest);
      this.#plugin.checkPlace(manifest);
      await checkLevel(manifest, this.#plugin.load.reload.check, this.#ended.signal);
    } catch (error) {
      await this.#keep(prepared.drop());
      return this.#kept(from, manifest, error, file);
    }
    return this.#keep(this.#bringIn(from, prepared));
  }

  /** Opens a version and puts it in the place of the old one. */
  async #bringIn(from: Version, prepared: PreparedVersion): Promise<ReloadReport> {
    let next: Version | undefined;
    let exchange: Exchange | undefined;
    let pausedMs: number;
    try {
      this.#checkOpen();
      next = await prepared.open();
      this.#plugin.attend(next);
      exchange = new Exchange(this.#plugin, from, next);
      pausedMs = await this.#exchange(exchange, from, next);
    } catch (error) {
      await exchange?.undo();
      if (next === undefined) await prepared.drop();
      else await this.#discard(next);
      return this.#kept(from, prepared.manifest, error, prepared.file);
    }
    // The new version is in use. Nothing from here on fails.
    const instances = exchange.counts;
    this.#probation?.end();
    const isWatched = this.#putOnProbation({ from, next, exchange });
    await this.#retire(exchange, from);
    if (!isWatched) this.#release(from, exchange);
    return this.#tell('swapped', from, next.manifest, { pausedMs, instances }, from.file);
  }

  /** Exchanges the instances. Returns for how long calls were held, in milliseconds. */
  async #exchange(exchange: Exchange, from: Version, next: Version): Promise<number> {
    const steadiness = new Steadiness(next);
    const finish = () => this.#finish(exchange, next, steadiness);
    const one = isSingleton(from.manifest) || isSingleton(next.manifest);
    if (!one) await exchange.make();
    return this.#whileHeld(async () => {
      const idle = await this.#drain(from);
      await (one ? exchange.moveOneByOne(idle, finish) : exchange.move(idle, finish));
    });
  }

  /** Uses the new version. Runs in the step in which the state was found to be current. */
  #finish(exchange: Exchange, next: Version, steadiness: Steadiness): void {
    this.#checkOpen();
    this.#plugin.checkPlace(next.manifest);
    steadiness.check();
    exchange.commit();
    this.#plugin.adopt(next);
  }

  async #retire(exchange: Exchange, former: Version): Promise<void> {
    const retired = exchange.retire();
    void exchange.whenRetired.then(() => this.#plugin.forget(former));
    if (retired === undefined) {
      this.#lingering.add(exchange);
      void exchange.whenRetired.then(() => this.#lingering.delete(exchange));
      if (this.#plugin.closed) await exchange.retireNow();
    } else await retired;
  }

  async #discard(version: Version): Promise<void> {
    await version.tier.close().catch((error) => debug('reload: %s', error));
    this.#plugin.forget(version);
    await version.release();
  }

  /** Releases the file of a version that was replaced, when nothing runs it any more. */
  #release(version: Version, exchange: Exchange): void {
    void this.#keep(exchange.whenRetired.then(() => version.release())).catch(() => undefined);
  }

  /** Holds the calls during some work. Returns how long that took, in milliseconds. */
  async #whileHeld(work: () => Promise<void>): Promise<number> {
    const { counter } = this.#plugin;
    const begun = performance.now();
    counter.hold();
    try {
      await work();
    } finally {
      counter.release();
    }
    return performance.now() - begun;
  }

  /**
   * Waits for the calls in flight. In the process tier, those that take too long end with their process. Returns whether
   * the state of the instances survived.
   * @throws TenonError ERR_TENON_TIMEOUT in the other tiers
   */
  async #drain({ tier, manifest }: Version): Promise<boolean> {
    const { counter, load } = this.#plugin;
    const { drain } = load.reload;
    const end = performance.now() + drain;
    for (let looks = 1; counter.tally.inFlight > 0 || this.#plugin.making > 0; looks++) {
      this.#checkOpen();
      if (performance.now() < end) {
        await (looks < EARLY_LOOKS ? nextTurn() : pause(LOOK_MS));
        continue;
      }
      const message = `Cannot reload ${manifest.name}: calls were still in flight after ${drain} ms (reload.drain).`;
      const late = new TenonError('ERR_TENON_TIMEOUT', `${message} Let them end, or set a longer time.`);
      if (tier.process === null) throw late;
      // If it does not start again, the new version is needed all the more.
      await within(tier.restart(), drain + load.startTimeout, () => late).catch((error) =>
        debug('reload: %s', error),
      );
      return false;
    }
    return true;
  }

  /** Brings the old version back if the process of the new one crashes soon. Returns whether that is watched. */
  #putOnProbation(former: Former): boolean {
    const { from, next, exchange } = former;
    const { probation } = this.#plugin.load.reload;
    if (next.tier.process === null || probation === 0) return false;
    this.#probation = new Probation(next.tier.events, probation, {
      // The file of the old version is needed until then.
      passed: () => this.#release(from, exchange),
      crashed: (report) => {
        const back = this.#enqueue(() => this.#keep(this.#rollBack(former, crashError(report))));
        void back.catch(() => undefined);
      },
    });
    return true;
  }

  async #rollBack({ from, next, exchange: before }: Former, crash: TenonError): Promise<void> {
    let back: Version | undefined;
    try {
      // Another reload or the end of the plugin may have come first.
      if (this.#plugin.closed || this.#plugin.version !== next) return;
      back = await from.again();
      this.#plugin.attend(back);
      const exchange = new Exchange(this.#plugin, next, back, before.states);
      const pausedMs = await this.#bringBack(exchange, next, back);
      await this.#retire(exchange, next);
      this.#release(next, exchange);
      const instances = exchange.counts;
      const more = { pausedMs, instances, error: crash };
      this.#tell('rolled-back', from, next.manifest, more, null);
    } catch (error) {
      if (back !== undefined && this.#plugin.version !== back) await this.#discard(back);
      const message = `Cannot bring back the old version of ${this.#plugin.name} after the new one crashed`;
      this.#kept(next, from.manifest, asTenonError(error, 'ERR_TENON_LOAD_FAILED', message));
    } finally {
      this.#release(from, before);
    }
  }

  /** Exchanges the instances of a version that crashed. Returns for how long calls were held, in milliseconds. */
  async #bringBack(exchange: Exchange, next: Version, back: Version): Promise<number> {
    const steadiness = new Steadiness(back);
    const one = isSingleton(next.manifest) || isSingleton(back.manifest);
    if (!one) await exchange.make();
    return this.#whileHeld(async () => {
      await this.#drain(next);
      // Its process may have been started again, with an instance.
      if (one) await next.tier.close();
      try {
        await exchange.make();
        await exchange.restoreSaved();
        this.#finish(exchange, back, steadiness);
      } catch (error) {
        if (one && !this.#plugin.closed)
          await next.tier.restart().catch((problem) => debug('reload: %s', problem));
        throw error;
      }
    });
  }

  #checkOpen(): void {
    const { closed, name: plugin } = this.#plugin;
    if (!closed) return;
    throw new TenonError('ERR_TENON_CLOSED', `Cannot reload ${plugin}: it was closed meanwhile.`, { plugin });
  }

  /** Refuses a version that would be one too many in this process, before it is mapped. */
  #checkRoom(digest: string): void {
    const { load, name } = this.#plugin;
    const { size } = this.#mapped;
    if (load.isolation === 'process' || size < MAX_MAPPED || this.#mapped.has(digest)) return;
    const message = `Cannot reload ${name}: ${size} versions of it are mapped in this process, which is the limit, because their code is never unmapped. Load it with isolation 'process'.`;
    throw new TenonError('ERR_TENON_UNSUPPORTED', message, { plugin: name });
  }

  /** Reports that the version goes on. `refused`: the file of the other one, if it may have been mapped. */
  #kept(
    from: Version,
    to: ReloadedVersion | null,
    problem?: unknown,
    refused: string | null = null,
  ): ReloadReport {
    const what = `Cannot reload ${this.#plugin.name}`;
    const more = problem === undefined ? {} : { error: asTenonError(problem, 'ERR_TENON_LOAD_FAILED', what) };
    return this.#tell('kept', from, to, more, refused);
  }

  /** `gone`: the file of the version that does not run any more, if it was mapped. */
  #tell(
    outcome: ReloadReport['outcome'],
    { manifest }: Version,
    to: ReloadedVersion | null,
    more: Partial<ReloadReport>,
    gone: string | null,
  ): ReloadReport {
    const isMapped = gone !== null && this.#plugin.load.isolation !== 'process';
    const report: ReloadReport = {
      outcome,
      from: { version: manifest.version, digest: manifest.digest },
      to: to === null ? null : { version: to.version, digest: to.digest },
      instances: NOTHING,
      pausedMs: 0,
      left: isMapped ? leftBehind(gone) : NOTHING_LEFT,
      ...more,
    };
    this.#plugin.report(report);
    return report;
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
