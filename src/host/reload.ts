/**
 * Replaces the version of a plugin that runs by the one that its file has now. The new version is admitted and opened
 * next to the old one; then calls are held, those in flight end, the state of each instance is saved and restored, and
 * all instances are exchanged in one step, or none.
 */

import { PluginFlag } from '../base/abi.js';
import { debug } from '../base/diagnostics.js';
import { asTenonError, TenonError } from '../base/errors.js';
import { crashError } from '../supervision/crash-report.js';
import type { CallCounter } from './call-stats.js';
import { Exchange, type Member, type SavedStates } from './exchange.js';
import { leftBehind } from './left-behind.js';
import type { LoadSettings } from './load-options.js';
import { Probation } from './probation.js';
import type { ReloadedVersion, ReloadReport } from './reload-options.js';
import { checkCompatible, checkLevel } from './reload-rules.js';
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
  /** Passes the file through the gates again. */
  prepare(): Promise<PreparedVersion>;
  /** Uses another version from now on. */
  adopt(version: Version): void;
  /** Emits a report. */
  report(report: ReloadReport): void;
}

/** The number of versions of a plugin that may stay mapped in this process. */
const MAX_MAPPED = 20;
/** Milliseconds between two looks at the calls in flight. */
const LOOK_MS = 1;

const NOTHING = { moved: 0, fresh: 0 };
const NOTHING_LEFT = { mapped: 0, threads: 0 };

/** The reloads of one plugin. */
export class Reloader {
  readonly #plugin: Reloadable;
  /** The end of the last piece of work. The next one begins then. */
  #tail: Promise<unknown> = Promise.resolve();
  /** The reload that has not begun. It serves all that are asked for meanwhile, since only the newest file counts. */
  #waiting: Promise<ReloadReport> | undefined;
  #versions = 1;
  #probation: Probation | undefined;
  /** The exchanges whose old version is still there for open cursors. */
  readonly #lingering = new Set<Exchange>();

  constructor(plugin: Reloadable) {
    this.#plugin = plugin;
  }

