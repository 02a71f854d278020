/**
 * The process tier: one generation of a plugin's process. It is started once and ends once. The supervisor
 * decides what happens after a crash.
 *
 *     const runner = await RunnerProcess.start(settings, handlers);
 *     const instance = await runner.create(config, events);
 *     instance.bind(SOMETHING).callSync(bytes);
 *     const report = await runner.stop(1000);
 */

import { findRunner } from '../../addon/native-files.js';
import { AttentiveTimer } from '../../base/attention.js';
import { deferred } from '../../base/deferred.js';
import type { TenonError } from '../../base/errors.js';
import { textOf } from '../../base/text.js';
import type { CallOptions, InstanceEvents, TierInstance } from '../tier.js';
import type { Answer } from './channel.js';
import { enforcedOf } from './enforced.js';
import { Engine } from './engine.js';
import { closed, crashed, endedEarly, notStarted, refused, startedTooSlowly } from './errors.js';
import { createInstance, createInstanceSync } from './instance.js';
import { Operation } from './protocol.js';
import { callOf } from './report.js';
import type { RunnerExit, RunnerHandlers, RunnerSettings } from './settings.js';

export type {
  ProcessLimits,
  RunnerCall,
  RunnerExit,
  RunnerFault,
  RunnerHandlers,
  RunnerSettings,
} from './settings.js';

/** Milliseconds that this process, when it ends, waits for all its runners to drop their instances. */
const EXIT_MS = 250;
const NOTHING = new Uint8Array(0);
const SHUTDOWN = { operation: Operation.SHUTDOWN, instance: 0, method: 0, detail: 0 };

const running = new Set<RunnerProcess>();

/** Stops all runners, so that `drop` of each instance runs even if this process ends suddenly. */
function stopAll(): void {
  const end = performance.now() + EXIT_MS;
  for (const runner of running)
    RunnerProcess.endAtExit(runner, Math.max(1, Math.ceil(end - performance.now())));
}

/** A running process of a plugin. */
export class RunnerProcess {
  readonly pid: number;
  readonly generation: number;
  /** The limits and parts of the sandbox that are active. */
  readonly enforced: readonly string[];
  /** The requested measures that this system does not support. */
  readonly missing: readonly string[];
  readonly #engine: Engine;
  #stopped: Promise<RunnerExit> | undefined;

  private constructor(engine: Engine) {
    const { enforced, missing } = enforcedOf(engine.settings, engine.channel.facts()?.active ?? 0);
    engine.lifetime.child.hasPluginIn(engine.channel.facts()?.pid ?? 0);
    this.pid = engine.lifetime.pid;
    this.generation = engine.settings.generation;
    this.enforced = enforced;
    this.missing = missing;
    this.#engine = engine;
    // This cannot be read after a crash, so it is the minimum that is known then.
    engine.lifetime.child.samplePeak();
  }

  /**
   * Starts a process, in which the plugin passes its gates.
   * @throws TenonError the error of the gate that refused the plugin
   * @throws TenonError ERR_TENON_TIMEOUT, ERR_TENON_CRASHED
   * @throws TenonError ERR_TENON_NO_RESOURCES if the system currently lacks a resource for a process
   * @throws TenonError ERR_TENON_UNSUPPORTED if no process can be started
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

  /** Stops a runner, blocking. Only for the end of this process. */
  static endAtExit(runner: RunnerProcess, timeout: number): void {
    const { channel, lifetime } = runner.#engine;
    if (!lifetime.alive) return;
    lifetime.stopping = true;
    channel.request(SHUTDOWN, timeout, NOTHING);
    // Processes that the plugin started do not end with the runner.
    lifetime.child.kill();
  }

  get alive(): boolean {
    return this.#engine.lifetime.alive;
  }

