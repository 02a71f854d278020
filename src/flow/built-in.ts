/** The connectors in TypeScript that a definition names like plugins. */
import type { SinkClass, SourceClass } from './connector.js';
import { JetStreamSink } from './jetstream/sink.js';
import { JetStreamSource } from './jetstream/source.js';

export const BUILT_IN_SOURCES: ReadonlyMap<string, SourceClass> = new Map([['jetstream', JetStreamSource]]);
export const BUILT_IN_SINKS: ReadonlyMap<string, SinkClass> = new Map([['jetstream', JetStreamSink]]);
