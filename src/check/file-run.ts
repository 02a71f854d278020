/** Runs all checks of one file. A check starts as soon as the checks that it depends on have passed. */
import { messageOf, TenonError } from '../base/errors.js';
import type { LibraryFacts } from '../inspect/facts.js';
import { ensureChecker } from './checker.js';
import { reproduction } from './command-line.js';
import { ABORTED } from './conclude.js';
import { type CheckAnswer, type CheckDefinition, finding, groupOf } from './definition.js';
import type { Lanes } from './lanes.js';
import { isExhaustion, ownFailure } from './own-failure.js';
import { checkById } from './registry.js';
import { reasonAgainstLoading } from './sanitize/built-with.js';
import { runScenario } from './scenario.js';
import type { CheckSettings } from './settings.js';
import { digestOf, isPlugin, openSubject, type Subject, withExamples } from './subject.js';
import { tallyOf } from './tally.js';
import {
  type CheckResult,
  type FileOutcome,
  type FileVerdict,
  type PluginFacts,
  SEVERITIES,
} from './verdict.js';

const NO_PLUGIN =
  'It has no descriptor, and exports fewer than two of the entry points get_version, get_name and get_plugin';
const NOTHING = { results: [], tally: tallyOf([]) };

/** Checks one file. A problem of the file never rejects the promise. */
export async function checkFile(
  shown: string,
  checks: readonly CheckDefinition[],
  settings: CheckSettings,
  lanes: Lanes,
): Promise<FileVerdict> {
  const began = performance.now();
  const ms = () => performance.now() - began;
  let subject: Subject;
  try {
    subject = openSubject(shown, settings);
  } catch (error) {
    if (!(error instanceof TenonError)) throw error;
    const bare = { path: shown, sha256: null, size: null, plugin: null, reason: error.message };
    if (isExhaustion(error)) return { ...bare, outcome: 'incomplete', ...NOTHING, ms: ms() };
    const results = isAbsent(error) ? [] : [malformed(checks, error, settings, shown)];
    return { ...bare, outcome: 'findings', results, tally: tallyOf(results), ms: ms() };
  }
  const { sha256, size, facts } = subject;
  const known = { path: shown, sha256, size };
  if (!isPlugin(facts))
    return { ...known, plugin: null, outcome: 'not-a-plugin', reason: NO_PLUGIN, ...NOTHING, ms: ms() };
  const plugin = pluginFacts(facts);
  try {
    subject = withExamples(subject);
  } catch (error) {
    if (!(error instanceof TenonError)) throw error;
    return { ...known, plugin, outcome: 'incomplete', reason: error.message, ...NOTHING, ms: ms() };
  }
  const results = await new FileRun(subject, checks, lanes).finish();
  const { files: examples } = subject.examples;
  const changed = changeOf(subject);
  const outcome = changed === null ? outcomeOf(results, settings) : 'incomplete';
  return { ...known, plugin, examples, outcome, reason: changed, results, tally: tallyOf(results), ms: ms() };
}

function pluginFacts({ descriptor, language }: LibraryFacts): PluginFacts {
  return {
    name: descriptor?.name ?? null,
    version: descriptor?.version ?? null,
    abi: descriptor?.abi ?? null,
    language,
    kinds: Object.entries(descriptor?.kinds ?? {}).map(([kind, version]) => `${kind} ${version}`),
  };
}

/** Returns the reason why the results may be about another file, or null. */
function changeOf({ path, sha256 }: Subject): string | null {
  try {
    return digestOf(path) === sha256 ? null : 'The file changed while it was checked';
  } catch (error) {
    return `The file cannot be read again after the checks: ${messageOf(error)}`;
  }
}

function outcomeOf(results: readonly CheckResult[], { failOn }: CheckSettings): FileOutcome {
  const least = SEVERITIES.indexOf(failOn);
  const fails = results.some(
    ({ state, severity }) => state === 'failed' && SEVERITIES.indexOf(severity) >= least,
  );
  if (fails) return 'findings';
  return results.some(({ state }) => state === 'incomplete') ? 'incomplete' : 'clean';
}

/** Returns whether the file is missing or cannot be read. No check has a result for such a file. */
function isAbsent({ code }: TenonError): boolean {
  return code === 'ERR_TENON_NOT_FOUND' || code === 'ERR_TENON_UNREADABLE';
}

/** Returns the failed `file/format` of a file that is not a library, even if the check was not selected. */
function malformed(
  checks: readonly CheckDefinition[],
  error: TenonError,
  settings: CheckSettings,
  shown: string,
): CheckResult {
  const check = checks.find(({ id }) => id === 'file/format') ?? checkById('file/format');
  const answer: CheckAnswer = { state: 'failed', findings: [finding(error.message)] };
  return resultOf(check, answer, settings, 0, { command: `tenon inspect ${shown}`, gdb: null });
}

type ProcessMethod = Exclude<CheckDefinition['method'], { type: 'bytes' }>;

interface Timed {
  readonly answer: CheckAnswer;
  readonly ms: number;
}

const DEPENDS = 'it depends on ';
const OUTCOME: Readonly<Record<string, string>> = {
  failed: 'failed',
  incomplete: 'could not be completed',
  skipped: 'does not apply',
};