  reload(): Promise<ReloadReport> {
    this.#waiting ??= this.#enqueue(() => {
      this.#waiting = undefined;
      return this.#replace();
    });
    return this.#waiting;
  }

  /** Ends the probation and all former versions, when the plugin is closed. */
  async close(): Promise<void> {
    this.#probation?.end();
    await Promise.all([...this.#lingering].map((exchange) => exchange.retireNow()));
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch((error) => debug('reload: %s', error));
    return done;
  }

  async #replace(): Promise<ReloadReport> {
    const from = this.#plugin.version;
    let prepared: PreparedVersion;
    try {
      this.#checkOpen();
      prepared = await this.#plugin.prepare();
    } catch (error) {
      return this.#kept(from, null, error);
    }
    if (prepared.manifest.digest === from.manifest.digest) {
      prepared.drop();
      return this.#kept(from, from.manifest);
    }
    let next: Version | undefined;
    let done: Pick<ReloadReport, 'instances' | 'pausedMs'>;
    try {
      this.#checkRoom();
      checkCompatible(from.manifest, prepared.manifest);
      await checkLevel(prepared.manifest, this.#plugin.load.reload.check);
      next = await prepared.open();
      done = await this.#exchange(from, next);
    } catch (error) {
      if (next === undefined) prepared.drop();
      else await discard(next);
      return this.#kept(from, prepared.manifest, error);
    }
    return this.#tell('swapped', from, next.manifest, done);
  }

  async #exchange(from: Version, next: Version): Promise<Pick<ReloadReport, 'instances' | 'pausedMs'>> {
    const exchange = new Exchange(this.#plugin, from, next);
    const finish = () => this.#finish(exchange, next);
    let pausedMs: number;
    try {
      if (!isSingleton(from)) await exchange.make();
      pausedMs = await this.#whileHeld(async () => {
        const idle = await this.#drain(from);
        await (isSingleton(from) ? exchange.moveOneByOne(idle, finish) : exchange.move(idle, finish));
      });
    } catch (error) {
      await exchange.undo();
      throw error;
    }
    this.#versions += 1;
    this.#probation?.end();
    const onProbation = this.#putOnProbation(from, next, exchange.states);
    await this.#retire(exchange);
    if (!onProbation) await from.release();
    return { pausedMs, instances: { moved: exchange.moved, fresh: exchange.fresh } };
  }

  /** Uses the new version. Runs in the step in which the state was found to be current. */
  #finish(exchange: Exchange, next: Version): void {
    this.#checkOpen();
    exchange.commit();
    this.#plugin.adopt(next);
  }

  async #retire(exchange: Exchange): Promise<void> {
    const retired = exchange.retire();
    if (retired === undefined) {
      this.#lingering.add(exchange);
      void exchange.whenRetired.then(() => this.#lingering.delete(exchange));
      if (this.#plugin.closed) await exchange.retireNow();
    } else await retired;
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
    const end = performance.now() + load.reload.drain;
    while (counter.tally.inFlight > 0 || this.#plugin.making > 0) {
      if (performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        continue;
      }
      const message = `Cannot reload ${manifest.name}: calls were still in flight after ${load.reload.drain} ms (reload.drain).`;
      const late = new TenonError('ERR_TENON_TIMEOUT', `${message} Let them end, or set a longer time.`);
      if (tier.process === null) throw late;
      await tier.restart();
      return false;
    }
    return true;
  }

  /** Brings the old version back if the process of the new one crashes soon. Returns whether that is watched. */
  #putOnProbation(from: Version, next: Version, states: SavedStates): boolean {
    const { probation } = this.#plugin.load.reload;
    if (next.tier.process === null || probation === 0) return false;
    this.#probation = new Probation(next.tier.events, probation, {
      // The file of the old version is needed until then.
      passed: () => void from.release(),
      crashed: (report) =>
        void this.#enqueue(() => this.#rollBack(from, next, states, crashError(report))).catch(
          () => undefined,
        ),
    });
    return true;
  }

  async #rollBack(from: Version, next: Version, states: SavedStates, crash: TenonError): Promise<void> {
    let back: Version | undefined;
    try {
      // Another reload or the end of the plugin may have come first.
      if (this.#plugin.closed || this.#plugin.version !== next) return;
      const again = await from.again();
      back = again;
      const exchange = new Exchange(this.#plugin, next, again, states);
      const pausedMs = await this.#whileHeld(async () => {
        await this.#drain(next);
        await exchange.make();
        await exchange.restoreSaved();
        this.#finish(exchange, again);
      });
      await this.#retire(exchange);
      await next.release();
      const { moved, fresh } = exchange;
      this.#tell('rolled-back', from, next.manifest, { pausedMs, instances: { moved, fresh }, error: crash });
    } catch (error) {
      if (back !== undefined && this.#plugin.version !== back) await discard(back);
      const message = `Cannot bring back the old version of ${this.#plugin.name} after the new one crashed`;
      this.#kept(next, from.manifest, asTenonError(error, 'ERR_TENON_LOAD_FAILED', message));
    } finally {
      await from.release();
    }
  }

  #checkOpen(): void {
    const { closed, name: plugin } = this.#plugin;
    if (!closed) return;
    throw new TenonError('ERR_TENON_CLOSED', `Cannot reload ${plugin}: it was closed meanwhile.`, { plugin });
  }

  #checkRoom(): void {
    const { load, name } = this.#plugin;
    if (load.isolation === 'process' || this.#versions < MAX_MAPPED) return;
    const message = `Cannot reload ${name}: ${this.#versions} versions of it are mapped in this process, which is the limit, because their code is never unmapped. Load it with isolation 'process'.`;
    throw new TenonError('ERR_TENON_UNSUPPORTED', message, { plugin: name });
  }

  #kept(from: Version, to: ReloadedVersion | null, problem?: unknown): ReloadReport {
    const what = `Cannot reload ${this.#plugin.name}`;
    const more = problem === undefined ? {} : { error: asTenonError(problem, 'ERR_TENON_LOAD_FAILED', what) };
    return this.#tell('kept', from, to, more);
  }

  #tell(
    outcome: ReloadReport['outcome'],
    { manifest, file }: Version,
    to: ReloadedVersion | null,
    more: Partial<ReloadReport>,
  ): ReloadReport {
    const isMapped = outcome === 'swapped' && this.#plugin.load.isolation !== 'process';
    const report: ReloadReport = {
      outcome,
      from: { version: manifest.version, digest: manifest.digest },
      to: to === null ? null : { version: to.version, digest: to.digest },
      instances: NOTHING,
      pausedMs: 0,
      left: isMapped ? leftBehind(file) : NOTHING_LEFT,
      ...more,
    };
    this.#plugin.report(report);
    return report;
  }
}

function isSingleton({ manifest }: Version): boolean {
  return (manifest.flags & PluginFlag.TENON_SINGLETON) !== 0;
}

async function discard(version: Version): Promise<void> {
  await version.tier.close().catch(() => undefined);
  await version.release();
}
