/**
 * Captures the standard streams of a runner while a synchronous call waits and the event loop does not read
 * them.
 */
import { CapturedOutput, type Earlier } from './captured-output.js';
import { descriptorOf, type OutputStream, readAll } from './file.js';

/** The standard streams of one runner during synchronous calls. */
export class Prints {
  #streams: (OutputStream | undefined)[] = [];
  readonly #capturedOutput = [new CapturedOutput(), new CapturedOutput()] as const;

  watch(streams: readonly OutputStream[]): void {
    this.#streams = [...streams];
  }

  /** The files to wait for, without those that are at their end. */
  get files(): readonly number[] {
    const files = this.#streams.map((stream) => stream && descriptorOf(stream));
    return files.filter((file) => file !== undefined);
  }

  get isEmpty(): boolean {
    return this.#capturedOutput.every(({ isEmpty }) => isEmpty);
  }

  /** Reads what is available. */
  listen(): void {
    this.#streams.forEach((stream, i) => {
      const capturedOutput = this.#capturedOutput[i];
      if (stream === undefined || capturedOutput === undefined) return;
      if (!readAll(stream, (chunk) => capturedOutput.add(Buffer.from(chunk)))) this.#streams[i] = undefined;
    });
  }

  take(stream: 0 | 1): Earlier | null {
    return this.#capturedOutput[stream].take();
  }
}
