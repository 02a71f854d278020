/**
 * The API of tenon: a host that loads plugins, the plugins, their instances and calls, and typed kinds.
 * @module
 */
export type { GateTime, ProbeMode } from './admission/admit.js';
export type { CheckLevel } from './admission/certificates.js';
export type { RequireCheckOptions } from './admission/requirement.js';
export type { TrustOptions } from './admission/trust.js';
export { ABI_VERSION, type LogLevel, Status, type StatusName } from './base/abi.js';
export { Batch, BatchResult, type LinesOptions } from './base/batch.js';
export { errorMeanings, TenonError, type TenonErrorCode, type TenonErrorDetails } from './base/errors.js';
export { GATES, type Gate } from './base/gates.js';
export { packageVersion } from './base/package.js';
export type { CallStats, LatencyStats } from './host/call-stats.js';
export type { Capabilities, Transport } from './host/capabilities.js';
export type { Config } from './host/config.js';
export { type Discovery, type HostStats, PluginHost } from './host/host.js';
export type { EventSource, HostEventMap } from './host/host-events.js';
export type { HostOptions, KindOptions } from './host/host-options.js';
export type { Instance, InstanceEventMap, LogEntry } from './host/instance.js';
export type { CrashInputOptions, LoadOptions, Profile } from './host/load-options.js';
export type { Manifest } from './host/manifest.js';
export type { CallTrace } from './host/observed.js';
export type { Plugin } from './host/plugin.js';
export type { PluginEventMap, PluginState, PluginStats } from './host/plugin-stats.js';
export type { PluginProcess } from './host/plugin-tier.js';
export type { ReloadedVersion, ReloadOptions, ReloadReport } from './host/reload-options.js';
export type {
  PluginWatch,
  PluginWatchEventMap,
  RemovedFile,
  WatchedFile,
  WatchOptions,
} from './host/watch.js';
export type { Descriptor, ExportedSymbol, KindFacts, LibraryFacts } from './inspect/facts.js';
export { inspectFileSync } from './inspect/index.js';
export type {
  CursorOptions,
  EventValue,
  KindApi,
  KindApiSync,
  PlainCall,
  RecordCall,
  RecordCallSync,
} from './kinds/api.js';
export {
  type BytesMethod,
  type CursorMethod,
  type CursorOf,
  cursor,
  defineKind,
  type Events,
  type Kind,
  type KindDefinition,
  type KindMethod,
  type MethodOptions,
  type Methods,
  method,
  type RecordMethod,
} from './kinds/kind.js';
export type { FieldType } from './kinds/layout.js';
export type { RecordResults } from './kinds/many.js';
export {
  type Documented,
  doc,
  type EnumOf,
  enumeration,
  type Fields,
  type FlagsOf,
  flags,
  type KindType,
  type ListOf,
  list,
  type MembersOptions,
  type NamedTypeOptions,
  type OptionOf,
  option,
  type RecordOf,
  record,
  type UnionOf,
  union,
} from './kinds/types.js';
export type { InputOf, OutputOf, RecordInput, RecordOutput } from './kinds/values.js';
export type { VersionPolicy } from './library/version.js';
export type {
  CrashReport,
  Frame,
  InlinedFrame,
  ReportedFault,
  Reproduction,
} from './supervision/crash-report.js';
export type { Demotion, Demotions } from './supervision/demotion.js';
export type { Quarantine, QuarantineEntry } from './supervision/quarantine.js';
export type { BackoffOptions, RestartOptions } from './supervision/restart.js';
export type { StateChange, SupervisorState } from './supervision/states.js';
export type { ProcessLimits } from './tiers/process/settings.js';
export type { Binding, CallOptions, Isolation, QueueLimits } from './tiers/tier.js';
