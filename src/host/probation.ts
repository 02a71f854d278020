/** The time after a reload in which a crash of the new version brings the old one back. */
import type { EventEmitter } from 'node:events';
import { Timer } from '../base/timer.js';
import type { CrashReport } from '../supervision/crash-report.js';
import type { SupervisorEventMap } from '../supervision/supervisor.js';

/** Called once: either is the end of the probation. */
interface ProbationListener {
  passed(): void;
  crashed(report: CrashReport): void;
}

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