  /**
   * Makes an instance.
   * @throws TenonError ERR_TENON_NEW_FAILED, ERR_TENON_PANIC, ERR_TENON_CONTRACT, ERR_TENON_TIMEOUT,
   *   ERR_TENON_CRASHED
   */
  create(config: Uint8Array, events: InstanceEvents, options?: CallOptions): Promise<TierInstance> {
    return createInstance(this.#engine, config, events, options);
  }

  /** Makes an instance, blocking. */
  createSync(config: Uint8Array, events: InstanceEvents): TierInstance {
    const { lifetime } = this.#engine;
    if (lifetime.exit !== undefined) throw crashed(this.#engine.site('new'), lifetime.exit);
    if (lifetime.stopping) throw closed(this.#engine.site('new'));
    return createInstanceSync(this.#engine, config, events);
  }

  /**
   * Waits for calls in flight, drops all instances and ends the process. Kills it when `graceMs` milliseconds
   * have passed.
   */
  stop(graceMs: number): Promise<RunnerExit> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  /** Kills the process and everything that it started. */
  kill(reason: 'timeout' | 'killed' | 'protocol'): void {
    this.#engine.lifetime.kill(reason);
  }

  async #stop(graceMs: number): Promise<RunnerExit> {
    const engine = this.#engine;
    const { lifetime } = engine;
    if (lifetime.finished) return engine.whenEnded;
    engine.hold(this);
    if (lifetime.alive) lifetime.child.samplePeak();
    lifetime.stopping = true;
    const timer = new AttentiveTimer(graceMs, () =>
      lifetime.kill(
        'killed',
        `its plugin was closed or restarted, and it did not end within ${graceMs} ms (grace)`,
      ),
    );
    engine
      .submit({
        site: engine.site('drop'),
        timeout: Number.POSITIVE_INFINITY,
        counts: false,
        batch: 0,
        size: 0,
        keep: () => undefined,
        send: (slot) => engine.channel.send(SHUTDOWN, slot, -1, NOTHING),
        take: () => undefined,
      })
      .catch(() => undefined);
    const exit = await lifetime.holdUntil(engine.whenEnded);
    timer.cancel();
    return exit;
  }
}

/** Starts the process and waits until it is ready. After any failure, everything is cleaned up. */
async function startEngine(settings: RunnerSettings, handlers: RunnerHandlers): Promise<Engine> {
  const { promise, resolve, reject } = deferred<Engine>();
  const engine = spawnEngine(settings, handlers, reject);
  const { lifetime } = engine;
  if (lifetime.child.pid === undefined) return promise;
  let refusal: TenonError | undefined;
  const timer = new AttentiveTimer(settings.startTimeout, () => {
    const stage = stageOf(engine);
    lifetime.kill('timeout');
    refusal = startedTooSlowly(settings, stage, lifetime.suspended);
  });
  const settle = (answer: Answer): void => {
    if (answer.operation === Operation.READY) {
      resolve(engine);
      return;
    }
    refusal = refused(settings, stageOf(engine) ?? 'open', textOf(answer.bytes)) ?? undefined;
    if (refusal === undefined) lifetime.breach();
    else lifetime.kill('killed');
  };
  const never = Number.POSITIVE_INFINITY;
  const slot = engine.requests.reserve({
    site: engine.site('start'),
    timeout: never,
    due: never,
    counts: false,
    firm: true,
    batch: 0,
    size: 0,
    slot: -1,
    order: -1,
    placed: false,
    over: false,
    send: () => 0,
    settle,
    // Its failure is that of the process, which is reported below.
    fail: () => undefined,
  });
  engine.whenEnded.then((exit) => reject(refusal ?? endedEarly(settings, exit)));
  try {
    engine.channel.started(lifetime.child.pid, slot, engine, lifetime.child.streams);
    return await promise;
  } catch (error) {
    if (!lifetime.finished) lifetime.kill('killed');
    await lifetime.holdUntil(engine.whenEnded);
    throw notStarted(settings, lifetime.program, error);
  } finally {
    timer.cancel();
  }
}

function spawnEngine(
  settings: RunnerSettings,
  handlers: RunnerHandlers,
  reject: (error: unknown) => void,
): Engine {
  const program = settings.program ?? findRunner() ?? 'tenon-runner';
  try {
    return new Engine(settings, handlers, (cause) => reject(notStarted(settings, program, cause)));
  } catch (error) {
    throw notStarted(settings, program, error);
  }
}

/** Returns the gate that the plugin has reached. */
function stageOf(engine: Engine): string | null {
  const facts = engine.channel.facts();
  return facts === undefined ? null : (callOf(facts, { methodName: () => undefined }, null)?.stage ?? null);
}
