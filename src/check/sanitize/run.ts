/** Runs a check of group `sanitize`: runs scenarios in the program with the sanitizer's runtime, and reads the reports. */
import { conclude } from '../conclude.js';
import type { CheckAnswer, CheckDefinition } from '../definition.js';
import { startScenario } from '../scenario.js';
import { withScratch } from '../scratch.js';
import type { Subject } from '../subject.js';
import type { Finding } from '../verdict.js';
import { reasonAgainstWatching } from './built-with.js';
import { withReports } from './runtime.js';
import { watchedScenarios } from './scenarios.js';

/** Milliseconds. Everything takes ten times as long. */
const TIMEOUT = 120_000;
const MAX_FINDINGS = 20;

export async function sanitize(check: CheckDefinition, subject: Subject): Promise<CheckAnswer> {
  const { sanitize: sanitizer, level } = subject.settings;
  if (sanitizer === undefined) return { state: 'skipped', reason: 'no sanitizer was requested' };
  const reason = reasonAgainstWatching(subject, sanitizer);
  if (reason !== null) return { state: 'incomplete', reason };
  const { answer } = await runWatched(check.id, subject);
  if (answer.state === 'skipped' || answer.state === 'incomplete') return answer;
  // valgrind reports uninitialised memory wherever it is used, which is at another place in each scenario.
  if (sanitizer === 'valgrind' && answer.state === 'failed') return answer;
  const found = new Findings(answer);
  for (const id of watchedScenarios(sanitizer, level)) {
    if (found.full || subject.settings.signal?.aborted === true) break;
    found.add(id, await runWatched(id, subject));
  }
  return found.answer();
}

interface Watched {
  readonly answer: CheckAnswer;
  /** Whether the findings are reports of the sanitizer. */
  readonly reported: boolean;
  readonly hangs: boolean;
}

async function runWatched(id: string, subject: Subject): Promise<Watched> {
  const timeout = subject.settings.timeout ?? TIMEOUT;
  return withScratch(async (folder) => {
    const run = await startScenario({ id }, subject, folder, { timeout });
    const alone = conclude(run, {}, subject, timeout);
    const answer = withReports(alone, run, folder, subject.path);
    return { answer, reported: answer !== alone && answer.state === 'failed', hangs: run.end === 'hang' };
  });
}

/** The findings of several scenarios. A fault that several of them meet is one finding. */
class Findings {
  readonly #first: CheckAnswer;
  readonly #found = new Map<string, Finding>();
  readonly #hung: string[] = [];

  constructor(first: CheckAnswer) {
    this.#first = first;
    if (first.state === 'failed') for (const one of first.findings) this.#found.set(one.message, one);
  }

  get full(): boolean {
    return this.#found.size >= MAX_FINDINGS;
  }

  add(id: string, { answer, reported, hangs }: Watched): void {
    if (hangs && !reported) this.#hung.push(id);
    if (!reported || answer.state !== 'failed') return;
    for (const one of answer.findings) {
      const stage = `${id}: ${one.stage ?? 'start'}`;
      if (!this.#found.has(one.message)) this.#found.set(one.message, { ...one, stage });
    }
  }

  answer(): CheckAnswer {
    const findings = [...this.#found.values()].slice(0, MAX_FINDINGS);
    if (findings.length > 0) return { ...this.#first, state: 'failed', findings };
    if (this.#hung.length === 0) return this.#first;
    const names = this.#hung.join(', ');
    return {
      state: 'incomplete',
      reason: `it did not return in time with the sanitizer, in: ${names}. Give it more time with --timeout`,
    };
  }
}
