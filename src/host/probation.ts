/** Crashes of a new version, before it is in use and soon after. */
import type { EventEmitter } from 'node:events';
import { TenonError } from '../base/errors.js';
import { Timer } from '../base/timer.js';
import type { CrashReport } from '../supervision/crash-report.js';
import type { SupervisorEventMap } from '../supervision/supervisor.js';
import type { Version } from './version.js';

/**
 * Notices a crash of a version between its opening and its use. Its instances would then have been made again in
 * another process, without the state that was moved.
 */
export class Steadiness {
  readonly #version: Version;
  readonly #generation: number | undefined;

  constructor(version: Version) {
    this.#version = version;
    this.#generation = version.tier.process?.generation;
  }

  /** @throws TenonError ERR_TENON_CRASHED */
  check(): void {
    const { tier, manifest } = this.#version;
    if (tier.process?.generation === this.#generation && tier.state === 'running') return;
    const { name: plugin, path } = manifest;
    const message = `Cannot reload ${plugin}: the process of the new version ${path} crashed before it was in use. Repair the new version.`;
    throw new TenonError('ERR_TENON_CRASHED', message, { plugin, path });
  }
}

/** Called once: either is the end of the probation. */
interface ProbationListener {
  passed(): void;
  crashed(report: CrashReport): void;
}

/** The time after a reload in which a crash of the new version brings the old one back. */
export class Probation {
  readonly #end: (how: () => void) => void;
  readonly #listener: ProbationListener;

  /** `process` emits the events of the new version's process. `ms`: milliseconds. */
  constructor(process: EventEmitter<SupervisorEventMap>, ms: number, listener: ProbationListener) {
    this.#listener = listener;
    let over = false;
    this.#end = (how) => {
      if (over) return;
      over = true;
      timer.cancel();
      process.off('exit', onExit);
      how();
    };
    const onExit = (report: CrashReport) => {
      if (report.crashed) this.#end(() => listener.crashed(report));
    };
    const timer = new Timer(ms, () => this.end()).unref();
    process.on('exit', onExit);
  }

  /** Ends the probation early. The new version has passed it. */
  end(): void {
    this.#end(() => this.#listener.passed());
  }
}
