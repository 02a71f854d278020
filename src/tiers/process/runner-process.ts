/**
 * The process tier: one generation of a plugin's process. It is started once and ends once; what comes after a crash is for
 * whoever supervises it.
 *
 *     const runner = await RunnerProcess.start(settings, handlers);
 *     const instance = await runner.create(config, events);
 *     instance.bind(SOMETHING).callSync(bytes);
 *     const report = await runner.stop(1000);
 */
import { TenonError } from '../../base/errors.js';
import type { CallOptions, InstanceEvents, TierInstance } from '../tier.js';
import { forceOf } from './enforced.js';
import { deferred, Engine } from './engine.js';
import { closed, crashed, endedEarly, notStarted, refused, startedTooSlowly } from './errors.js';
import { createInstance, createInstanceSync } from './instance.js';
import { Operation } from './protocol.js';
import { callOf } from './report.js';
import type { RunnerExit, RunnerHandlers, RunnerSettings } from './settings.js';
import type { Answer } from './shared-memory/channel.js';

export type {
  ProcessLimits,
  RunnerCall,
  RunnerExit,
  RunnerFault,
  RunnerHandlers,
  RunnerSettings,
} from './settings.js';

/** How long this process waits at its end for its runners to drop their instances, all together. */
const EXIT_MS = 250;
const NOTHING = new Uint8Array(0);
const SHUTDOWN = { operation: Operation.SHUTDOWN, instance: 0, method: 0, detail: 0 };

const running = new Set<RunnerProcess>();

/** `drop` of each instance runs, also when this process ends in the middle of its work. */
function stopAll(): void {
  const end = performance.now() + EXIT_MS;
  for (const runner of running)
    RunnerProcess.endAtExit(runner, Math.max(1, Math.ceil(end - performance.now())));
}

export class RunnerProcess {
  readonly pid: number;
  readonly generation: number;
  /** Limits and parts of the sandbox that are active. */
  readonly inForce: readonly string[];
  /** What was asked for, and is not available here. */
  readonly missing: readonly string[];
  readonly #engine: Engine;
  #stopped: Promise<RunnerExit> | undefined;

  private constructor(engine: Engine) {
    const { inForce, missing } = forceOf(engine.settings, engine.channel.facts()?.active ?? 0);
    engine.life.child.hasPluginIn(engine.channel.facts()?.pid ?? 0);
    this.pid = engine.life.pid;
    this.generation = engine.settings.generation;
    this.inForce = inForce;
    this.missing = missing;
    this.#engine = engine;
    // After a crash it is too late to ask: this is the least that is known then.
    engine.life.child.samplePeak();
  }

  /**
   * Starts a process and has the plugin pass its gates in there.
   * @throws TenonError of the gate that refused it; ERR_TENON_TIMEOUT, ERR_TENON_CRASHED; ERR_TENON_UNSUPPORTED if no process
   *   can be started
   */
  static async start(settings: RunnerSettings, handlers: RunnerHandlers): Promise<RunnerProcess> {
    const engine = await startEngine(settings, handlers);
    const runner = new RunnerProcess(engine);
    if (running.size === 0 && !process.listeners('exit').includes(stopAll)) process.on('exit', stopAll);
    running.add(runner);
    engine.whenEnded.then((exit) => {
      running.delete(runner);
      handlers.exit(exit);
    });
    return runner;
  }

  /** For the end of this process only. */
  static endAtExit(runner: RunnerProcess, timeout: number): void {
    const { channel, life } = runner.#engine;
    if (!life.alive) return;
    life.stopping = true;
    channel.request(SHUTDOWN, timeout, NOTHING);
    // What the plugin has started does not end with the runner.
    life.child.kill();
  }

  get alive(): boolean {
    return this.#engine.life.alive;
  }

