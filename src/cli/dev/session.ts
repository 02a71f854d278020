/** The loop of `tenon dev`: build, reload, call, check, and wait for a change. */
import { debug } from '../../base/diagnostics.js';
import { check, onlyFailed, render } from '../../check/index.js';
import { TenonError } from '../../index.js';
import type { Io } from '../io.js';
import { bytes, count } from '../text.js';
import { UsageError } from '../usage.js';
import { answerLines, difference } from './answer.js';
import type { Project } from './build.js';
import { type RepeatedCall, Running } from './running.js';
import { Show, shownTime } from './show.js';
import { Sources } from './sources.js';

/** The options of a session. */
export interface SessionSettings {
  readonly project: Project;
  readonly call: RepeatedCall;
  /** Files besides the sources that matter: those of inputs and of the config. */
  readonly files: readonly string[];
  readonly checks: boolean;
}

export class Session {
  readonly #settings: SessionSettings;
  readonly #show: Show;
  readonly #io: Io;
  readonly #running: Running;
  readonly #sources: Sources;
  readonly #ended: AbortSignal;
  /** The work for the current sources. A change ends it. */
  #work = new AbortController();
  readonly #changed = new Set<string>();
  #wake: () => void = () => undefined;
  /** The time when the first of the changes was seen; at the beginning that of the start. */
  #since = performance.now();
  #answer: readonly string[] | undefined;

  /** `ended` ends the session. */
  constructor(settings: SessionSettings, io: Io, ended: AbortSignal) {
    const { project, call, files } = settings;
    this.#settings = settings;
    this.#io = io;
    this.#show = new Show(io, project.shown);
    this.#running = new Running(call, (line) => this.#show.plugin(line));
    this.#ended = ended;
    this.#sources = new Sources({ ...project, files }, (path) => this.#change(path));
    ended.addEventListener('abort', () => {
      this.#interrupt();
      // Ends a call that hangs, too.
      this.#running.close().catch((error) => debug('end of tenon dev: %s', error));
    });
  }

  /** Runs until the session is ended, and cleans up. */
  async run(): Promise<void> {
    try {
      while (!this.#ended.aborted) {
        const changed = [...this.#changed];
        this.#changed.clear();
        this.#work = new AbortController();
        this.#show.begin(changed);
        await this.#attempt(this.#work.signal);
        if (!this.#work.signal.aborted) await this.#nextChange();
      }
    } finally {
      this.#sources.close();
      await this.#running.close();
      this.#settings.project.close();
    }
  }

  #change(path: string): void {
    if (this.#changed.size === 0) this.#since = performance.now();
    this.#changed.add(path);
    this.#interrupt();
  }

  #interrupt(): void {
    this.#work.abort();
    this.#wake();
  }

  async #nextChange(): Promise<void> {
    this.#show.waiting();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#work.signal.aborted) resolve();
    });
  }

  /** Does the work, and shows why it failed. */
  async #attempt(signal: AbortSignal): Promise<void> {
    try {
      await this.#workOn(signal);
    } catch (error) {
      if (!(error instanceof TenonError || error instanceof UsageError)) throw error;
      if (this.#ended.aborted) return;
      this.#show.problem(
        'failed',
        error instanceof TenonError ? `${error.code}: ${error.message}` : error.message,
      );
    }
  }

  async #workOn(signal: AbortSignal): Promise<void> {
    const begun = performance.now();
    const file = await this.#settings.project.build(signal);
    if (signal.aborted) return;
    if (file === null) return this.#show.problem('failed', 'the build; the messages are above');
    this.#show.event('built', `in ${shownTime(performance.now() - begun)}`);
    this.#show.event('running', await this.#running.install(file));
    await this.#call();
    // The answer does not wait for the checks, because the plugin runs in a process of its own.
    if (this.#settings.checks && !signal.aborted) await this.#check(file, signal);
  }

  async #call(): Promise<void> {
    const answer = await this.#running.call();
    const { length } = answer.bytes;
    const after = `${shownTime(performance.now() - this.#since)} after the`;
    const lines = answerLines(answer.bytes);
    const before = this.#answer;
    this.#answer = lines;
    const changed = before === undefined ? lines : difference(before, lines);
    const same = before !== undefined && changed.length === 0 ? ', the same as before' : '';
    this.#show.event(
      'answer',
      `${bytes(length)} in ${shownTime(answer.ms)}${same}; ${after} ${before === undefined ? 'start' : 'change'}`,
    );
    this.#show.lines(changed);
  }

  async #check(file: string, signal: AbortSignal): Promise<void> {
    const { method: _method, config } = this.#settings.call;
    const pluginConfig = config === undefined || config.startsWith('@') ? {} : { pluginConfig: config };
    const onBuild = () => this.#show.event('check', 'building tenon-checker, once for this installation');
    const verdict = await check([file], {
      level: 'basic',
      failOn: 'warning',
      signal,
      onBuild,
      ...pluginConfig,
    });
    if (signal.aborted) return;
    const { outcome, tally, ms } = verdict;
    if (outcome === 'clean')
      return this.#show.event('check', `${count(tally.passed, 'check')} passed in ${shownTime(ms)}`);
    this.#show.problem('check', `${outcome}; 'tenon check --explain ID' explains one`);
    const { out } = this.#io;
    const text = render(onlyFailed(verdict), 'compact', { color: out.color });
    this.#show.lines(text.trimEnd().split('\n'));
  }
}
