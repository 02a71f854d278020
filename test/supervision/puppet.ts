/** A process that crashes on command, in place of one with a plugin, for tests of the supervisor alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { TenonError } from '../../src/base/errors.js';
import type { Runner } from '../../src/supervision/runner.js';
import type { RunnerExit, RunnerHandlers } from '../../src/tiers/process/settings.js';
import type { InstanceEvents, MethodRef, TierBinding, TierInstance } from '../../src/tiers/tier.js';

/**
 * Reads `ID VERB TEXT`, answers `ID ok|no TEXT`. Each instance has a config. An answer has the generation,
 * the config and the input.
 */
const SCRIPT = `
generation=$1
while read -r id verb instance text; do
  case "$verb $text" in
    'new bad-later') if [ $generation -gt 1 ]; then echo "$id no new failed"; else echo "$id ok"; fi ;;
    'new crash-later') if [ $generation -gt 1 ]; then kill -ABRT $$; fi; echo "$id ok" ;;
    new*) eval "config_$instance=\\$text"; echo "$id ok" ;;
    'call segv') echo "about to crash" >&2; kill -SEGV $$ ;;
    'call exit') exit 0 ;;
    'call hang') sleep 60 ;;
    call*) eval "config=\\$config_$instance"; echo "$id ok $generation:$config:$text" ;;
  esac
done`;

const NEW = { method: 'new', number: 0, stage: 'new', inputSize: 0, inputDigest: null, message: null };

/** The ids of all started processes, for a check that they are gone. */
export const started: number[] = [];

export interface PuppetOptions {
  /** Called before the start succeeds or fails. */
  readonly beforeStart?: (generation: number) => Promise<void>;
  /** Called between the end of a process and its report. */
  readonly beforeExit?: () => Promise<void>;
}

export class Puppet implements Runner {
  static async start(
    generation: number,
    handlers: RunnerHandlers,
    options: PuppetOptions = {},
  ): Promise<Puppet> {
    await options.beforeStart?.(generation);
    const child = spawn('sh', ['-c', SCRIPT, 'puppet', String(generation)]);
    await once(child, 'spawn');
    return new Puppet(generation, child, handlers, options);
  }

  readonly generation: number;
  readonly pid: number;
  alive = true;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (answer: string | null) => void>();
  readonly #exited: Promise<RunnerExit>;
  readonly #since = performance.now();
  #stopping = false;
  #stderr = '';
  #numbers = 0;
  /** The number of instances that are being made. */
  #making = 0;
  #instances = 0;

  private constructor(
    generation: number,
    child: ChildProcess,
    handlers: RunnerHandlers,
    options: PuppetOptions,
  ) {
    this.generation = generation;
    this.#child = child;
    this.pid = child.pid ?? 0;
    started.push(this.pid);
    child.stdin?.on('error', () => undefined);
    if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => this.#answer(line));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      handlers.stderr(text.trimEnd());
    });
    this.#exited = once(child, 'close').then(async ([code, signal]) => {
      this.alive = false;
      for (const settle of this.#pending.values()) settle(null);
      await options.beforeExit?.();
      const report = this.#report(code as number | null, signal as NodeJS.Signals | null);
      handlers.exit(report);
      return report;
    });
  }

  async create(config: Uint8Array, events: InstanceEvents): Promise<TierInstance> {
    const number = ++this.#instances;
    this.#making += 1;
    await this.ask('new', number, Buffer.from(config).toString()).finally(() => {
      if (this.alive) this.#making -= 1;
    });
    events.log({ level: 'info', message: `made in generation ${this.generation}` });
    return new PuppetInstance(this, number);
  }

  createSync(): TierInstance {
    throw new TenonError('ERR_TENON_UNSUPPORTED', 'A puppet takes its time.');
  }

  stop(): Promise<RunnerExit> {
    this.#stopping = true;
    this.#child.stdin?.end();
    return this.#exited;
  }

  /** @throws TenonError ERR_TENON_CRASHED if the process ends before it has answered */
  async ask(verb: string, instance: number, text: string): Promise<string> {
    const id = ++this.#numbers;
    const answer = await new Promise<string | null>((resolve) => {
      if (!this.alive) return resolve(null);
      this.#pending.set(id, resolve);
      this.#child.stdin?.write(`${id} ${verb} ${instance} ${text}\n`);
    });
    this.#pending.delete(id);
    if (answer === null) throw new TenonError('ERR_TENON_CRASHED', 'The puppet is gone.');
    if (answer.startsWith('no')) throw new TenonError('ERR_TENON_NEW_FAILED', answer.slice(3));
    return answer.slice(3);
  }

  #answer(line: string): void {
    const [id = ''] = line.split(' ', 1);
    this.#pending.get(Number(id))?.(line.slice(id.length + 1));
  }

  #report(code: number | null, signal: NodeJS.Signals | null): RunnerExit {
    return {
      generation: this.generation,
      pid: this.pid,
      code,
      signal,
      reason: this.#stopping ? 'stopped' : signal === null ? 'exited' : 'crashed',
      problem: null,
      call: this.#making > 0 ? NEW : null,
      fault: null,
      stdout: '',
      stderr: this.#stderr,
      uptimeMs: performance.now() - this.#since,
      peakRss: null,
    };
  }
}

class PuppetInstance implements TierInstance {
  readonly #puppet: Puppet;
  readonly #number: number;

  constructor(puppet: Puppet, number: number) {
    this.#puppet = puppet;
    this.#number = number;
  }

  bind(method: MethodRef): TierBinding {
    if (method.kind !== null) throw new TenonError('ERR_TENON_MISSING_KIND', 'A puppet has one method.');
    const unsupported = () => {
      throw new TenonError('ERR_TENON_UNSUPPORTED', 'A puppet takes its time.');
    };
    return {
      blocking: false,
      call: async (input) =>
        Buffer.from(await this.#puppet.ask('call', this.#number, Buffer.from(input).toString())),
      callMany: unsupported,
      callSync: unsupported,
      callManySync: unsupported,
      record: unsupported,
      callRecord: unsupported,
      badResult: unsupported,
      frame: unsupported,
    };
  }

  methodCount(): number {
    return 1;
  }

  async present(): Promise<TierInstance> {
    return this;
  }

  presentSync(): TierInstance {
    return this;
  }

  ref(): void {}

  unref(): void {}

  close(): void {}
}
