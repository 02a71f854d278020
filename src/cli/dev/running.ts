/** The plugin that `tenon dev` runs: loaded once, then reloaded in the process tier. */
import { type Instance, type LoadOptions, type Plugin, PluginHost, type ReloadReport } from '../../index.js';
import type { Method } from '../method.js';
import { callOnce, readConfig, readInputs } from '../one-call.js';
import { count } from '../text.js';

/** The call that is made after each build. */
export interface RepeatedCall {
  readonly method: Method;
  readonly config: string | undefined;
  readonly input: string | undefined;
  readonly json: string | undefined;
  readonly timeout: number;
}

/** An answer, and how long the call took in milliseconds. */
export interface TimedAnswer {
  readonly bytes: Buffer;
  readonly ms: number;
}

export class Running {
  readonly #settings: RepeatedCall;
  readonly #print: (line: string) => void;
  readonly #host = new PluginHost();
  #plugin: Plugin | undefined;
  #instance: Instance | undefined;

  /** `print` receives what the plugin prints and logs. */
  constructor(settings: RepeatedCall, print: (line: string) => void) {
    this.#settings = settings;
    this.#print = print;
    this.#host.on('log', ({ plugin, level, message }) => print(`${plugin}: ${level}: ${message}`));
  }

  /** Loads the file, or reloads it. Returns what happened, for people. @throws TenonError if it was refused */
  async install(file: string): Promise<string> {
    if (this.#plugin?.manifest.source !== file || this.#plugin.state === 'failed') return this.#load(file);
    const report = await this.#plugin.reload();
    if (report.error !== undefined) throw report.error;
    return reloaded(this.#plugin.name, report);
  }

  /** Calls the plugin. The instance is the same for all calls, so that its state is seen. @throws TenonError, UsageError */
  async call(): Promise<TimedAnswer> {
    const plugin = this.#plugin;
    if (plugin === undefined) return { bytes: Buffer.alloc(0), ms: 0 };
    const { method, input, json } = this.#settings;
    const given = { method, inputs: await readInputs({ input, json }) };
    const parts: Uint8Array[] = [];
    const output = {
      write: (bytes: Uint8Array) => parts.push(bytes),
      line: (text: string) => parts.push(Buffer.from(`${text}\n`)),
    };
    this.#instance ??= await plugin.new(await readConfig(this.#settings.config));
    const instance = this.#instance;
    const begun = performance.now();
    await callOnce(plugin.manifest, given, () => Promise.resolve(instance), output);
    return { bytes: Buffer.concat(parts), ms: performance.now() - begun };
  }

  async close(): Promise<void> {
    await this.#host.close();
  }

  async #load(file: string): Promise<string> {
    await this.#plugin?.close();
    this.#plugin = undefined;
    this.#instance = undefined;
    const plugin = await this.#host.load(file, this.#options());
    for (const stream of ['stdout', 'stderr'] as const) plugin.on(stream, this.#print);
    this.#plugin = plugin;
    return `${plugin.name} ${plugin.manifest.version ?? 'without a version'}`;
  }

  /** A developer wants to see the new version, even if it crashes or loses the state. */
  #options(): LoadOptions {
    return {
      isolation: 'process',
      timeout: this.#settings.timeout,
      whenDown: 'wait',
      reload: { onState: 'discard', probation: 0, drain: 1000 },
    };
  }
}

function reloaded(name: string, { outcome, to, instances: { moved, fresh } }: ReloadReport): string {
  if (outcome === 'kept') return 'the file has the same bytes; the plugin goes on';
  const version = `${name} ${to?.version ?? ''}`.trimEnd();
  if (moved > 0) return `${version}, with the state of ${count(moved, 'instance')}`;
  return fresh > 0 ? `${version}, with a fresh instance` : version;
}
