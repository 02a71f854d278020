/**
 * Flows of events between connectors: sources, stages and sinks, with acknowledgements, checkpoints and restarts.
 * @module
 */
export { type Broadcast, MessageBus } from './bus.js';
export {
  type ConnectorContext,
  failure,
  type SinkAnswer,
  type SinkClass,
  type SinkConnector,
  type SourceClass,
  type SourceConnector,
  type StageFunction,
} from './connector.js';
export type { Contra, ContraWhat, Credit, Promises } from './contra.js';
export type { DeadLetter } from './dead-letters.js';
export type { ConnectorDefinition, StageReference } from './definitions.js';
export { Flow, type FromOptions, flow, type PipeStage, type ToOptions } from './flow.js';
export { EventFrame, type FrameState, Mark, NOWHERE } from './frame.js';
export {
  emptyFrame,
  FrameBuilder,
  type FrameOptions,
  filterFrame,
  type RowOptions,
} from './frame-builder.js';
export type { Percentiles } from './histograms.js';
export type { JetStreamServer } from './jetstream/client.js';
export { JetStreamSink, type JetStreamSinkConfig } from './jetstream/sink.js';
export { JetStreamSource, type JetStreamSourceConfig } from './jetstream/source.js';
export { CODEC, MESSAGE, POSTPROCESSOR, PREPROCESSOR, SINK, SOURCE } from './kinds.js';
export type { LedgerCounts, Leftover } from './ledger.js';
export type { Blocker, FlowMetrics, FlowState, SinkMetrics } from './metrics.js';
export type { ReconnectOptions } from './pauses.js';
export { type PrometheusRegistry, registerFlowMetrics } from './prometheus.js';
export type { Registry } from './registry.js';
export type { Repository } from './repository.js';
export type { DrainOptions, RunningFlow } from './running-flow.js';
export type { SinkCounts } from './sink.js';
export type { Circuit } from './sink-connection.js';
export type { SourceState } from './source-manager.js';
export { World, type WorldOptions } from './world.js';
