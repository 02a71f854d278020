export { GATES, type Gate, type GateTime, type ProbeMode } from './admission/admit.js';
export type { CheckLevel } from './admission/check-records.js';
export type { RequireOptions } from './admission/requirement.js';
export type { TrustOptions } from './admission/trust.js';
export { ABI_VERSION, type LogLevel, Status, type StatusName } from './base/abi.js';
export { Batch, BatchResult, type LinesOptions } from './base/batch.js';
export { ErrorCode, TenonError, type TenonErrorCode, type TenonErrorDetails } from './base/errors.js';
export { packageVersion } from './base/package.js';
export type { Config } from './host/config.js';
export { type Capabilities, type Discovery, type HostOptions, PluginHost } from './host/host.js';
export { Instance, type InstanceEventMap, type LogEntry } from './host/instance.js';
export type { LoadOptions, Profile } from './host/load-options.js';
export type { Manifest } from './host/manifest.js';
export { Plugin, type PluginEventMap } from './host/plugin.js';
export type { PluginProcess } from './host/plugin-tier.js';
export type { Descriptor, ExportedSymbol, LibraryFacts } from './inspect/facts.js';
export { inspectFile } from './inspect/index.js';
export {
  type BytesMethod,
  defineKind,
  type Kind,
  type KindApi,
  type KindDefinition,
  type Methods,
  method,
  type RecordMethod,
} from './kinds/kind.js';
export type { Fields, FieldType } from './kinds/layout.js';
export type { VersionPolicy } from './library/version.js';
export { CrashReport } from './supervision/crash-report.js';
export type { QuarantineEntry } from './supervision/quarantine.js';
export type { BackoffOptions, RestartOptions } from './supervision/restart.js';
export type { ProcessLimits } from './tiers/process/settings.js';
export type { Binding, CallOptions, Isolation, QueueLimits } from './tiers/tier.js';