class FileRun {
  readonly #subject: Subject;
  readonly #checks: readonly CheckDefinition[];
  readonly #lanes: Lanes;
  readonly #results = new Map<string, Promise<CheckResult>>();
  #done = 0;

  constructor(subject: Subject, checks: readonly CheckDefinition[], lanes: Lanes) {
    this.#subject = subject;
    this.#checks = checks;
    this.#lanes = lanes;
  }

  finish(): Promise<CheckResult[]> {
    return Promise.all(this.#checks.map((check) => this.#result(check)));
  }

  #result(check: CheckDefinition): Promise<CheckResult> {
    const known = this.#results.get(check.id);
    if (known !== undefined) return known;
    const begun = this.#begin(check);
    this.#results.set(check.id, begun);
    return begun;
  }

  async #begin(check: CheckDefinition): Promise<CheckResult> {
    const { settings, shown } = this.#subject;
    const missing = await this.#missing(check);
    const { answer, ms } = missing === null ? await this.#repeated(check) : { answer: missing, ms: 0 };
    const { id } = check;
    this.#done += 1;
    settings.onProgress({ path: shown, id, done: this.#done, total: this.#checks.length });
    return resultOf(
      check,
      answer,
      settings,
      ms,
      reproduction(check, this.#subject, answer.state === 'failed' ? answer.findings : []),
    );
  }

  /** Returns the outcome of a check that cannot run because one that it depends on, at any depth, did not pass. */
  async #missing({ needs }: CheckDefinition): Promise<CheckAnswer | null> {
    for (const need of this.#checks.filter(({ id }) => needs.includes(id))) {
      const { state, severity, reason } = await this.#result(need);
      const holds =
        state === 'passed' || state === 'excepted' || (state === 'failed' && severity !== 'error');
      if (holds) continue;
      if (reason === ABORTED.reason) return ABORTED;
      const left = state === 'incomplete' ? state : 'skipped';
      if (reason?.startsWith(DEPENDS)) return { state: left, reason };
      return { state: left, reason: `${DEPENDS}${need.id}, which ${OUTCOME[state]}` };
    }
    return null;
  }

  /** Runs a check until it fails or has run often enough. The time excludes waiting for a free lane. */
  async #repeated(check: CheckDefinition): Promise<Timed> {
    let { answer, ms } = await this.#timed(check);
    for (let i = 1; i < this.#subject.settings.repeat && answer.state === 'passed'; i++) {
      const next = await this.#timed(check);
      answer = next.answer;
      ms += next.ms;
    }
    return { answer, ms };
  }

  #timed(check: CheckDefinition): Promise<Timed> {
    return this.#lanes.run(async () => {
      let began = performance.now();
      const since = () => performance.now() - began;
      const { method } = check;
      if (this.#subject.settings.signal?.aborted) return { answer: ABORTED, ms: 0 };
      // An await would let other checks run, and their time would count.
      if (method.type === 'bytes') return { answer: judgeBytes(method, this.#subject), ms: since() };
      await ensureChecker(this.#subject.settings);
      began = performance.now();
      return { answer: await orIncomplete(() => this.#processes(check, method)), ms: since() };
    });
  }

  async #processes(check: CheckDefinition, method: ProcessMethod): Promise<CheckAnswer> {
    const skip = method.skip?.(this.#subject) ?? null;
    if (skip !== null) return { state: 'skipped', reason: skip };
    const reason = reasonAgainstLoading(this.#subject);
    if (reason !== null) return { state: 'incomplete', reason };
    if (method.type === 'processes') return method.run(check, this.#subject);
    return runScenario(check, method, this.#subject);
  }
}

/** Returns the outcome of work that may fail. Only what concerns the whole run is thrown. */
async function orIncomplete(work: () => Promise<CheckAnswer>): Promise<CheckAnswer> {
  try {
    return await work();
  } catch (error) {
    const reason = ownFailure(error);
    if (reason === null) throw error;
    return { state: 'incomplete', reason };
  }
}

function judgeBytes(
  method: Extract<CheckDefinition['method'], { type: 'bytes' }>,
  subject: Subject,
): CheckAnswer {
  try {
    return method.judge(subject);
  } catch (error) {
    const reason = ownFailure(error);
    if (reason !== null) return { state: 'incomplete', reason };
    if (!(error instanceof TenonError)) throw error;
    return { state: 'failed', findings: [finding(error.message)] };
  }
}

function resultOf(
  check: CheckDefinition,
  answer: CheckAnswer,
  { rules }: CheckSettings,
  ms: number,
  reproduce: CheckResult['reproduce'],
): CheckResult {
  const { id, title, level, why, fix } = check;
  const { severity = check.severity, except } = rules[id] ?? {};
  const excepted = answer.state === 'failed' && except !== undefined;
  return {
    id,
    title,
    group: groupOf(id),
    level,
    severity,
    state: excepted ? 'excepted' : answer.state,
    reason: excepted ? except : 'reason' in answer ? answer.reason : null,
    why,
    fix,
    findings: answer.state === 'failed' ? answer.findings : [],
    measures: 'measures' in answer ? (answer.measures ?? []) : [],
    ms,
    reproduce,
  };
}
