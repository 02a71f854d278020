/** The listeners of typed events of an instance. Each is a listener of its messages. */
import { invalidArgument } from '../base/errors.js';
import { shown } from '../base/options.js';
import { eventReader } from '../kinds/event-reader.js';
import type { Kind } from '../kinds/kind.js';

/** The instance of the listeners. */
export interface MessageSource {
  readonly pluginName: string;
  on(event: 'message', listener: (message: Buffer) => void): unknown;
  off(event: 'message', listener: (message: Buffer) => void): unknown;
}

interface Entry {
  readonly kind: Kind;
  readonly event: string;
  readonly listener: (value: unknown) => void;
  readonly receive: (message: Buffer) => void;
}

/** The listeners of typed events of one instance. */
export class TypedListeners {
  #entries: readonly Entry[] = [];
  readonly #warned = new Set<string>();

  /** @throws TenonError ERR_TENON_INVALID_ARGUMENT */
  add(source: MessageSource, kind: Kind, event: string, listener: (value: unknown) => void): void {
    if (typeof listener !== 'function')
      throw invalidArgument('listener', `must be a function, not ${shown(listener)}`);
    const { pluginName } = source;
    const read = eventReader(kind, event, (problem) => this.#warn(pluginName, kind, event, problem));
    const receive = (message: Buffer): void => {
      const found = read(message);
      if (found !== undefined) listener(found.value);
    };
    this.#entries = [...this.#entries, { kind, event, listener, receive }];
    source.on('message', receive);
  }

  /** Removes the latest listener of that kind and event. */
  remove(source: MessageSource, kind: Kind, event: string, listener: (value: unknown) => void): void {
    const found = this.#entries.findLast(
      (one) => one.kind === kind && one.event === event && one.listener === listener,
    );
    if (found === undefined) return;
    this.#entries = this.#entries.filter((one) => one !== found);
    source.off('message', found.receive);
  }

  #warn(plugin: string, kind: Kind, event: string, problem: string): void {
    const name = `${kind.name}.${event}`;
    if (this.#warned.has(name)) return;
    this.#warned.add(name);
    const message = `Plugin ${plugin} emitted a malformed event ${name}: ${problem}. It is not delivered. Fix the plugin.`;
    process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_BAD_EVENT' });
  }
}