  /** @throws TenonError ERR_TENON_NEW_FAILED, ERR_TENON_PANIC, ERR_TENON_CONTRACT, ERR_TENON_TIMEOUT, ERR_TENON_CRASHED */
  create(config: Uint8Array, events: InstanceEvents, options?: CallOptions): Promise<TierInstance> {
    return createInstance(this.#engine, config, events, options);
  }

  /** The same, blocking. */
  createSync(config: Uint8Array, events: InstanceEvents): TierInstance {
    const { life } = this.#engine;
    if (life.exit !== undefined) throw crashed(this.#engine.site('new'), life.exit);
    if (life.stopping) throw closed(this.#engine.site('new'));
    return createInstanceSync(this.#engine, config, events);
  }

  /** Lets calls that are on their way finish, drops all instances and ends the process: by force when `graceMs` have passed. */
  stop(graceMs: number): Promise<RunnerExit> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  /** Ends the process and everything that it has started, at once. */
  kill(reason: 'timeout' | 'killed' | 'protocol'): void {
    this.#engine.life.kill(reason);
  }

  async #stop(graceMs: number): Promise<RunnerExit> {
    const engine = this.#engine;
    const { life } = engine;
    if (life.finished) return engine.whenEnded;
    engine.hold(this);
    if (life.alive) life.child.samplePeak();
    life.stopping = true;
    const timer = setTimeout(() => life.kill('killed'), graceMs);
    engine
      .fly({
        site: engine.site('drop'),
        deadline: undefined,
        counts: false,
        batch: 0,
        keep: () => undefined,
        send: (slot) => engine.channel.send(SHUTDOWN, slot, -1, NOTHING),
        take: () => undefined,
      })
      .catch(() => undefined);
    const exit = await engine.whenEnded;
    clearTimeout(timer);
    return exit;
  }
}

/** Starts the process and waits until it is ready. Whatever goes wrong, nothing is left of it. */
async function startEngine(settings: RunnerSettings, handlers: RunnerHandlers): Promise<Engine> {
  const { promise, resolve, reject } = deferred<Engine>();
  const engine = spawnEngine(settings, handlers, reject);
  const { life } = engine;
  if (life.child.pid === undefined) return promise;
  let refusal: TenonError | undefined;
  const timer = setTimeout(() => {
    refusal = startedTooSlowly(settings, stageOf(engine));
    life.kill('timeout');
  }, settings.startDeadline);
  const settle = (answer: Answer): void => {
    if (answer.operation === Operation.READY) {
      resolve(engine);
      return;
    }
    refusal = refused(settings, stageOf(engine) ?? 'open', answer.bytes.toString()) ?? undefined;
    if (refusal === undefined) life.breach();
    else life.kill('killed');
  };
  const never = Number.POSITIVE_INFINITY;
  const slot = engine.flights.reserve({
    site: engine.site('start'),
    deadline: never,
    due: never,
    counts: false,
    batch: 0,
    send: () => 0,
    settle,
    // Its failure is that of the process, which is told below.
    fail: () => undefined,
  });
  engine.whenEnded.then((exit) => reject(refusal ?? endedEarly(settings, exit)));
  try {
    engine.channel.started(life.child.pid, slot, engine, life.child.streams);
    return await promise;
  } catch (error) {
    if (!life.finished) life.kill('killed');
    await engine.whenEnded;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function spawnEngine(
  settings: RunnerSettings,
  handlers: RunnerHandlers,
  reject: (error: unknown) => void,
): Engine {
  const program = settings.program ?? 'tenon-runner';
  try {
    return new Engine(settings, handlers, (cause) => reject(notStarted(settings, program, cause)));
  } catch (error) {
    if (error instanceof TenonError) throw error;
    throw notStarted(settings, program, error instanceof Error ? error : new Error(String(error)));
  }
}

/** At which gate the plugin is. */
function stageOf(engine: Engine): string | null {
  const facts = engine.channel.facts();
  return facts === undefined ? null : (callOf(facts, () => undefined)?.stage ?? null);
}
