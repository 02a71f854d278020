/** Counts what happened, and keeps what should not have happened. */

/** The error codes that a lane may see, by its tier. Everything else is unexpected. */
const IN_EVERY_TIER = ['CALL_FAILED', 'PANIC', 'POISONED', 'CONTRACT', 'CLOSED', 'NEW_FAILED'];
const EXPECTED = {
  inline: IN_EVERY_TIER,
  thread: [...IN_EVERY_TIER, 'TIMEOUT'],
  process: [...IN_EVERY_TIER, 'TIMEOUT', 'CRASHED'],
  pipe: [...IN_EVERY_TIER, 'TIMEOUT', 'CRASHED'],
};
/** The warnings that the lanes provoke. */
const EXPECTED_WARNINGS = [
  /was collected without close/,
  /printed so much at once/,
  /this system does not support it/,
];

export class Journal {
  counts = new Map();
  unexpected = new Map();

  count(what) {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Notes something that should not have happened. */
  complain(what) {
    this.unexpected.set(what, (this.unexpected.get(what) ?? 0) + 1);
  }

  /** Judges the error of a call or another operation of a lane. */
  judge(tier, error) {
    if (error?.name === 'AbortError' || error?.name === 'TimeoutError') return this.count('aborted');
    const code = String(error?.code ?? '').replace('ERR_TENON_', '');
    if (EXPECTED[tier].includes(code)) return this.count(code);
    this.complain(`${tier}: ${error?.code ?? error?.name}: ${error?.stack ?? error}`);
  }

  /** Judges a warning of the process. */
  warned({ name, code, message }) {
    const known = EXPECTED_WARNINGS.find((words) => words.test(message));
    if (known !== undefined) this.count(`warnings that something ${known.source}`);
    else this.complain(`warning ${name} ${code ?? ''}: ${message}`);
  }

  summary() {
    return [...this.counts].map(([what, n]) => `${n} ${what}`).join(', ');
  }
}
