/** The repository: the connectors that are defined, by name. */
import { TenonError } from '../base/errors.js';
import { didYouMean } from '../base/options.js';
import type { LoadOptions } from '../host/load-options.js';
import { type ConnectorDefinition, checkDefinition, type Definition } from './definitions.js';

/** The definitions of a {@link World}. */
export class Repository implements Iterable<ConnectorDefinition & { readonly name: string }> {
  readonly #definitions = new Map<string, Definition>();
  readonly #load: LoadOptions | undefined;

  /** `load` is for plugins whose definition has none. */
  constructor(load?: LoadOptions) {
    this.#load = load;
  }

  /** The names of all definitions. */
  get names(): string[] {
    return [...this.#definitions.keys()];
  }

  /** Returns whether there is a definition of that name. */
  has(name: string): boolean {
    return this.#definitions.has(name);
  }

  /** Iterates over the definitions in the order in which they were made. */
  [Symbol.iterator](): Iterator<ConnectorDefinition & { readonly name: string }> {
    return this.#definitions.values();
  }

  /**
   * Adds a definition, or replaces the one of that name. Flows that run keep the old one.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT; `argument` is the member
   */
  define(name: string, definition: ConnectorDefinition): void {
    const checked = checkDefinition(name, definition, this.#load);
    this.#definitions.set(checked.name, checked);
  }

  /** Returns a definition. @throws TenonError ERR_TENON_NOT_FOUND */
  require(name: string, flow: string): Definition {
    const found = this.#definitions.get(name);
    if (found !== undefined) return found;
    const { names } = this;
    const message = `Cannot deploy flow ${flow}: there is no connector '${name}' (defined: ${names.join(', ') || 'none'}).${didYouMean(name, names)} Define it with world.define.`;
    throw new TenonError('ERR_TENON_NOT_FOUND', message);
  }
}
